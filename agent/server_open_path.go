package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// OpenPath is the path below an address of the media server that a proxy hands to the agent.
const OpenPath = "/latchkey/"

// OpenCheck is what the agent answers below [OpenPath] to the question whether it is there.
type OpenCheck struct {
	ServerID string `json:"latchkey_server_id"` // at the service; "" before the server is registered
}

// openCheckPath is where it answers so.
const openCheckPath = OpenPath + "check"

// Errors of [CheckOpenPath].
var (
	// ErrPathNotHanded means that something else than the agent answers: Jellyfin answers
	// 404, or leads to its web app.
	ErrPathNotHanded = errors.New("the proxy does not hand the path to the agent")
	// ErrPathNotAsked means that there was no answer from here. Some routers do not lead
	// back to an address of their own network.
	ErrPathNotAsked = errors.New("the address does not answer from here")
)

// CheckOpenPath asks at an address whether the path for browsers leads to an agent, and
// returns its server's id. It follows no redirect and looks at the answer itself, because
// Jellyfin redirects unknown paths to its web app. It returns [ErrPathNotHanded] or
// [ErrPathNotAsked].
func CheckOpenPath(ctx context.Context, with *http.Client, address string) (serverID string, err error) {
	const patience, most = 10 * time.Second, 4 << 10
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+openCheckPath, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("%w: it is no address", ErrPathNotAsked)
	}
	here := *with
	here.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := here.Do(request)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPathNotAsked, err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPathNotAsked, err)
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		return "", fmt.Errorf("%w: it answers %d", ErrPathNotAsked, answer.StatusCode)
	}
	var said struct {
		ServerID *string `json:"latchkey_server_id"`
	}
	if answer.StatusCode != http.StatusOK || json.Unmarshal(raw, &said) != nil || said.ServerID == nil {
		return "", fmt.Errorf("%w: it answers %d", ErrPathNotHanded, answer.StatusCode)
	}
	return *said.ServerID, nil
}

// paths holds the addresses below which the path leads to this agent.
type paths struct {
	mu sync.Mutex
	at map[string]bool
}

func (p *paths) set(address string, there bool) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed = p.at[address] != there
	p.at[address] = there
	return changed
}

func (p *paths) has(address string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[address]
}

// Check answers the question whether the agent is there.
func (o *Opens) Check(ctx context.Context) (OpenCheck, error) {
	id, err := fact(o.store.read(ctx), factServerID)
	return OpenCheck{ServerID: id}, o.explainFile(ctx, err)
}

// checkLoop finds out again and again where the path leads to this agent, until ctx ends.
func (o *Opens) checkLoop(ctx context.Context) {
	o.repeat(ctx, o.wake.opens, o.opt.ReportEvery, func() error { return o.checkAll(ctx) })
}

// checkAll asks at each address that the admin has named. An address that does not answer
// keeps what was known of it.
func (o *Opens) checkAll(ctx context.Context) error {
	own, err := o.Check(ctx)
	if err != nil {
		return err
	}
	changed := false
	for _, address := range o.opt.Addresses.Configured {
		id, err := CheckOpenPath(ctx, o.opt.OpenClient, address)
		if errors.Is(err, ErrPathNotAsked) {
			continue
		}
		if o.found.set(address, err == nil && id != "" && id == own.ServerID) {
			changed = true
			o.log.LogAttrs(ctx, slog.LevelInfo, "where Open signs people in has changed", slog.String("address", address), slog.Bool("signs_in", o.found.has(address)))
		}
	}
	if changed {
		o.wake.report.now()
	}
	return nil
}

// openAddresses returns those of the reported addresses at which Open signs people in.
func (o *Opens) openAddresses(reported []client.Address) (open []string) {
	for _, one := range reported {
		if o.opt.Addresses.Own || o.found.has(one.URL) {
			open = append(open, one.URL)
		}
	}
	return open
}

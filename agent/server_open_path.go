package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// OpenPath is the path below an address of the media server that a proxy hands to the agent.
const OpenPath = "/latchkey/"

// OpenCheck is the answer of the agent below [OpenPath] to the question whether the agent is there.
type OpenCheck struct {
	ServerID string `json:"latchkey_server_id"` // at the service; "" before the server is registered
}

// openCheckPath is the path at which the agent gives this answer.
const openCheckPath = OpenPath + "check"

// Errors of [CheckOpenPath]. They come as the kind of an [OpenPathError].
var (
	// ErrPathNotHanded means that something other than this agent answers: Jellyfin answers
	// 404, or leads to its web app.
	ErrPathNotHanded = errors.New("the proxy does not hand the path to the agent")
	// ErrPathNotAsked means that there was no answer from here. Some routers do not lead
	// back to an address of their own network.
	ErrPathNotAsked = errors.New("the address does not answer from here")
)

// OpenPathError says why a path does not lead to the agent.
type OpenPathError struct {
	Kind   error  // [ErrPathNotHanded] or [ErrPathNotAsked]
	Found  string // what is there: "it answers 404"
	Advice string // what the admin can do: "let the proxy hand …"
}

// Error implements error. The text begins with a small letter and has no full stop.
func (e *OpenPathError) Error() string { return e.Found + ": " + e.Advice }

// Unwrap returns the kind.
func (e *OpenPathError) Unwrap() error { return e.Kind }

const (
	adviceHand = "let the proxy hand " + OpenPath + " to the agent, below the base URL if there is one, and reload the proxy"
	adviceAway = "check the address and its name. If it works from outside, the router does not lead back to its own network: " +
		"write the name into the hosts file of this machine, with the local address of the proxy"
	adviceRuns = "the proxy does not reach the agent: check that the agent runs, and that the proxy passes the path to where the agent listens"
)

// CheckOpenPath asks at an address whether the path for browsers leads to an agent, and returns the
// id of the agent's server. It follows no redirect and looks at the answer itself, because Jellyfin
// redirects unknown paths to its web app. The parameter ownID is the id that the caller hopes for: an
// agent of several services answers with it if one of its servers has it. It returns an [OpenPathError].
func CheckOpenPath(ctx context.Context, with *http.Client, address, ownID string) (serverID string, err error) {
	const patience, most = 10 * time.Second, 4 << 10
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+openCheckPath+"?"+url.Values{"server": {ownID}}.Encode(), http.NoBody)
	if err != nil {
		return "", &OpenPathError{ErrPathNotAsked, "it is no address", "correct it"}
	}
	here := *with
	here.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := here.Do(request)
	if err != nil {
		return "", unasked(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return "", unasked(err)
	}
	if answer.StatusCode != http.StatusOK {
		return "", otherAnswer(answer)
	}
	var said struct {
		ServerID *string `json:"latchkey_server_id"`
	}
	if json.Unmarshal(raw, &said) != nil || said.ServerID == nil {
		return "", &OpenPathError{ErrPathNotHanded, "another program answers there, with a page of its own", adviceHand}
	}
	return *said.ServerID, nil
}

// unasked returns the error for an address that does not answer.
func unasked(err error) *OpenPathError {
	if advice := pathCertificateAdvice(err); advice != "" {
		return &OpenPathError{ErrPathNotAsked, "its certificate is not good", advice}
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the address, which the admin sees beside it
	}
	return &OpenPathError{ErrPathNotAsked, "it does not answer from here (" + readable(err.Error()) + ")", adviceAway}
}

// pathCertificateAdvice returns advice about the certificate of a media server's address, or "" for
// an error that is not about a certificate.
func pathCertificateAdvice(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "it comes from an authority that this machine does not trust, so browsers may refuse it, too: let the proxy get one from a public authority, " +
			"or add yours to those that this machine trusts"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "it is for another name: let the proxy get one for the name of this address"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "it has expired or is not valid yet: check the clock of this machine, and let the proxy renew it"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "this machine does not trust it: let the proxy get another one"
	}
	return ""
}

// otherAnswer returns the error for an answer that is not the agent's.
func otherAnswer(answer *http.Response) *OpenPathError {
	found := fmt.Sprintf("it answers %d", answer.StatusCode)
	switch status := answer.StatusCode; {
	case status >= http.StatusInternalServerError:
		return &OpenPathError{ErrPathNotAsked, found, adviceRuns}
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		if to := answer.Header.Get("Location"); to != "" {
			found = "it leads to " + readable(to) + ", as Jellyfin does for a path that it does not know"
		}
		return &OpenPathError{ErrPathNotHanded, found, adviceHand}
	case status == http.StatusNotFound:
		return &OpenPathError{ErrPathNotHanded, found + ", as Jellyfin does for a path that it does not know", adviceHand}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &OpenPathError{ErrPathNotHanded, found, "something asks for a sign-in before the agent: let the proxy pass " + OpenPath + " without one"}
	default:
		return &OpenPathError{ErrPathNotHanded, found, adviceHand}
	}
}

// OpenPathState tells whether Open signs people in at an address.
type OpenPathState struct {
	Address string
	Err     error // an [OpenPathError]; nil if Open signs people in
}

// CheckPaths asks at each address that the admin has named whether the path leads to this agent.
// The agent's own media server needs no such path, and beside Emby there is none, so CheckPaths asks
// nothing for them.
func (o *Opens) CheckPaths(ctx context.Context) ([]OpenPathState, error) {
	own, err := o.Check(ctx)
	if err != nil || o.opt.Addresses.Own || !o.opt.signsInBrowsers() {
		return nil, err
	}
	states := make([]OpenPathState, len(o.opt.Addresses.Configured))
	var all sync.WaitGroup
	for at, address := range o.opt.Addresses.Configured {
		all.Go(func() { states[at] = OpenPathState{address, o.checkPath(ctx, address, own.ServerID)} })
	}
	all.Wait()
	return states, nil
}

// checkPath asks at one address. It returns nil if the agent of the server with that id answers.
func (o *Opens) checkPath(ctx context.Context, address, ownID string) error {
	id, err := CheckOpenPath(ctx, o.opt.OpenClient, address, ownID)
	switch {
	case err != nil:
		return err
	case ownID == "":
		return &OpenPathError{ErrPathNotHanded, "an agent answers there, and this one is not registered yet", "register it first, with 'latchkey agent setup'"}
	case id != ownID:
		return &OpenPathError{
			ErrPathNotHanded, fmt.Sprintf("another agent answers there, that of server %q", readable(id)),
			"let the proxy hand " + OpenPath + " to this agent, or correct the address",
		}
	}
	return nil
}

// paths holds the addresses below which [OpenPath] leads to this agent.
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

// checkLoop finds out again and again at which addresses the path leads to this agent, until ctx
// ends.
func (o *Opens) checkLoop(ctx context.Context) {
	o.repeat(ctx, o.wake.opens, o.opt.ReportEvery, func() error { return o.checkAll(ctx) })
}

// checkAll asks at each address that the admin has named. If an address does not answer, the former
// result stays.
func (o *Opens) checkAll(ctx context.Context) error {
	states, err := o.CheckPaths(ctx)
	if err != nil {
		return err
	}
	changed := false
	for _, one := range states {
		if errors.Is(one.Err, ErrPathNotAsked) {
			continue
		}
		if o.found.set(one.Address, one.Err == nil) {
			changed = true
			o.log.LogAttrs(ctx, slog.LevelInfo, "where Open signs people in has changed", slog.String("address", one.Address), slog.Bool("signs_in", one.Err == nil))
		}
	}
	if changed {
		o.wake.report.now()
	}
	return nil
}

// openAddresses returns the reported addresses at which Open signs people in.
func (o *Opens) openAddresses(reported []client.Address) (open []string) {
	if !o.opt.signsInBrowsers() {
		return nil
	}
	for _, one := range reported {
		if o.opt.Addresses.Own || o.found.has(one.URL) {
			open = append(open, one.URL)
		}
	}
	return open
}

package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// LocalDevice describes a device to a media server.
type LocalDevice struct {
	Client  string // the app: "Den TV"
	Name    string // "Living room"
	ID      string // the same as in [DeviceAsk], so that tokens end when the person signs the device out
	Version string // of the app
}

// LocalToken is the access of one local user on one device to one media server.
type LocalToken struct {
	LocalUserID string `json:"LocalUserId"`
	AccessToken string `json:"AccessToken"` // a secret, for that media server alone
}

// Errors of [Servers.Reach] and [Servers.Exchange].
var (
	// ErrNotReached means that the server answers at none of its addresses now.
	ErrNotReached = errors.New("the media server was not reached")
	// ErrExchangeRefused means that the server does not accept the access key, or does
	// not accept it now. The list of servers may have a newer key.
	ErrExchangeRefused = errors.New("the media server refuses the access key")
)

// localAnswer is the longest answer of a media server that is read, in bytes.
const localAnswer = 64 << 10

// Reach tries the addresses of a server and returns the first in the list at which that
// server answers. Each try begins a moment after the one before it. When an address has
// answered, Reach waits at most one second for the addresses before it in the list: away from
// home, an address of the home network never answers. It returns [ErrNotReached] if the
// server answers nowhere.
func (s *Servers) Reach(ctx context.Context, server Server) (address string, err error) {
	const most = 32
	ctx, cancel := context.WithTimeout(ctx, s.core.timeout)
	defer cancel() // ends the tries that are no longer needed
	addresses := server.Addresses[:min(len(server.Addresses), most)]
	answers := make(chan reached, len(addresses))
	for place, one := range addresses {
		go func() { answers <- reached{place, s.core.isThereLater(ctx, place, one.URL, server.SystemID)} }()
	}
	if place := bestOf(answers, len(addresses)); place >= 0 {
		return addresses[place].URL, nil
	}
	return "", ErrNotReached
}

// reached is the result of one try: the position of the address in the list, and
// whether the server answered.
type reached struct {
	place int
	there bool
}

// bestOf returns the position of the first of n addresses that answers, or a number below 0
// if none answers. It stops early when an address has answered and the addresses before it
// have had their time.
func bestOf(answers <-chan reached, n int) int {
	const grace = time.Second
	best, ended := n, make([]bool, n)
	var late <-chan time.Time
	for !allOf(ended[:best]) {
		select {
		case <-late:
			return best
		case one := <-answers:
			ended[one.place] = true
			if !one.there {
				continue
			}
			best = min(best, one.place)
			if late == nil {
				late = time.After(grace)
			}
		}
	}
	if best == n {
		return -1
	}
	return best
}

func allOf(list []bool) bool { return !slices.Contains(list, false) }

// isThereLater calls isThere after the addresses before it in the list had their
// head start.
func (c *core) isThereLater(ctx context.Context, place int, address, systemID string) bool {
	const headStart = 150 * time.Millisecond
	select {
	case <-time.After(time.Duration(place) * headStart):
		return c.isThere(ctx, address, systemID)
	case <-ctx.Done():
		return false
	}
}

// isThere reports whether the server that answers at address calls itself
// systemID.
func (c *core) isThere(ctx context.Context, address, systemID string) bool {
	var info struct {
		ID string `json:"Id"`
	}
	status, err := c.local(ctx, strings.TrimRight(address, "/")+"/System/Info/Public", "", &info)
	return err == nil && status == http.StatusOK && systemID != "" && info.ID == systemID
}

// Exchange hands the access key of a server to that server, at an address that
// [Servers.Reach] returned, and returns the local access token. The parameter
// accountID is the account that is signed in on the device. A device may call it at
// each start, which ends its former token. It returns [ErrExchangeRefused], or an
// *Error with the time to wait if the server asks to try again later.
func (s *Servers) Exchange(ctx context.Context, address string, server Server, accountID ID, device LocalDevice) (LocalToken, error) {
	query := url.Values{"format": {"json"}, "ConnectUserId": {string(accountID)}}
	ctx, cancel := context.WithTimeout(ctx, s.core.timeout)
	defer cancel()
	var out LocalToken
	status, err := s.core.local(ctx, strings.TrimRight(address, "/")+"/Connect/Exchange?"+query.Encode(), device.header(server.AccessKey), &out)
	switch {
	case err != nil:
		return LocalToken{}, fmt.Errorf("exchange the access key: %w", err)
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound:
		return LocalToken{}, ErrExchangeRefused
	case status != http.StatusOK || out.AccessToken == "":
		return LocalToken{}, fmt.Errorf("exchange the access key: %w: status %d", ErrBadAnswer, status)
	default:
		return out, nil
	}
}

// header returns the authorization header that media servers like Emby read.
func (d LocalDevice) header(token string) string {
	pairs := [][2]string{{"Client", d.Client}, {"Device", d.Name}, {"DeviceId", d.ID}, {"Version", d.Version}, {"Token", token}}
	var b strings.Builder
	b.WriteString("MediaBrowser ")
	for i, pair := range pairs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(pair[0] + `="` + strings.ReplaceAll(url.QueryEscape(pair[1]), "+", "%20") + `"`) // some servers do not read "+" as a blank
	}
	return b.String()
}

// local sends a request to a media server and reads a successful answer into out.
// It never sends a token of the service.
func (c *core) local(ctx context.Context, address, authorization string, out any) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, errors.New("it cannot be addressed") // the cause would quote the address
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.agent)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, bare(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable {
		return response.StatusCode, &Error{Status: response.StatusCode, RetryAfter: retryAfter(response.Header)}
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, localAnswer)).Decode(out); err != nil {
		return 0, fmt.Errorf("%w: its JSON is not what it should be", ErrBadAnswer) // the cause would quote the answer
	}
	return response.StatusCode, nil
}

type askExchange struct {
	AccessKeySHA256 string `json:"access_key_sha256"` // the key itself stays here
	AccountID       ID     `json:"account_id,omitempty"`
	SessionID       ID     `json:"session_id,omitempty"`
}

type exchange struct {
	Link AgentLink `json:"link"`
}

func (e *exchange) whole() bool { return e.Link.whole() }

// Exchange checks an access key that a device showed, and returns its link. It sends
// only the SHA-256 of the key, so a service that is compromised never learns the key.
// The parameter accountID is the account that the device named, or "". The parameter
// sessionID is the session that the key names, see [AgentLink], or "" for the key of a link.
// A service that is older than this parameter refuses it with [ErrJSONInvalid]. Exchange
// returns [ErrAccessKeyWrong] for a key that is unknown, or whose session has ended, or whose
// link is pending, ended or disabled.
func (a *Agent) Exchange(ctx context.Context, accessKey string, accountID, sessionID ID) (AgentLink, error) {
	var out exchange
	sum := sha256.Sum256([]byte(accessKey))
	err := a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/exchanges", body: askExchange{hex.EncodeToString(sum[:]), accountID, sessionID},
		want: http.StatusOK, again: always,
	}, &out)
	return out.Link, err
}

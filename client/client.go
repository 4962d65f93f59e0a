// Package client speaks the JSON API of Latchkey, /api/v1.
//
// A [Client] holds the address of a service and at most one token, and never
// changes: [Client.As] returns another one with another token. Operations are
// grouped by what they are about; each takes a context first and makes one
// request, apart from repetitions.
//
// # Errors
//
// What the service answers is an [*Error], whose Code is stable: compare with
// errors.Is and the sentinels (errors.Is(err, client.ErrNotFound)), or switch on
// [CodeOf]. Only an answer that is a problem of the service's own has a code: the
// 404 of a proxy in between is no [ErrNotFound]. Every other error means that no
// answer arrived, or ([ErrBadAnswer]) one that is none of ours: it says nothing
// about what is or is not there. No error text holds a token, a password or a
// query.
//
// # Repetitions
//
// A request is repeated when no answer came, or 429, 502, 503 or 504, and when to
// send it twice does no harm: every GET; the report of an agent; most of DELETE,
// where a 404 that answers a repetition counts as done; the check of an access
// key and the acknowledgement of changes; and what makes an account, a server or
// an invite, by an Idempotency-Key that the client makes up. Nothing else is: of
// a sign-in, a PIN or a changed password the caller must hear. Between two tries
// the client waits as long as Retry-After says, at least a growing time that
// chance shortens; when Retry-After is longer than [WithRetries] allows it gives
// up at once, and the error tells the time.
package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ID names one thing of the service: decimal digits.
type ID string

// Client is the way to one service. It is safe for use by many goroutines. Make
// one with [New].
type Client struct {
	// Nobody has to be signed in for some of these; their comments say so.
	Accounts  *Accounts
	Emails    *Emails
	Passwords *Passwords
	PINs      *PINs
	Sessions  *Sessions
	Devices   *Devices
	// Servers are those that somebody may use, or runs.
	Servers *Servers
	Links   *Links
	People  *People
	Invites *Invites
	Proofs  *Proofs
	// QuickConnects sign a device in by the code of an app of the media server's own.
	QuickConnects *QuickConnects
	// Agent is for the program beside a media server: its token is a server key.
	Agent *Agent
	// Operators is for those who run the service.
	Operators *Operators

	core *core
}

// core sends requests.
type core struct {
	base     string // without a slash at the end
	http     *http.Client
	token    string
	agent    string
	language string
	plain    bool          // plain HTTP is fine
	tries    int           // of one request, at most
	patience time.Duration // the longest Retry-After to wait for
	timeout  time.Duration // of one try
	largest  int64         // answer, in bytes
	sleep    func(ctx context.Context, d time.Duration) error
	random   io.Reader
}

// Option changes a Client that is being made.
type Option func(*core)

// WithToken sends token, a session token or a server key, where one is needed.
func WithToken(token string) Option { return func(c *core) { c.token = token } }

// WithHTTPClient takes the transport of given. Its cookies, its rule for redirects
// and its timeout do not count: no cookie is ever kept and no redirect followed,
// and for the time there is [WithTimeout].
func WithHTTPClient(given *http.Client) Option {
	return func(c *core) { c.http.Transport = given.Transport }
}

// WithUserAgent names the program: "Den TV/1.4".
func WithUserAgent(agent string) Option { return func(c *core) { c.agent = agent } }

// WithLanguage asks for texts in a language: "de", or a whole Accept-Language.
func WithLanguage(language string) Option { return func(c *core) { c.language = language } }

// WithTimeout limits one try, from its first byte to the last of its answer; 30
// seconds without it. A long poll has the time that it waits on top.
func WithTimeout(d time.Duration) Option { return func(c *core) { c.timeout = d } }

// WithRetries sends a request that may be repeated up to tries times, and waits
// up to patience for the next try when the service asks for it. Without it: 4
// times and 30 seconds. One try means no repetition.
func WithRetries(tries int, patience time.Duration) Option {
	return func(c *core) { c.tries, c.patience = tries, patience }
}

// WithAnswerLimit refuses answers that are longer; 16 MiB without it.
func WithAnswerLimit(bytes int64) Option { return func(c *core) { c.largest = bytes } }

// WithPlainHTTP allows an http address that is not this machine's own. Whoever
// is on the way reads tokens and access keys then.
func WithPlainHTTP() Option { return func(c *core) { c.plain = true } }

// WithSleep waits by another clock. It must return the error of a context that
// is over.
func WithSleep(sleep func(ctx context.Context, d time.Duration) error) Option {
	return func(c *core) { c.sleep = sleep }
}

// WithRandom takes chance from elsewhere: for the keys that make repetitions
// safe, which nobody should guess, and for waits.
func WithRandom(random io.Reader) Option { return func(c *core) { c.random = random } }

// New returns a Client of the service at baseURL, its public address:
// "https://id.example.org".
func New(baseURL string, options ...Option) (*Client, error) {
	c := &core{
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
				MaxIdleConnsPerHost: 4, IdleConnTimeout: 50 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		agent: "latchkey-client/1", tries: 4, patience: 30 * time.Second, timeout: 30 * time.Second, largest: 16 << 20,
		sleep: sleep, random: rand.Reader,
	}
	for _, option := range options {
		option(c)
	}
	base, err := c.checkBase(baseURL)
	if err != nil {
		return nil, err
	}
	c.base = base
	if err := c.check(); err != nil {
		return nil, err
	}
	return clientOf(c), nil
}

// checkBase returns the address in the form that paths are added to. Its errors
// do not repeat it: it may hold a password.
func (c *core) checkBase(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("client: the address of the service must be http or https and name a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("client: the address of the service must have no user, query or fragment")
	case u.Scheme == "http" && !c.plain && !isOwn(u.Hostname()):
		return "", errors.New("client: the address of the service is plain http; see WithPlainHTTP")
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// isOwn reports whether host is this machine under a name that never leaves it.
func isOwn(host string) bool {
	return host == "localhost" || host == "::1" || host == "127.0.0.1"
}

// check refuses settings that could not work.
func (c *core) check() error {
	for name, text := range map[string]string{"token": c.token, "user agent": c.agent, "language": c.language} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("client: the %s holds characters that no header may have", name)
		}
	}
	if c.tries < 1 || c.timeout <= 0 || c.largest < 1 {
		return errors.New("client: tries, timeout and answer limit must be more than nothing")
	}
	return nil
}

func clientOf(c *core) *Client {
	return &Client{
		Accounts: &Accounts{c}, Emails: &Emails{c}, Passwords: &Passwords{c}, PINs: &PINs{c}, Sessions: &Sessions{c},
		Devices: &Devices{c}, Servers: &Servers{c}, Links: &Links{c}, People: &People{c}, Invites: &Invites{c}, Proofs: &Proofs{c},
		QuickConnects: &QuickConnects{c}, Agent: &Agent{c}, Operators: &Operators{c}, core: c,
	}
}

// As returns a Client like c that sends another token; "" for none. A token with
// characters that no token has is not sent at all.
func (c *Client) As(token string) *Client {
	other := *c.core
	if other.token = token; other.check() != nil {
		other.token = ""
	}
	return clientOf(&other)
}

// String names the service and never the token.
func (c *Client) String() string { return "client of " + c.core.base }

// GoString is what %#v shows.
func (c *Client) GoString() string { return c.String() }

// sleep waits until d is over or ctx is.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

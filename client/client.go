// Package client speaks the JSON API of Latchkey, /api/v1.
//
// A [Client] holds the address of a service and at most one token, and never changes: [Client.As]
// returns another Client with another token. Operations are grouped by their subject. Each takes a
// context first and makes one request, apart from repetitions.
//
// # Errors
//
// If the service refuses a request, the error is an [*Error] with a stable Code: compare it with
// errors.Is (errors.Is(err, client.ErrNotFound)), or switch on [CodeOf]. Only an answer that the
// service itself wrote has a code: the 404 of a proxy on the way does not become [ErrNotFound].
// Every other error means that no answer arrived, or that something other than the service answered
// ([ErrBadAnswer]); such an error does not tell whether a thing exists. No error text contains a
// token, a password or a query string.
//
// # Repetitions
//
// The client repeats a request if no answer came or the status was 429, 502, 503 or 504, and if
// sending the request twice does no harm. These requests are repeated: every GET; the report of an
// agent; most DELETE requests, where a 404 after a repetition means success; the check of an access
// key; the acknowledgement of changes; and the requests that make an account, a server or an
// invite, which carry an Idempotency-Key. All other requests fail at the first error, such as a
// sign-in or a new PIN or password: the caller must find out whether the request was carried out.
// Between two tries the client waits as long as Retry-After says, and at least for a time that
// grows with each try and is shortened at random. If Retry-After is longer than [WithRetries]
// allows, the client gives up at once, and the error contains that time.
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

// ID identifies one thing in the service. It consists of decimal digits.
type ID string

// Client sends requests to one service. Many goroutines may use it at once. Make
// one with [New].
type Client struct {
	// Some of these operations need no token; their comments say so.
	Accounts   *Accounts
	Emails     *Emails
	Passwords  *Passwords
	PINs       *PINs
	Sessions   *Sessions
	Households *Households
	Unlocks    *Unlocks
	Holds      *Holds

	Protections *Protections
	Devices     *Devices
	// Servers has the operations for the servers that a person may use or owns.
	Servers *Servers
	Links   *Links
	// Families is about the family of the account and the members that it looks after.
	Families *Families
	People   *People
	Roster   *Roster
	Invites  *Invites
	Proofs   *Proofs
	// Circles is about servers of several owners who let the same people in.
	Circles *Circles
	// QuickConnects signs a device in by the code that an app of the media server shows.
	QuickConnects *QuickConnects
	// LocalPasswords gives the person's local user on a server a password.
	LocalPasswords *LocalPasswords
	// Agent is for the program beside a media server. It needs a server key as token.
	Agent *Agent
	// Operators is for the people who run the service.
	Operators *Operators
	// Webhooks lets chats and programs hear what happens at the servers of an owner.
	Webhooks *Webhooks
	// OperatorWebhooks lets them hear what happens at the service.
	OperatorWebhooks *Webhooks

	core *core
}

// core sends requests.
type core struct {
	base     string // without a slash at the end
	http     *http.Client
	token    string
	agent    string
	language string
	plain    bool          // plain HTTP is allowed
	tries    int           // the largest number of tries for one request
	patience time.Duration // the longest Retry-After to wait for
	timeout  time.Duration // for one try
	largest  int64         // the largest answer, in bytes
	sleep    func(ctx context.Context, d time.Duration) error
	random   io.Reader
}

// Option sets how a new Client works.
type Option func(*core)

// WithToken sets the token, a session token or a server key. It is sent with the
// operations that need one.
func WithToken(token string) Option { return func(c *core) { c.token = token } }

// WithHTTPClient uses the transport of the given client, and nothing else of that client: the
// Client never keeps a cookie or follows a redirect, and [WithTimeout] sets its timeout.
func WithHTTPClient(given *http.Client) Option {
	return func(c *core) { c.http.Transport = given.Transport }
}

// WithUserAgent sets the User-Agent header, such as "Den TV/1.4".
func WithUserAgent(agent string) Option { return func(c *core) { c.agent = agent } }

// WithLanguage asks for texts in a language. It takes a tag such as "de" or a whole
// Accept-Language header.
func WithLanguage(language string) Option { return func(c *core) { c.language = language } }

// WithTimeout limits the time of one try, from the first byte of the request to the last byte of
// the answer. The default is 30 seconds. For a long poll, the time for which the service waits is
// added.
func WithTimeout(d time.Duration) Option { return func(c *core) { c.timeout = d } }

// WithRetries sets how often a request that may be repeated is sent, and the longest time that the
// client waits before the next try when the service asks for a wait. The defaults are 4 tries and
// 30 seconds. One try means no repetition.
func WithRetries(tries int, patience time.Duration) Option {
	return func(c *core) { c.tries, c.patience = tries, patience }
}

// WithAnswerLimit makes the Client refuse answers that are longer than this number of bytes. The
// default is 16 MiB.
func WithAnswerLimit(bytes int64) Option { return func(c *core) { c.largest = bytes } }

// WithPlainHTTP allows an http address of another machine. Everybody between the two machines can
// then read tokens and access keys.
func WithPlainHTTP() Option { return func(c *core) { c.plain = true } }

// WithSleep replaces the function by which the Client waits. If its context ends, the function must
// return the error of the context.
func WithSleep(sleep func(ctx context.Context, d time.Duration) error) Option {
	return func(c *core) { c.sleep = sleep }
}

// WithRandom sets the source of random bytes for idempotency keys and for waits.
// Nobody must be able to guess the keys.
func WithRandom(random io.Reader) Option { return func(c *core) { c.random = random } }

// New returns a Client for the service with the public address baseURL, such as
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

// checkBase returns the address without a slash at the end, so that a path can be appended. Its
// errors do not repeat the address, because the address may contain a password.
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

// isOwn reports whether host is a name of this machine that never leads elsewhere.
func isOwn(host string) bool {
	return host == "localhost" || host == "::1" || host == "127.0.0.1"
}

// check returns an error for settings that cannot work.
func (c *core) check() error {
	for name, text := range map[string]string{"token": c.token, "user agent": c.agent, "language": c.language} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("client: the %s holds characters that no header may have", name)
		}
	}
	if c.tries < 1 || c.timeout <= 0 || c.largest < 1 {
		return errors.New("client: tries, timeout and answer limit must be greater than zero")
	}
	return nil
}

func clientOf(c *core) *Client {
	return &Client{
		Accounts: &Accounts{c}, Emails: &Emails{c}, Passwords: &Passwords{c}, PINs: &PINs{c}, Sessions: &Sessions{c}, Households: &Households{c},
		Unlocks: &Unlocks{c}, Holds: &Holds{c}, Protections: &Protections{c},
		Devices: &Devices{c}, Servers: &Servers{c}, Links: &Links{c}, Families: &Families{c}, Circles: &Circles{c}, People: &People{c}, Roster: &Roster{c}, Invites: &Invites{c}, Proofs: &Proofs{c},
		QuickConnects: &QuickConnects{c}, LocalPasswords: &LocalPasswords{c}, Agent: &Agent{c}, Operators: &Operators{c},
		Webhooks: &Webhooks{c, "/api/v1/webhooks"}, OperatorWebhooks: &Webhooks{c, "/api/v1/operator/webhooks"}, core: c,
	}
}

// As returns a copy of c that sends another token. The copy sends no token if token is "" or has
// characters that cannot be part of a token.
func (c *Client) As(token string) *Client {
	other := *c.core
	if other.token = token; other.check() != nil {
		other.token = ""
	}
	return clientOf(&other)
}

// String returns the address of the service. It never contains the token.
func (c *Client) String() string { return "client of " + c.core.base }

// GoString returns the same text as String, so that the verb %#v does not show the token either.
func (c *Client) GoString() string { return c.String() }

// sleep waits until d has passed or ctx ends, and returns the error of ctx.
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

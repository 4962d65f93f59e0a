// Package mediacall makes calls to a media server over HTTP, and says in words what went wrong.
package mediacall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/printable"
)

const (
	requestTime = 15 * time.Second // for one request with its answer
	errorMax    = 4 << 10          // bytes that are read of an answer with an error status
)

// Options describe a media server. The zero values of Version, HTTP and DoneStatus are good.
type Options struct {
	Product    string // the name of the program, such as Jellyfin, for errors
	URL        string // the setting media-server-url, as people type it
	Version    string // of the agent, for the header User-Agent
	HTTP       *http.Client
	AnswerMax  int64 // the greatest size of an answer, in bytes
	DoneStatus int   // the status of an answer without a body; 0 for each status from 200 to 299
}

// Client makes calls to one media server. It is safe for use by many goroutines.
type Client struct {
	o    Options
	base *url.URL // without a slash at the end of its path
	http *http.Client
}

// New returns a client, without a request. An error says what is wrong with the address.
func New(o Options) (*Client, error) {
	base, err := parseURL(o.Product, o.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{o: o, base: base, http: &http.Client{Timeout: requestTime}}
	if o.HTTP != nil {
		c.http.Transport = o.HTTP.Transport
		if o.HTTP.Timeout > 0 {
			c.http.Timeout = o.HTTP.Timeout
		}
	}
	if c.http.Transport == nil {
		c.http.Transport = transport()
	}
	// A redirect could send the key to another server, and turns a POST into a GET.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Address returns the address of the media server, without a slash at its end.
func (c *Client) Address() string { return c.base.String() }

// parseURL reads the address of a media server as people type it. An error says what is wrong with it.
func parseURL(product, text string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSpace(text))
	wrong := ""
	switch {
	case err != nil:
		wrong = "is not an address"
	case base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		wrong = "must begin with http:// or https:// and name a host"
	case base.User != nil:
		wrong = "must not contain a name or password"
	case base.RawQuery != "":
		wrong = "must not contain a query"
	case base.Fragment != "" && !strings.HasPrefix(base.Fragment, "!"):
		wrong = "must not contain a fragment" // what Emby's web app writes there begins with an exclamation mark
	}
	if wrong != "" {
		return nil, errors.New(prefix(product) + "media-server-url " + wrong)
	}
	path := strings.TrimRight(base.Path, "/")
	// People copy these endings from the address line of the browser.
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/index.html"), "/web")
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}, nil
}

// transport returns a transport for a server nearby: without a proxy, with short timeouts.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// Call is one request.
type Call struct {
	Doing  string // for errors: "reading the local users"
	Method string
	Path   string // below the address, already escaped
	Query  url.Values
	Header http.Header // the headers with the key or token of the caller; nil for none
	Body   []byte      // JSON; nil for none
	Into   any         // receives the JSON of the answer; nil for an answer without a body
}

// Do makes a call and decodes its answer. Every error is a [*CallError].
func (c *Client) Do(ctx context.Context, one Call) error {
	target := c.Address() + one.Path
	if len(one.Query) > 0 {
		target += "?" + one.Query.Encode()
	}
	var body io.Reader = http.NoBody
	if one.Body != nil {
		body = bytes.NewReader(one.Body)
	}
	request, err := http.NewRequestWithContext(ctx, one.Method, target, body)
	if err != nil {
		return c.failure(one, "the request cannot be written", nil)
	}
	maps.Copy(request.Header, one.Header)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Latchkey/"+printable.ASCII(c.o.Version))
	if one.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return c.failure(one, why(err, c.o.Product), cause(err))
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		// Reading the rest lets the connection be used again.
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, errorMax))
		f := c.failure(one, c.refusal(answer, one.Path), nil)
		f.Status = answer.StatusCode
		return f
	}
	if failed := c.decode(answer, one); failed != nil {
		return failed
	}
	return nil
}

// decode reads the answer of a call with a good status. It returns nil, or what is wrong with the answer.
func (c *Client) decode(answer *http.Response, one Call) *CallError {
	other := c.failure(one, "its answer is not from "+c.o.Product+": check that media-server-url leads to "+c.o.Product+" itself, without a sign-in page before it", ErrAnswer)
	if one.Into == nil && c.o.DoneStatus != 0 && answer.StatusCode != c.o.DoneStatus {
		return other // another status does not mean that it was done
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, c.o.AnswerMax+1))
	switch {
	case err != nil:
		return c.failure(one, "its answer broke off or took too long", cause(err))
	case int64(len(raw)) > c.o.AnswerMax:
		return c.failure(one, fmt.Sprintf("its answer is larger than %d MiB, so that it is not from %s", c.o.AnswerMax>>20, c.o.Product), nil)
	}
	raw = bytes.TrimSpace(raw)
	if one.Into == nil {
		if len(raw) > 0 { // a page of a proxy does not mean that it was done
			return other
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return other
	}
	if !Present(raw) || json.Unmarshal(raw, one.Into) != nil {
		return c.failure(one, "its answer is not what "+c.o.Product+" answers", ErrAnswer)
	}
	return nil
}

// refusal returns in words what a status means, and what to do about it.
func (c *Client) refusal(answer *http.Response, path string) string {
	switch status := answer.StatusCode; {
	case status >= 300 && status <= 399:
		return "it redirects elsewhere: set media-server-url to " + redirected(answer, path)
	case status == http.StatusUnauthorized:
		return "it asks who this is (401)"
	case status == http.StatusNotFound:
		return "it does not know that (404)"
	case status == http.StatusTooManyRequests:
		return "it gets too many requests (429): a proxy before " + c.o.Product + " limits the agent"
	case status == http.StatusServiceUnavailable:
		return "it is starting or not available (503)"
	case status >= 500:
		return fmt.Sprintf("it failed (%d): see %s's own log", status, c.o.Product)
	default:
		return fmt.Sprintf("it refuses the request (%d)", status)
	}
}

// redirected returns the address to which a redirect leads, in a form that fits the setting
// media-server-url. If the redirect does not have the address, it returns words that stand for the
// address. The result has no query, because a query may contain a secret.
func redirected(answer *http.Response, path string) string {
	to, err := answer.Location()
	if err != nil || to.Host == "" || len(to.Host) > 128 {
		return "the address that it redirects to"
	}
	place := strings.TrimRight(to.Path, "/")
	switch {
	case strings.HasSuffix(strings.ToLower(place), strings.ToLower(path)):
		place = place[:len(place)-len(path)]
	case strings.Contains(place, "/web"):
		place = place[:strings.Index(place, "/web")]
	default:
		place = ""
	}
	if len(place) > 64 {
		place = ""
	}
	return printable.ASCII((&url.URL{Scheme: to.Scheme, Host: to.Host, Path: place}).String())
}

// Present reports whether JSON holds a value other than null.
func Present(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

// ID returns an id of a media server as 32 hex digits in lower case, or false if the id is not valid.
func ID(id string) (string, bool) {
	id = strings.ToLower(strings.ReplaceAll(id, "-", ""))
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || strings.Trim(id, "0") == "" {
		return "", false
	}
	return id, true
}

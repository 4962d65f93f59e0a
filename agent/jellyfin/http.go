package jellyfin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/printable"
	"github.com/latchkey-media/latchkey/internal/unanswered"
)

// call is one request.
type call struct {
	doing  string // for errors: "reading the local users"
	method string
	path   string // below the base, already escaped
	query  url.Values
	header string // value of Authorization; "" for none
	body   []byte // JSON; nil for none
	into   any    // receives the JSON of the answer; nil for an answer without a body
}

// failure is the error of a call that had no answer or an unexpected answer. Its text never
// quotes the request or the answer.
type failure struct {
	doing  string
	status int // of the answer; 0 without one
	why    string
	err    error
}

// prefix begins the text of every error of this package.
const prefix = "jellyfin: "

// Error returns what was done and why it failed.
func (f *failure) Error() string { return prefix + f.doing + ": " + f.why }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

// statusOf returns the status of the answer that caused an error, or 0.
func statusOf(err error) int {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	return 0
}

// admin makes a call with the key.
func (s *Server) admin(ctx context.Context, c call) error {
	c.header = s.key
	err := s.do(ctx, c)
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	switch f.status {
	case http.StatusUnauthorized:
		f.err, f.why = mediaserver.ErrKeyRefused, mediaserver.ErrKeyRefused.Error()+
			": make a new one in Jellyfin under Dashboard, API Keys, and run the setup of the agent again"
	case http.StatusForbidden:
		f.err, f.why = mediaserver.ErrNotAllowed, mediaserver.ErrNotAllowed.Error()
	}
	return err
}

// do makes a call and decodes its answer. Every error is a [*failure].
func (s *Server) do(ctx context.Context, c call) error {
	address := *s.base
	address.RawPath = ""
	target := address.String() + c.path
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	var body io.Reader = http.NoBody
	if c.body != nil {
		body = bytes.NewReader(c.body)
	}
	request, err := http.NewRequestWithContext(ctx, c.method, target, body)
	if err != nil {
		return &failure{doing: c.doing, why: "the request cannot be written"}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Latchkey/"+printable.ASCII(s.version))
	if c.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.header != "" {
		request.Header.Set("Authorization", c.header)
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return &failure{doing: c.doing, why: unanswered.Why(err, "Jellyfin"), err: unanswered.Cause(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		// Reading the rest lets the connection be used again.
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, errorMax))
		return &failure{doing: c.doing, status: answer.StatusCode, why: s.refusal(answer, c.path)}
	}
	return decode(answer, c)
}

// decode reads the answer of a call with a good status.
func decode(answer *http.Response, c call) error {
	if c.into == nil {
		if answer.StatusCode != http.StatusNoContent { // another status does not mean that it was done
			return &failure{doing: c.doing, why: notJellyfin, err: errAnswer}
		}
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, answerMax+1))
	switch {
	case err != nil:
		return &failure{doing: c.doing, why: "its answer broke off or took too long", err: unanswered.Cause(err)}
	case len(raw) > answerMax:
		return &failure{doing: c.doing, why: fmt.Sprintf("its answer is larger than %d MiB, so that it is not from Jellyfin", answerMax>>20)}
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &failure{doing: c.doing, why: notJellyfin, err: errAnswer}
	}
	if !present(bytes.TrimSpace(raw)) || json.Unmarshal(raw, c.into) != nil {
		return &failure{doing: c.doing, why: "its answer is not what Jellyfin answers", err: errAnswer}
	}
	return nil
}

const notJellyfin = "its answer is not from Jellyfin: check that media-server-url leads to Jellyfin itself, " +
	"without a sign-in page before it"

// errAnswer is the cause of a failure if the answer itself is wrong. It also replaces the
// errors of encoding/json, because those errors quote the answer.
var errAnswer = errors.New("the answer cannot be read")

// implausible returns the error of an answer that has the right form but cannot be true.
func implausible(doing, why string) error {
	return &failure{doing: doing, why: why, err: errAnswer}
}

// refusal returns in words what a status means, and what to do about it.
func (s *Server) refusal(answer *http.Response, path string) string {
	switch status := answer.StatusCode; {
	case status >= 300 && status <= 399:
		return "it redirects elsewhere: set media-server-url to " + s.redirected(answer, path)
	case status == http.StatusUnauthorized:
		return "it asks who this is (401)"
	case status == http.StatusNotFound:
		return "it does not know that (404)"
	case status == http.StatusTooManyRequests:
		return "it gets too many requests (429): a proxy before Jellyfin limits the agent"
	case status == http.StatusServiceUnavailable:
		return "it is starting or not available (503)"
	case status >= 500:
		return fmt.Sprintf("it failed (%d): see Jellyfin's own log", status)
	default:
		return fmt.Sprintf("it refuses the request (%d)", status)
	}
}

// redirected returns the address to which a redirect leads, in a form that fits the setting
// media-server-url. If the redirect does not have the address, it returns words
// that stand for the address. The result has no query, because a query may contain a secret.
func (s *Server) redirected(answer *http.Response, path string) string {
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

// present reports whether JSON holds a value other than null.
func present(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

package emby

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
	token  string // "" for none
	device string // value of X-Emby-Authorization; "" for none
	body   []byte // JSON; nil for none
	into   any    // receives the JSON of the answer; nil for an answer without a body
}

// failure is the error of a call that had no answer or an unexpected answer. Its text never quotes the
// request or the answer.
type failure struct {
	doing  string
	status int // of the answer; 0 without one
	why    string
	err    error
}

// prefix begins the text of every error of this package.
const prefix = "emby: "

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

// refused returns a failure whose text is the text of its cause, and a reason if there is one.
func refused(doing string, cause error, reason string) error {
	why := cause.Error()
	if reason != "" {
		why += ": " + reason
	}
	return &failure{doing: doing, err: cause, why: why}
}

// admin makes a call with the key.
func (s *Server) admin(ctx context.Context, c call) error {
	c.token = s.key
	err := s.do(ctx, c)
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	switch f.status {
	case http.StatusUnauthorized:
		f.err, f.why = mediaserver.ErrKeyRefused, mediaserver.ErrKeyRefused.Error()+
			": make a new one in Emby's dashboard under Advanced, API Keys, and run the setup of the agent again"
	case http.StatusForbidden:
		f.err, f.why = mediaserver.ErrNotAllowed, mediaserver.ErrNotAllowed.Error()
	}
	return err
}

// do makes a call and decodes its answer. Every error is a [*failure].
func (s *Server) do(ctx context.Context, c call) error {
	target := s.base.String() + c.path
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
	if c.token != "" {
		request.Header.Set("X-Emby-Token", c.token)
	}
	if c.device != "" {
		request.Header.Set("X-Emby-Authorization", c.device)
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return &failure{doing: c.doing, why: unanswered.Why(err, "Emby"), err: unanswered.Cause(err)}
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		// Reading the rest lets the connection be used again.
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, errorMax))
		return &failure{doing: c.doing, status: answer.StatusCode, why: refusal(answer.StatusCode)}
	}
	return decode(answer, c)
}

// decode reads the answer of a call with a good status.
func decode(answer *http.Response, c call) error {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, answerMax+1))
	switch {
	case err != nil:
		return &failure{doing: c.doing, why: "its answer broke off or took too long", err: unanswered.Cause(err)}
	case len(raw) > answerMax:
		return &failure{doing: c.doing, why: fmt.Sprintf("its answer is larger than %d MiB, so that it is not from Emby", answerMax>>20)}
	}
	raw = bytes.TrimSpace(raw)
	if c.into == nil {
		if len(raw) > 0 { // a page of a proxy does not mean that it was done
			return &failure{doing: c.doing, why: notEmby, err: errAnswer}
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &failure{doing: c.doing, why: notEmby, err: errAnswer}
	}
	if !present(raw) || json.Unmarshal(raw, c.into) != nil {
		return &failure{doing: c.doing, why: "its answer is not what Emby answers", err: errAnswer}
	}
	return nil
}

const notEmby = "its answer is not from Emby: check that media-server-url leads to Emby itself, without a sign-in page before it"

// errAnswer is the cause of a failure if the answer itself is wrong. It also replaces the errors of
// encoding/json, because those errors quote the answer.
var errAnswer = errors.New("the answer cannot be read")

// implausible returns the error of an answer that has the right form but cannot be true.
func implausible(doing, why string) error {
	return &failure{doing: doing, why: why, err: errAnswer}
}

// refusal returns in words what a status means.
func refusal(status int) string {
	switch {
	case status >= 300 && status <= 399:
		return "it redirects elsewhere: set media-server-url to the address that the browser shows in the end"
	case status == http.StatusUnauthorized:
		return "it asks who this is (401)"
	case status == http.StatusNotFound:
		return "it does not know that (404)"
	case status == http.StatusTooManyRequests:
		return "it gets too many requests (429): a proxy before Emby limits the agent"
	case status == http.StatusServiceUnavailable:
		return "it is starting or not available (503)"
	case status >= 500:
		return fmt.Sprintf("it failed (%d): see Emby's own log", status)
	default:
		return fmt.Sprintf("it refuses the request (%d)", status)
	}
}

// present reports whether JSON holds a value other than null.
func present(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

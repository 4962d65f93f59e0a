package captcha

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
)

// siteverify is the address to which go-recaptcha posts.
const siteverify = "https://www.google.com/recaptcha/api/siteverify"

// plainNo is the answer that go-recaptcha gets if anything is wrong. The reason reaches our code in another way.
const plainNo = `{"success":false}`

// installed puts the exchange below http.DefaultClient, once for the process, and returns it. All other requests through
// http.DefaultClient keep the transport, jar and timeout that it had.
//
//nolint:gochecknoglobals // go-recaptcha speaks through http.DefaultClient and nothing else: the one global that design.md §7 allows
var installed = sync.OnceValue(func() *exchange {
	client := *http.DefaultClient //nolint:forbidigo // see above
	e := &exchange{next: client.Transport, calls: map[string]call{}}
	if e.next == nil {
		e.next = http.DefaultTransport
	}
	client.Transport = e
	http.DefaultClient = &client //nolint:forbidigo // see above
	return e
})

// call takes the form that go-recaptcha posts and returns the JSON that go-recaptcha will read; nil means no.
type call func(form url.Values) []byte

// exchange is a transport that passes each request of go-recaptcha back to the call that caused it. So calls that run at
// the same time, with different secrets and addresses, do not mix.
type exchange struct {
	next  http.RoundTripper // for all other requests
	mu    sync.Mutex
	last  uint64
	calls map[string]call // by id
}

// begin registers c under a new id and returns the id. The id is valid until end is called.
func (e *exchange) begin(c call) (id string, end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last++
	id = "latchkey-call-" + strconv.FormatUint(e.last, 10)
	e.calls[id] = c
	return id, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.calls, id)
	}
}

// RoundTrip answers the requests of go-recaptcha, and passes all others on unchanged.
func (e *exchange) RoundTrip(request *http.Request) (*http.Response, error) {
	form := recaptchaForm(request)
	e.mu.Lock()
	c := e.calls[form.Get("remoteip")]
	e.mu.Unlock()
	if c == nil {
		return e.next.RoundTrip(request)
	}
	if err := request.Body.Close(); err != nil {
		return nil, err
	}
	text := c(form)
	if len(text) == 0 {
		text = []byte(plainNo)
	}
	return &http.Response{
		Status:        "200 OK",
		StatusCode:    http.StatusOK,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(text)),
		Body:          io.NopCloser(bytes.NewReader(text)),
		Request:       request,
	}, nil
}

// recaptchaForm returns the form of a request to siteverify without consuming its body. It returns nil for any other request.
func recaptchaForm(request *http.Request) url.Values {
	if request.Method != http.MethodPost || request.GetBody == nil || request.URL.String() != siteverify {
		return nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(io.LimitReader(body, 4*maxAnswer)) // every byte of an answer may become three when it is escaped
	if err != nil {
		return nil
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil
	}
	return form
}

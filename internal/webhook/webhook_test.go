package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/internal/webhook"
)

var (
	now    = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	public = netip.MustParseAddr("93.184.215.14")
	home   = netip.MustParseAddr("192.168.1.20")
)

// sent is a request that a receiver has got.
type sent struct {
	Method, Path string
	Header       http.Header
	Body         string
}

// receiver is a receiver with TLS, under the name example.com.
type receiver struct {
	*httptest.Server
	got []sent
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		r.got = append(r.got, sent{request.Method, request.URL.EscapedPath(), request.Header, string(body)})
		answer(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

// sender returns a sender whose every name is at a public address, and whose connections end at a receiver of the test. It
// notes where it was sent.
func sender(r *httptest.Server, dialled *[]netip.AddrPort) *webhook.Sender {
	roots := x509.NewCertPool()
	if r.Certificate() != nil {
		roots.AddCert(r.Certificate())
	}
	return &webhook.Sender{
		Resolve: func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{public}, nil },
		Dial: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			*dialled = append(*dialled, to)
			return (&net.Dialer{}).DialContext(ctx, "tcp", r.Listener.Addr().String())
		},
		May:     func(_ context.Context, address netip.Addr) bool { return address == public },
		Trusted: func(address netip.Addr) bool { return address == home },
		Roots:   roots, Now: func() time.Time { return now }, Patience: waittest.Patience,
	}
}

func message() webhook.Message {
	return webhook.Message{
		ID: "msg_17", At: now.Add(-time.Minute), Type: "link.accepted", Data: json.RawMessage(`{"server":{"id":"3","name":"Den"}}`),
		Title: "Latchkey", Text: "*Ada* [x](http://evil.example) is now linked to Den.",
	}
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "thanks") }

// The signature is checked by code that shares nothing with ours, as docs/webhooks.md describes it.
func TestSignature(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, ok)
	var dialled []netip.AddrPort
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	to := webhook.Target{Form: webhook.Signed, Address: "https://example.com/hooks?room=1", Secret: webhook.ReadSecret(secret)}
	answer := sender(r.Server, &dialled).Send(t.Context(), to, message())
	if answer != (webhook.Answer{Status: 200, Text: "thanks"}) || len(r.got) != 1 {
		t.Fatalf("got %+v after %d requests, want it delivered by one", answer, len(r.got))
	}
	got := r.got[0]
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(got.Header.Get("webhook-id") + "." + got.Header.Get("webhook-timestamp") + "." + got.Body))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); got.Header.Get("webhook-signature") != want {
		t.Errorf("the signature is %q, want %q", got.Header.Get("webhook-signature"), want)
	}
	if got.Header.Get("webhook-id") != "msg_17" || got.Header.Get("webhook-timestamp") != fmt.Sprint(now.Unix()) {
		t.Errorf("the headers are %v, want the id and the time", got.Header)
	}
	if want := `{"type":"link.accepted","timestamp":"2026-11-30T11:59:00Z","data":{"server":{"id":"3","name":"Den"}}}`; got.Body != want {
		t.Errorf("the body is %s, want %s", got.Body, want)
	}
}

// The example of the specification of Standard Webhooks.
func TestSignIsStandard(t *testing.T) {
	t.Parallel()
	got := webhook.Sign(webhook.ReadSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signed as %s, want %s", got, want)
	}
	for _, wrong := range []string{"", "whsec_*", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if key := webhook.ReadSecret(wrong); key != nil {
			t.Errorf("%q is the key %x, want none", wrong, key)
		}
	}
}

// Each form is what its receiver documents.
func TestForms(t *testing.T) {
	t.Parallel()
	for form, test := range map[string]struct {
		to           webhook.Target
		method, path string
		header       string // the name of the header with the token
		token        string
		body         string
	}{
		webhook.Ntfy: {
			webhook.Target{Address: "https://example.com/push/den", Token: "tk_1"},
			"POST", "/push", "Authorization", "Bearer tk_1",
			`{"message":"*Ada* [x](http://evil.example) is now linked to Den.","title":"Latchkey","topic":"den"}`,
		},
		webhook.Gotify: {
			webhook.Target{Address: "https://example.com/gotify", Token: "A1"},
			"POST", "/gotify/message", "X-Gotify-Key", "A1",
			`{"message":"*Ada* [x](http://evil.example) is now linked to Den.","title":"Latchkey"}`,
		},
		webhook.Discord: {
			webhook.Target{Address: "https://example.com/api/webhooks/1/abc"},
			"POST", "/api/webhooks/1/abc", "Authorization", "",
			`{"allowed_mentions":{"parse":[]},"content":"\\*Ada\\* \\[x\\]\\(http\\://evil\\.example\\) is now linked to Den\\.","flags":4}`,
		},
		webhook.Matrix: {
			webhook.Target{Address: "https://example.com", Room: "!a/b:example.com", Token: "syt_1"},
			"PUT",
			"/_matrix/client/v3/rooms/%21a%2Fb:example.com/send/m.room.message/msg_17", "Authorization", "Bearer syt_1",
			`{"body":"*Ada* [x](http://evil.example) is now linked to Den.","msgtype":"m.notice"}`,
		},
		webhook.Telegram: {
			webhook.Target{Address: "https://example.com", Room: "-1001", Token: "123:abc"},
			"POST", "/bot123:abc/sendMessage", "Authorization", "",
			`{"chat_id":"-1001","link_preview_options":{"is_disabled":true},"text":"*Ada* [x](http://evil.example) is now linked to Den."}`,
		},
	} {
		r := newReceiver(t, ok)
		var dialled []netip.AddrPort
		test.to.Form = form
		answer := sender(r.Server, &dialled).Send(t.Context(), test.to, message())
		if answer.Reason != "" || len(r.got) != 1 {
			t.Errorf("%s: %+v and %d requests, want it delivered", form, answer, len(r.got))
			continue
		}
		got := r.got[0]
		if got.Method != test.method || got.Path != test.path || got.Header.Get(test.header) != test.token || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %s %s with the header %s %q, want %s %s with %q", form, got.Method, got.Path, test.header, got.Header.Get(test.header), test.method, test.path, test.token)
		}
		if diff := cmp.Diff(test.body, got.Body); diff != "" {
			t.Errorf("%s: body (-want +got):\n%s", form, diff)
		}
		if got.Header.Get("Webhook-Signature") != "" {
			t.Errorf("%s: it has a signature, want none", form)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	status := func(code int, text string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   webhook.Answer
	}{
		"nothing to say":     {status(204, ""), webhook.Answer{Status: 204}},
		"gone":               {status(410, "no"), webhook.Answer{Reason: webhook.Refused, Status: 410, Text: "no"}},
		"not found":          {status(404, "<b>none</b>"), webhook.Answer{Reason: webhook.Refused, Status: 404, Text: "<b>none</b>"}},
		"too many":           {status(429, "", "Retry-After", "90"), webhook.Answer{Reason: webhook.Refused, Status: 429, After: 90 * time.Second}},
		"too many, by date":  {status(503, "", "Retry-After", now.Add(time.Minute).Format(http.TimeFormat)), webhook.Answer{Reason: webhook.Refused, Status: 503, After: time.Minute}},
		"Telegram's way":     {status(429, `{"parameters":{"retry_after":5}}`), webhook.Answer{Reason: webhook.Refused, Status: 429, After: 5 * time.Second, Text: `{"parameters":{"retry_after":5}}`}},
		"Discord's way":      {status(429, `{"retry_after":0.5}`), webhook.Answer{Reason: webhook.Refused, Status: 429, After: 500 * time.Millisecond, Text: `{"retry_after":0.5}`}},
		"Matrix's way":       {status(429, `{"retry_after_ms":2000}`), webhook.Answer{Reason: webhook.Refused, Status: 429, After: 2 * time.Second, Text: `{"retry_after_ms":2000}`}},
		"a mad wait":         {status(429, "", "Retry-After", "1e300"), webhook.Answer{Reason: webhook.Refused, Status: 429}},
		"a redirect":         {status(307, "", "Location", "https://127.0.0.1/"), webhook.Answer{Reason: webhook.Redirected, Status: 307}},
		"our secrets":        {status(400, "no such bot: 123:abc"), webhook.Answer{Reason: webhook.Refused, Status: 400, Text: "no such bot: …"}},
		"an endless answer":  {endless, webhook.Answer{Status: 200, Text: strings.Repeat("x", 199) + "…"}},
		"a header too large": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, webhook.Answer{Reason: webhook.NoAnswer}},
	} {
		r := newReceiver(t, test.answer)
		var dialled []netip.AddrPort
		to := webhook.Target{Form: webhook.Telegram, Address: "https://example.com:8443", Room: "1", Token: "123:abc"}
		if got := sender(r.Server, &dialled).Send(t.Context(), to, message()); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if len(r.got) != 1 || len(dialled) != 1 || dialled[0] != netip.AddrPortFrom(public, 8443) {
			t.Errorf("%s: %d requests and connections to %v, want one: no redirect is followed", name, len(r.got), dialled)
		}
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
			return
		}
	}
}

// Names that lead into the network around the service look like names that nobody knows; a name is resolved once.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	private := netip.MustParseAddr("10.0.0.7")
	for name, test := range map[string]struct {
		address string
		leads   []netip.Addr
		reason  string
		dialled []netip.Addr
	}{
		"a private name":             {"https://nas.example.com/", []netip.Addr{private}, webhook.NameUnknown, nil},
		"a private address":          {"https://10.0.0.7/", nil, webhook.NameUnknown, nil},
		"this machine":               {"https://[::1]:8443/", nil, webhook.NameUnknown, nil},
		"IPv4 in IPv6":               {"https://[::ffff:93.184.215.14]/", nil, webhook.NameUnknown, nil},
		"both":                       {"https://example.com/", []netip.Addr{private, public}, "", []netip.Addr{public}},
		"http in the internet":       {"http://example.com/", []netip.Addr{public}, webhook.HTTPSWanted, nil},
		"https in a named network":   {"https://example.com/", []netip.Addr{home}, "", []netip.Addr{home}},
		"http where both are at one": {"http://example.com/", []netip.Addr{public, private}, webhook.HTTPSWanted, nil},
	} {
		r := newReceiver(t, ok)
		var dialled []netip.AddrPort
		s := sender(r.Server, &dialled)
		var asked atomic.Int32
		s.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
			if asked.Add(1) > 1 {
				return []netip.Addr{private}, nil // a name that leads elsewhere at the second resolution
			}
			if !strings.HasSuffix(host, ".com.") {
				t.Errorf("%s: resolved %q, want the name with a dot at its end", name, host)
			}
			return test.leads, nil
		}
		got := s.Send(t.Context(), webhook.Target{Form: webhook.Signed, Address: test.address}, message())
		if got.Reason != test.reason {
			t.Errorf("%s: %+v, want the reason %q", name, got, test.reason)
		}
		var at []netip.Addr
		for _, one := range dialled {
			at = append(at, one.Addr())
		}
		if diff := cmp.Diff(test.dialled, at, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s: connections (-want +got):\n%s", name, diff)
		}
	}
}

// In a network that the operator has named, http is enough.
func TestPlainAtHome(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(ok))
	defer plain.Close()
	var dialled []netip.AddrPort
	s := sender(plain, &dialled)
	got := s.Send(t.Context(), webhook.Target{Form: webhook.Gotify, Address: "http://192.168.1.20:8080", Token: "A1"}, message())
	if got.Reason != "" || len(dialled) != 1 || dialled[0] != netip.AddrPortFrom(home, 8080) {
		t.Errorf("%+v and connections to %v, want it delivered at home", got, dialled)
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, ok)
	var dialled []netip.AddrPort
	to := webhook.Target{Form: webhook.Signed, Address: "https://example.com/hidden"}
	s := sender(r.Server, &dialled)
	s.Roots = x509.NewCertPool()
	if got := s.Send(t.Context(), to, message()); got != (webhook.Answer{Reason: webhook.Certificate}) {
		t.Errorf("a certificate of nobody: %+v, want the certificate as the reason", got)
	}
	s = sender(r.Server, &dialled)
	s.Dial = func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, io.ErrClosedPipe }
	if got := s.Send(t.Context(), to, message()); got != (webhook.Answer{Reason: webhook.NoAnswer}) {
		t.Errorf("no connection: %+v, want no answer as the reason", got)
	}
	to.Address = "https://exa mple.com/%zz"
	if got := s.Send(t.Context(), to, message()); got != (webhook.Answer{Reason: webhook.Unreadable}) {
		t.Errorf("no address: %+v, want unreadable as the reason", got)
	}
}

// A receiver that sends a byte now and then is left when the patience ends.
func TestSlowReceiver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		left := make(chan struct{})
		go func() {
			defer close(left)
			go func() { _, _ = io.Copy(io.Discard, there) }()
			for _, one := range "HTTP/1.1 200 OK\r\nX-Slow: " + strings.Repeat("x", 1000) {
				time.Sleep(time.Second)
				if _, err := there.Write([]byte(string(one))); err != nil {
					return
				}
			}
		}()
		s := &webhook.Sender{
			Dial:    func(context.Context, netip.AddrPort) (net.Conn, error) { return here, nil },
			May:     func(context.Context, netip.Addr) bool { return true },
			Trusted: func(netip.Addr) bool { return true },
			Now:     time.Now, Patience: 10 * time.Second,
		}
		began := time.Now()
		got := s.Send(t.Context(), webhook.Target{Form: webhook.Signed, Address: "http://192.168.1.20/"}, message())
		if got.Reason != webhook.TooSlow || time.Since(began) != s.Patience {
			t.Errorf("%+v after %v, want too slow after %v", got, time.Since(began), s.Patience)
		}
		<-left
		_ = there.Close()
	})
}

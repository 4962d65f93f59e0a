// Package captchatest helps to test captchas. It has a fake of Google's siteverify, a memory of used answers, and a solver of
// proofs of work.
package captchatest

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Mode names a way in which the fake Siteverify answers.
type Mode string

// The values of [Mode].
const (
	OK          Mode = "ok"           // yes, also to a token that was used
	Refused     Mode = "refused"      // no: invalid-input-response
	Replayed    Mode = "replayed"     // no: timeout-or-duplicate
	BadSecret   Mode = "bad secret"   // no: invalid-input-secret
	OtherHost   Mode = "other host"   // yes, but solved on another site
	Old         Mode = "old"          // yes, but solved four minutes ago
	Future      Mode = "future"       // yes, but solved in four minutes
	Hang        Mode = "hang"         // no answer until the caller leaves
	Drip        Mode = "drip"         // headers at once, and then no body
	Broken      Mode = "500"          // 500 with a yes in it
	Redirect    Mode = "redirect"     // 307 to itself
	HTML        Mode = "html"         // 200 with a page
	Huge        Mode = "10 MB"        // a yes followed by 10 MB of blanks
	Reset       Mode = "reset"        // the connection is reset
	Cut         Mode = "cut"          // the connection ends amid the body
	EmptyObject Mode = "empty object" // {}
)

// Asked is one request that arrived.
type Asked struct{ Secret, Response, RemoteIP string }

// Siteverify is a fake of Google's service on a loopback port. It answers in the mode OK until Set
// names another one.
type Siteverify struct {
	hostname string
	now      func() time.Time
	server   *httptest.Server

	mu    sync.Mutex
	mode  Mode
	asked []Asked
}

// NewSiteverify starts a fake for the site hostname. It reads the time from the function now, and stops when
// the test ends.
func NewSiteverify(t testing.TB, hostname string, now func() time.Time) *Siteverify {
	t.Helper()
	s := &Siteverify{hostname: hostname, now: now, mode: OK}
	s.server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
	})
	return s
}

// Address returns the address of the fake, for captcha.RecaptchaOptions.Address.
func (s *Siteverify) Address() string { return s.server.URL + "/recaptcha/api/siteverify" }

// Set changes the way in which the fake answers.
func (s *Siteverify) Set(mode Mode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

// Asked returns the requests so far.
func (s *Siteverify) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Asked(nil), s.asked...)
}

// ServeHTTP answers a request in the mode that is set.
func (s *Siteverify) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		http.Error(w, "post a form", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	mode := s.mode
	s.asked = append(s.asked, Asked{r.PostForm.Get("secret"), r.PostForm.Get("response"), r.PostForm.Get("remoteip")})
	s.mu.Unlock()

	yes := s.yes(s.hostname, 0)
	switch mode {
	case OK:
		answer(w, yes)
	case Refused:
		answer(w, no("invalid-input-response"))
	case Replayed:
		answer(w, no("timeout-or-duplicate"))
	case BadSecret:
		answer(w, no("invalid-input-secret"))
	case OtherHost:
		answer(w, s.yes("elsewhere.example", 0))
	case Old:
		answer(w, s.yes(s.hostname, -4*time.Minute))
	case Future:
		answer(w, s.yes(s.hostname, 4*time.Minute))
	case EmptyObject:
		answer(w, []byte(`{}`))
	case Huge:
		answer(w, append(yes, bytes.Repeat([]byte(" "), 10<<20)...))
	default:
		s.misbehave(w, r, mode, yes)
	}
}

// misbehave answers in a mode that breaks the rules of HTTP or uses HTTP wrongly.
func (s *Siteverify) misbehave(w http.ResponseWriter, r *http.Request, mode Mode, yes []byte) {
	switch mode {
	case Hang:
		<-r.Context().Done()
	case Drip:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case Broken:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(yes)
	case Redirect:
		http.Redirect(w, r, s.Address(), http.StatusTemporaryRedirect)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Sorry</title>"))
	case Reset:
		hangUp(w, "")
	case Cut:
		hangUp(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"+string(yes))
	default:
		panic("captchatest: no such mode: " + mode)
	}
}

// yes returns the answer for a token that was solved on host, at the present time plus away.
func (s *Siteverify) yes(host string, away time.Duration) []byte {
	return encode(map[string]any{
		"success": true, "hostname": host, "challenge_ts": s.now().Add(away).UTC().Format("2006-01-02T15:04:05Z"),
	})
}

func no(code string) []byte {
	return encode(map[string]any{"success": false, "error-codes": []string{code}})
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func answer(w http.ResponseWriter, text []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(text)
}

// hangUp writes text and resets the connection.
func hangUp(w http.ResponseWriter, text string) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = connection.Write([]byte(text))
	if tcp, ok := connection.(*net.TCPConn); ok && text == "" {
		_ = tcp.SetLinger(0) // makes closing a reset
	}
	_ = connection.Close()
}

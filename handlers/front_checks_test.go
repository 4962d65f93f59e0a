package handlers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
)

// Nothing that a request says of its host reaches a mail or a page.
func TestHostileHosts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	own := s.Listener.Addr().String()
	for _, host := range []string{"evil.example", "127.0.0.1", own + ".evil.example", "evil@" + own, own + "@evil.example", "EVIL.example:443"} {
		request := b.request(http.MethodGet, "/signin", "")
		request.Host = host
		if a := b.send(request); a.status != http.StatusMisdirectedRequest && a.status != http.StatusBadRequest {
			t.Errorf("Host %q: status %d", host, a.status)
		} else if strings.Contains(a.body, "evil") {
			t.Errorf("Host %q is repeated", host)
		}
	}
	for _, path := range []string{"/livez", "/readyz"} {
		request := b.request(http.MethodGet, path, "")
		request.Host = "10.1.2.3:8470"
		if a := b.send(request); a.status != http.StatusOK {
			t.Errorf("probe of %s by address: %d", path, a.status)
		}
	}
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded", "X-Original-Host", "X-Forwarded-For"} {
		b.header.Set(name, "evil.example")
	}
	for _, path := range []string{"/", "/signin", "/signin/", "/nowhere", "/account", "/.well-known/security.txt"} {
		if a := b.get(path); strings.Contains(a.body+a.location()+a.header.Get("Link"), "evil") {
			t.Errorf("%s repeats a forwarded host", path)
		}
	}
	b.led(b.post("/forgot", "name_or_email", "ann"), "/forgot/sent")
	for name, fact := range s.letter(t, models.MailPasswordReset, p.email).Facts {
		if strings.Contains(fact, "evil") {
			t.Errorf("the mail's %s is %q", name, fact)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	tests := []struct {
		name, fetchSite, origin string
		refused                 bool
	}{
		{"our page", "same-origin", b.URL, false},
		{"typed by hand", "none", "", false},
		{"no browser", "", "", false},
		{"old browser, our page", "", b.URL, false},
		{"another site", "cross-site", "https://evil.example", true},
		{"a sibling", "same-site", "https://other.example.org", true},
		{"old browser, another site", "", "https://evil.example", true},
		{"old browser, sandbox", "", "null", true},
		{"old browser, another port", "", "https://127.0.0.1:1", true},
	}
	for _, tt := range tests {
		request := b.request(http.MethodPost, "/signin", "name_or_email=x&password=y")
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range map[string]string{"Sec-Fetch-Site": tt.fetchSite, "Origin": tt.origin} {
			if value != "" {
				request.Header.Set(name, value)
			}
		}
		a := b.send(request)
		if (a.status == http.StatusForbidden) != tt.refused {
			t.Errorf("%s: status %d", tt.name, a.status)
		}
		if tt.refused && !strings.Contains(a.body, "another site") {
			t.Errorf("%s: %s", tt.name, summary(a.body))
		}
		b.Clock.Advance(time.Minute) // past the waits for wrong passwords
	}
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	const form = "application/x-www-form-urlencoded"
	tests := []struct {
		name, method, path, kind, body string
		status                         int
	}{
		{"no such page", "GET", "/nowhere", "", "", 404},
		{"no such page, slash too many", "GET", "/signin/", "", "", 404},
		{"other case", "GET", "/SignIn", "", "", 404},
		{"no such well-known thing", "GET", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", "", "", 404},
		{"no such file", "GET", "/static/../server.go", "", "", 404},
		{"development's page", "GET", "/dev/mail", "", "", 404},
		{"put", "PUT", "/signin", "", "", 405},
		{"trace", "TRACE", "/signin", "", "", 405},
		{"options", "OPTIONS", "/signin", "", "", 405},
		{"unknown method", "BREW", "/signin", "", "", 405},
		{"post to a page", "POST", "/help/pin", form, "a=b", 405},
		{"get of a form's target", "GET", "/signout", "", "", 405},
		{"too large", "POST", "/signin", form, "a=" + strings.Repeat("x", 65<<10), 413},
		{"multipart", "POST", "/signin", "multipart/form-data; boundary=x", "--x--", 415},
		{"JSON", "POST", "/signin", "application/json", `{"name_or_email":"ann"}`, 415},
		{"text", "POST", "/signin", "text/plain", "name_or_email=ann", 415},
		{"a field twice", "POST", "/forgot", form, "name_or_email=ann&name_or_email=bob", 400},
		{"a list", "POST", "/forgot", form, "email[]=ann&email[]=bob", 400},
		{"not UTF-8", "POST", "/signin", form, "name_or_email=%ff&password=x", 400},
		{"NUL", "POST", "/signin", form, "name_or_email=a%00b&password=x", 400},
		{"broken escape", "POST", "/signin", form, "name_or_email=%zz", 400},
		{"fields in the address", "POST", "/signin?name_or_email=ann&password=" + otherPassword, form, "", 422},
		{"too many parameters", "GET", "/signin?" + strings.Repeat("a=b&", 120), "", "", 400},
		{"two tokens", "GET", "/reset?token=a&token=b", "", "", 410},
		{"no token", "GET", "/reset?token=", "", "", 410},
		{"strange token", "GET", "/reset?token=%0d%0aSet-Cookie:x", "", "", 410},
	}
	for _, tt := range tests {
		request := b.request(tt.method, tt.path, tt.body)
		if tt.kind != "" {
			request.Header.Set("Content-Type", tt.kind)
		}
		a := b.send(request)
		if a.status != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, a.status, tt.status)
		}
		if a.status != 422 && !strings.Contains(a.body, `class="hint reference"`) {
			t.Errorf("%s: no error page: %s", tt.name, a.body)
		}
		if a.status == 405 && a.header.Get("Allow") == "" {
			t.Errorf("%s: no Allow", tt.name)
		}
	}
	head := b.send(b.request(http.MethodHead, "/signin", ""))
	if head.status != http.StatusOK || head.body != "" {
		t.Errorf("HEAD: %d %q", head.status, head.body)
	}
}

// A page that is under attack or out of luck must never answer with less.
func TestHeaders(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	nonces := map[string]bool{}
	for _, path := range []string{"/", "/signup", "/signin", "/nowhere", "/account", "/reset?token=x", "/livez", "/static/css/latchkey.css"} {
		a := b.get(path)
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options":              "DENY",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if a.header.Get("Server") != "" || a.header.Get("X-Powered-By") != "" {
			t.Errorf("%s names the server", path)
		}
		if strings.HasPrefix(path, "/static/") {
			continue
		}
		found := regexp.MustCompile(`^default-src 'none'; script-src 'nonce-([A-Za-z0-9_-]{22})'; style-src 'self'; img-src 'self' data:; ` +
			`connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'$`).
			FindStringSubmatch(a.header.Get("Content-Security-Policy"))
		if found == nil {
			t.Errorf("%s: policy %q", path, a.header.Get("Content-Security-Policy"))
			continue
		}
		if nonces[found[1]] {
			t.Errorf("%s: the nonce was used before", path)
		}
		nonces[found[1]] = true
		for _, script := range regexp.MustCompile(`<script[^>]*>`).FindAllString(a.body, -1) {
			if !strings.Contains(script, `nonce="`+found[1]+`"`) {
				t.Errorf("%s: %s", path, script)
			}
		}
		store := a.header.Get("Cache-Control")
		if want := "no-store"; path != "/" && store != want {
			t.Errorf("%s: Cache-Control %q", path, store)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	b := newSite(t, func(s *handlers.Server) {
		s.Static = fstest.MapFS{"a/x.css": {Data: []byte("p{}")}, "favicon.svg": {Data: []byte("<svg/>")}}
	}).browser(t)
	a := b.get("/static/a/x.css")
	b.see(a, http.StatusOK, "p{}")
	if a.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(a.header.Get("Cache-Control"), "max-age") {
		t.Errorf("headers %v", a.header)
	}
	request := b.request(http.MethodGet, "/static/a/x.css", "")
	request.Header.Set("If-None-Match", a.header.Get("ETag"))
	b.see(b.send(request), http.StatusNotModified)
	b.see(b.get("/favicon.ico"), http.StatusOK, "<svg/>")
	for _, path := range []string{"/static/", "/static/a", "/static/a/", "/static/b", "/static/../x", "/static/a/../a/x.css", "/static/%2e%2e/x"} {
		if a := b.get(path); a.status != http.StatusNotFound && a.status != http.StatusOK || strings.Contains(a.body, "<pre>") {
			t.Errorf("%s: %d %q", path, a.status, a.body)
		}
	}
}

func TestWellKnown(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.see(b.get("/.well-known/security.txt"), http.StatusOK, "Contact: mailto:security@example.org\n", "Expires: 2026-08-31T00:00:00Z\n",
		"Canonical: "+b.URL+"/.well-known/security.txt\n")
	b.see(b.get("/robots.txt"), http.StatusOK, "Disallow: /\n")
	silent := newSite(t, func(s *handlers.Server) { s.SecurityContact = "" }).browser(t)
	silent.see(silent.get("/.well-known/security.txt"), http.StatusNotFound)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var trouble error
	asked := 0
	s := newSite(t, func(s *handlers.Server) {
		s.Ready = func(context.Context) error { asked++; return trouble }
	})
	b := s.browser(t)
	b.see(b.get("/readyz"), http.StatusOK)
	trouble = errors.New("password of the database")
	b.see(b.get("/readyz"), http.StatusOK) // within the second
	s.Clock.Advance(time.Second)
	a := b.get("/readyz")
	b.see(a, http.StatusServiceUnavailable)
	if strings.Contains(a.body, "database") || a.header.Get("Retry-After") == "" {
		t.Errorf("%v %q", a.header, a.body)
	}
	b.see(b.get("/livez"), http.StatusOK)
	if asked != 2 {
		t.Errorf("asked %d times, want 2", asked)
	}
}

// Without a database pages that need none stay up; others say so, and the
// service recovers by itself.
func TestDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/help/pin", "/signup", "/signin", "/forgot", "/static/css/latchkey.css", "/livez"} {
		b.see(b.get(path), http.StatusOK)
	}
	for _, path := range []string{"/account", "/account/password", "/account/sessions"} {
		a := b.get(path)
		if a.status < 500 || strings.Contains(a.body, "sql") {
			t.Errorf("%s: %d %s", path, a.status, summary(a.body))
		}
	}
	if b.token() == "" {
		t.Error("the session cookie is gone")
	}
}

func TestPanicIsContained(t *testing.T) {
	t.Parallel()
	store := newSite(t)
	config := *store.Config
	config.Captcha = nil // checkCaptcha will run into it
	handler, err := config.Handler()
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, config.PublicURL+"/forgot", strings.NewReader("name_or_email=planted-secret"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "Something went wrong") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	logged := store.log.String()
	if !strings.Contains(logged, "msg=panic") || strings.Contains(logged, "planted-secret") {
		t.Errorf("log:\n%s", logged)
	}
	store.log.all.Reset() // the site's end finds no panic of its own
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.get("/signin?return_to=/secret-in-query")
	b.get("/secret-in-path/%0aforged=line")
	b.send(b.request("SECRETMETHOD", "/signin", ""))
	logged := s.log.String()
	for _, want := range []string{"route=/signin", "status=200", "route=unmatched", "method=other", "address=127.0.0.1"} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	for _, lost := range []string{"secret-in", "SECRETMETHOD", "Firefox", "forged"} {
		if strings.Contains(logged, lost) {
			t.Errorf("the log holds %q:\n%s", lost, logged)
		}
	}
}

func TestDevMail(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := newSite(t, func(s *handlers.Server) { s.Dev, s.MailFolder = true, folder })
	b := s.browser(t)
	b.see(b.get("/dev/mail"), http.StatusOK, "No mail yet")
	mail := "To: ann@example.org\r\nSubject: =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nOpen https://id.example.org/confirm?token=3Dab=\r\nc now\r\n--b\r\n" +
		"Content-Type: text/html\r\n\r\n<b>no</b>\r\n--b--\r\n"
	for name, content := range map[string]string{"1.eml": mail, "2.eml": "broken", "3.txt": mail} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := b.get("/dev/mail")
	b.see(a, http.StatusOK, "Grüße", "ann@example.org", `href="https://id.example.org/confirm?token=abc"`)
	if strings.Count(a.body, "<article") != 1 || strings.Contains(a.body, "<b>no</b>") {
		t.Error(summary(a.body))
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	work := &captcha.ProofOfWork{Key: []byte("sixteen bytes or more"), Now: time.Now}
	s := newSite(t, func(s *handlers.Server) {
		s.CaptchaKind = handlers.CaptchaProofOfWork
		s.Challenge = func() (any, error) { return work.Challenge() }
	})
	b := s.browser(t)
	a := b.get("/captcha/challenge")
	b.see(a, http.StatusOK, `"algorithm":"SHA-256"`, `"maxnumber"`, `"signature"`)
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", a.header)
	}
	refused := 0
	for range 40 {
		if a = b.get("/captcha/challenge"); a.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 11 || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("Retry-After") != "5" {
		t.Errorf("%d refused, want 11; %v %s", refused, a.header, a.body)
	}
	s.Clock.Advance(time.Minute)
	b.see(b.get("/captcha/challenge"), http.StatusOK)
}

func TestSignUpPolicies(t *testing.T) {
	t.Parallel()
	for policy, want := range map[models.SignUpPolicy]string{models.SignUpClosed: "Sign-up is closed", models.SignUpInvite: "You need an invite"} {
		b := newSite(t, func(s *handlers.Server) { s.SignUp = policy }).browser(t)
		b.see(b.get("/signup"), http.StatusOK, want)
		b.see(b.post("/signup", "username", "ann"), http.StatusForbidden, want)
		if strings.Contains(b.get("/").body, `href="/signup"`) {
			t.Errorf("%s: the landing page offers sign-up", policy)
		}
	}
}

// A client that sends a body of a size it does not say, or leaves in between,
// gets no 5xx into the log.
func TestCutBody(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *handlers.Server) { s.Dev, s.PublicURL = true, "http://127.0.0.1" })
	plain := httptest.NewServer(s.Server.Config.Handler)
	t.Cleanup(plain.Close)
	address, err := url.Parse(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	dialled, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	connection, ok := dialled.(*net.TCPConn)
	if !ok {
		t.Fatalf("dialled a %T", dialled)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_, _ = fmt.Fprintf(connection, "POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nabc")
	_ = connection.CloseWrite()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", response.StatusCode)
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("logged as an error:\n%s", s.log.String())
	}
}

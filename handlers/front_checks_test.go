package handlers_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// The host that a request names never appears in a mail or on a page.
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
			t.Errorf("Host %q: status %d, want 421 or 400", host, a.status)
		} else if strings.Contains(a.body, "evil") {
			t.Errorf("Host %q is repeated", host)
		}
	}
	name, port, _ := strings.Cut(own, ":")
	request := b.request(http.MethodGet, "/signin", "")
	if request.Host = name + ".:" + port; b.send(request).status != http.StatusOK {
		t.Errorf("Host %q, with a dot behind the name, is refused; want it served", request.Host)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		request := b.request(http.MethodGet, path, "")
		request.Host = "10.1.2.3:8470"
		if a := b.send(request); a.status != http.StatusOK {
			t.Errorf("probe of %s by address: %d, want %d", path, a.status, http.StatusOK)
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
	if facts := fmt.Sprintf("%+v", s.letter(t, models.MailPasswordReset, p.email).Facts); strings.Contains(facts, "evil") {
		t.Errorf("the mail repeats a forwarded host: %s", facts)
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
			t.Errorf("%s: status %d, want it refused: %t", tt.name, a.status, tt.refused)
		}
		if tt.refused && !strings.Contains(a.body, "another site") {
			t.Errorf("%s: page %s, want it to speak of another site", tt.name, summary(a.body))
		}
		b.Clock.Advance(time.Minute) // after the waiting time for wrong passwords
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
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
			t.Errorf("%s: 405 without Allow, want one", tt.name)
		}
	}
	head := b.send(b.request(http.MethodHead, "/signin", ""))
	if head.status != http.StatusOK || head.body != "" {
		t.Errorf("HEAD: %d %q, want status %d, no body", head.status, head.body, http.StatusOK)
	}
}

// A client that does not tell the size of the body, or leaves before it has sent all of it,
// causes no line with a 5xx status in the log.
func TestCutBodyIsNotLoggedAsError(t *testing.T) {
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
		t.Fatalf("dialled a %T, want a TLS connection", dialled)
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
		t.Errorf("status %d, want %d", response.StatusCode, http.StatusBadRequest)
	}
	if strings.Contains(s.Log.String(), "level=ERROR") {
		t.Errorf("logged as an error, want it without %q:\n%s", "level=ERROR", s.Log.String())
	}
}

// A path that was copied with punctuation marks after it is redirected to the page. Such
// a redirect never leads to another host.
func TestPathsWithStrayMarks(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	for path, want := range map[string]string{
		"/signin.": "/signin", "/signin,": "/signin", "/signin)": "/signin", "/signin%3E": "/signin", "/signin%22": "/signin", "/signin%E2%80%9D.": "/signin",
		"/signin%E2%80%8B": "/signin", "/signin%20": "/signin", "/link.?user_code=BCDF-GHJK": "/link?user_code=BCDF-GHJK", "/).": "/",
		"/servers/12/join.": "/servers/12/join", "/nowhere...": "/nowhere",
		"//evil.example.": "", "/%2Fevil.example.": "", "/%5Cevil.example.": "", "/signin": "", "/a.b": "", "/api/v1/account.": "", "/service/servers.": "",
	} {
		a := b.get(path)
		if want == "" && a.location() != "" || want != "" && (a.status != http.StatusSeeOther || a.location() != want) {
			t.Errorf("%s: %d to %q, want %q", path, a.status, a.location(), want)
		}
	}
}

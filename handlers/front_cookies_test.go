package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

// Only the exact session token opens a session.
func TestMalformedSessionCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	b.signIn(b.join("ann"))
	token := b.token()
	cookies := map[string][]string{
		"none":         nil,
		"empty":        {""},
		"shortened":    {token[:len(token)-1]},
		"lengthened":   {token + "A"},
		"other case":   {strings.ToUpper(token)},
		"swapped":      {strings.Map(swapCase, token)},
		"trailing":     {token + "%20"},
		"quoted NUL":   {token + "%00"},
		"zero":         {"0"},
		"null":         {"null"},
		"list":         {"[]"},
		"object":       {"{}"},
		"long":         {strings.Repeat("a", 4000)},
		"prefix only":  {"lks_"},
		"another kind": {"lkm_" + strings.TrimPrefix(token, "lks_")},
		"two":          {"planted-by-somebody", token},
		"two, turned":  {token, "planted-by-somebody"},
	}
	routes, err := handlers.Routes(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	rows := table()
	asked := 0
	for _, route := range routes {
		if !strings.HasPrefix(rows[route.Method+" "+route.Path].signedOut, "303 /signin") {
			continue
		}
		for name, values := range cookies {
			visitor := s.browser(t)
			request := visitor.request(route.Method, route.Path, "")
			for _, value := range values {
				request.Header.Add("Cookie", "__Host-latchkey-session="+value)
			}
			if a := visitor.send(request); a.status != http.StatusSeeOther || !strings.HasPrefix(a.location(), "/signin") {
				t.Errorf("%s %s with a cookie that is %s: %d, want status %d, beginning with %q", route.Method, route.Path, name, a.status, http.StatusSeeOther, "/signin")
			}
			asked++
		}
		visitor := s.browser(t)
		request := visitor.request(route.Method, route.Path, "")
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Cookie", "latchkey-session="+token+"; __host-latchkey-session="+token)
		if a := visitor.send(request); a.status != http.StatusSeeOther {
			t.Errorf("%s %s: a token under another name opens it, want %d", route.Method, route.Path, http.StatusSeeOther)
		}
	}
	if asked < 200 {
		t.Errorf("%d requests, want at least 200", asked)
	}
	if !b.isSignedIn() {
		t.Error("the session ended, want it open")
	}
}

func swapCase(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return r - 'a' + 'A'
	case 'A' <= r && r <= 'Z':
		return r - 'A' + 'a'
	}
	return r
}

// A session token from before signing in is not reused.
func TestSignInMakesANewToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	first := b.token()
	b.led(b.post("/signin", "name_or_email", "ann", "password", p.password), "/servers")
	if b.token() == first {
		t.Fatal("the token is the same after sign-in, want a new one")
	}
	thief := s.browser(t)
	thief.header.Set("Cookie", "__Host-latchkey-session="+first)
	if thief.isSignedIn() {
		t.Error("the session before sign-in is still open, want it ended")
	}
}

func TestCookiesAreHeldToTheHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	answers := []answer{
		b.post("/signup", "username", "bob", "display_name", "", "email", "bob@example.org", "password", goodPassword, "password_again", goodPassword),
		b.post("/signin", "name_or_email", "ann", "password", p.password),
		b.post("/language", "language", "de"),
		b.get("/reset?token=abc"),
		b.post("/signout"),
	}
	seen := map[string]bool{}
	for _, a := range answers {
		for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
			seen[cookie.Name] = true
			if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" ||
				cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
				t.Errorf("%s sets %s, want a cookie of this host alone, with SameSite Lax", a.path, cookie.Raw)
			}
		}
	}
	for _, name := range []string{"session", "device", "pending", "language", "notice", "link-reset"} {
		if !seen["__Host-latchkey-"+name] {
			t.Errorf("no cookie %s was set", name)
		}
	}
}

// Plain http, which only development uses, does not allow the prefix.
func TestCookiesOverPlainHTTP(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *handlers.Server) {
		s.Dev, s.PublicURL = true, "http://127.0.0.1"
	})
	b := s.browser(t)
	a := b.post("/language", "language", "de")
	if c := a.cookie("latchkey-language"); c == nil || c.Secure || !c.HttpOnly {
		t.Errorf("cookies %v, want some c, secure false, http only true", a.header["Set-Cookie"])
	}
	if a.header.Get("Strict-Transport-Security") != "" {
		t.Error("Strict-Transport-Security over plain HTTP, want none")
	}
}

// held returns the value of a cookie that the browser keeps.
func (b *browser) held(name string) string {
	b.t.Helper()
	home, err := url.Parse(b.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range b.client.Jar.Cookies(home) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

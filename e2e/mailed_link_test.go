//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// oldBrowsers is a proxy in front of a service. It makes requests look as if an old browser had sent them: it removes
// the Sec-Fetch headers, so that only the Origin header says from which site a form comes. For each form it remembers
// the Origin header.
type oldBrowsers struct {
	mu      sync.Mutex
	next    *httputil.ReverseProxy
	origins map[string]string // by path
}

func (o *oldBrowsers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name := range r.Header {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			r.Header.Del(name)
		}
	}
	o.mu.Lock()
	if r.Method == http.MethodPost {
		o.origins[r.URL.Path] = r.Header.Get("Origin")
	}
	next := o.next
	o.mu.Unlock()
	next.ServeHTTP(w, r)
}

// behindOldBrowsers starts a service behind a proxy of the type oldBrowsers, and returns both.
func behindOldBrowsers(t *testing.T) (*service, *oldBrowsers) {
	t.Helper()
	proxy := &oldBrowsers{origins: map[string]string{}}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	s := serve(t, "--public-url", front.URL)
	behind, err := url.Parse(s.origin)
	if err != nil {
		t.Fatal(err)
	}
	proxy.mu.Lock()
	proxy.next = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	}}
	proxy.mu.Unlock()
	s.origin = front.URL
	return s, proxy
}

// TestMailedLinksInOldBrowsers follows mailed links in a browser that does not send Sec-Fetch-Site, and sends the form
// of each page. One link ends with a full stop, as if a mail program had taken the end of the sentence for a part of
// the link.
func TestMailedLinksInOldBrowsers(t *testing.T) {
	t.Parallel()
	s, proxy := behindOldBrowsers(t)
	p := newPerson("mira")
	v := s.visit(t, phone, "en")
	v.open("/signup")
	fillSignUp(v, p)
	v.send("/signup/sent")
	v.arriveByLink(s.link(t, "confirm", p.email)+".", "/confirm")
	v.push(`form[action="/confirm"] button`, "/signin")
	v.wantNotice("confirmed")
	signIn(v, p)
	setPIN(v, p)
	p.pin = renewPIN(v, p)
	p.password = renewPassword(v, p)
	signIn(v, p)

	v.follow(`header a[href="/account"]`, "/account")
	next := "mira.new@example.org"
	v.follow(`main a[href="/account/email"]`, "/account/email")
	v.fill("email", next)
	v.fill("current_password", p.password)
	v.send("/account/email")
	v.arriveByLink(s.link(t, "email_confirm", next), "/account/email/confirm")
	v.push(`form[action="/account/email/confirm"] button`, "/account")
	v.arriveByLink(s.link(t, "email_changed", p.email), "/account/email/undo")
	v.push(`form[action="/account/email/undo"] button`, "/reset")

	guest := s.account(t, "nina")
	other := s.visit(t, phone, "en")
	arriveElsewhere(other, guest)
	other.push(`form[action="/account/sessions/not-me"] button`, "/signin")

	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	for _, path := range []string{
		"/confirm", "/account/pin/reset", "/reset", "/account/email/confirm", "/account/email/undo", "/account/sessions/not-me",
	} {
		if got := proxy.origins[path]; got != s.origin {
			t.Errorf("the form of %s was sent with the origin %q, want %q", path, got, s.origin)
		}
	}
}

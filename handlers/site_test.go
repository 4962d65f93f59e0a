package handlers_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
	"github.com/latchkey-media/latchkey/servicetest"
)

const goodPassword, otherPassword = servicetest.Password, servicetest.OtherPassword

// site is the whole service over TLS, as in production. When the test ends, it
// checks that no log has a secret of the test.
type site struct {
	*servicetest.Service

	mu      sync.Mutex
	secrets []string
}

// newSite starts a site with the limits of production, except those that many
// accounts at one address would reach.
func newSite(t *testing.T, change ...func(*handlers.Server)) *site {
	t.Helper()
	return start(t, servicetest.Options{Adjust: limited}, change...)
}

func limited(o *models.Options) {
	o.Limits = models.ProductionLimits()
	modelstest.Loose(o)
}

// siteOf starts a site on a Store that the test has opened.
func siteOf(t *testing.T, store *models.Store, clock *modelstest.Clock, change ...func(*handlers.Server)) *site {
	t.Helper()
	return start(t, servicetest.Options{Store: store, Clock: clock}, change...)
}

func start(t *testing.T, options servicetest.Options, change ...func(*handlers.Server)) *site {
	t.Helper()
	options.TLS = true
	options.Change = func(h *handlers.Server) {
		for _, c := range change {
			c(h)
		}
	}
	s := &site{Service: servicetest.New(t, options)}
	s.Mailbox.OnLetter = func(l models.Letter) { s.plant(l.Secret) }
	t.Cleanup(func() {
		s.Close()
		s.checkLog(t)
	})
	return s
}

// plant records values that must not appear in the log.
func (s *site) plant(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range values {
		if len(value) >= 8 {
			s.secrets = append(s.secrets, value)
		}
	}
}

func (s *site) checkLog(t *testing.T) {
	t.Helper()
	logged := s.Log.String() + s.StoreLog.String()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range s.secrets {
		if strings.Contains(logged, value) {
			t.Errorf("the log holds the secret %.12s…", value)
		}
	}
}

// letter delivers the mails that are due, and returns the latest mail of that kind to the
// address.
func (s *site) letter(t *testing.T, kind models.MailKind, to string) models.Letter {
	t.Helper()
	return s.Mailbox.Letter(t, kind, to)
}

// browser is a browser with cookies of its own. It follows no redirect.
type browser struct {
	*site
	t      *testing.T
	client *http.Client
	header http.Header // sent with every request
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{site: s, t: t, header: http.Header{
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"},
	}, client: &http.Client{
		Transport:     s.Client().Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is an answer of the site.
type answer struct {
	status int
	header http.Header
	body   string
	path   string // of the request
}

func (a answer) location() string { return a.header.Get("Location") }

// cookie returns the last Set-Cookie with that name.
func (a answer) cookie(name string) *http.Cookie {
	var found *http.Cookie
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == name {
			found = c
		}
	}
	return found
}

func (b *browser) send(request *http.Request) answer {
	b.t.Helper()
	maps.Copy(request.Header, b.header)
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range response.Cookies() {
		if !strings.HasSuffix(cookie.Name, "-language") && !strings.HasSuffix(cookie.Name, "-notice") {
			b.plant(cookie.Value)
		}
	}
	got := answer{response.StatusCode, response.Header, string(body), request.URL.Path}
	checkContract(b.t, request, "", got)
	return got
}

func (b *browser) request(method, path, body string) *http.Request {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return request
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.send(b.request(http.MethodGet, path, ""))
}

// post sends a form of names and values, as a browser does from a page of this
// site.
func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	fields := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Add(pairs[i], pairs[i+1])
		if strings.Contains(pairs[i], "password") || pairs[i] == "token" || pairs[i] == "altcha" {
			b.plant(pairs[i+1])
		}
	}
	request := b.request(http.MethodPost, path, fields.Encode())
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", b.URL)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(request)
}

// see fails unless the answer is a page with that status and all the texts.
func (b *browser) see(a answer, status int, texts ...string) {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("%s: status %d, want %d\n%s\n%s", a.path, a.status, status, summary(a.body), b.Log)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			b.t.Fatalf("%s: the page does not say %q\n%s", a.path, text, summary(a.body))
		}
	}
}

// led fails unless the answer is a redirect to that page, and then opens the
// page.
func (b *browser) led(a answer, to string, texts ...string) {
	b.t.Helper()
	if a.status != http.StatusSeeOther || a.location() != to {
		b.t.Fatalf("%s: %d to %q, want %d to %q\n%s\n%s", a.path, a.status, a.location(), http.StatusSeeOther, to, summary(a.body), b.Log)
	}
	page := b.get(to)
	if len(texts) > 0 {
		b.see(page, http.StatusOK, texts...)
	}
}

// wrong fails unless the answer shows the form again: with a mistake at the field, which
// has the focus, and a title that begins with "Problem".
func (b *browser) wrong(a answer, field string) {
	b.t.Helper()
	b.see(a, http.StatusUnprocessableEntity, `id="`+field+`-error"`, "<title>Problem: ")
	if field != "captcha" && field != "language" && !regexp.MustCompile(`<(?:input|textarea|select) id="`+field+`"[^>]* autofocus`).MatchString(a.body) {
		b.t.Errorf("%s: the field %s does not have the focus", a.path, field)
	}
}

// summary returns the text of a page, for messages.
func summary(body string) string {
	if _, inner, ok := strings.Cut(body, "<main"); ok {
		body = inner
	}
	body = regexp.MustCompile(`<svg.*?</svg>`).ReplaceAllString(body, "")
	body = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")
	return strings.Join(strings.Fields(body), " ")
}

// person is a person with a confirmed account.
type person struct{ username, email, password string }

// join makes a confirmed account through the pages.
func (b *browser) join(username string) person {
	b.t.Helper()
	p := person{username, username + "@example.org", goodPassword}
	b.led(b.post("/signup", "username", username, "display_name", "", "email", p.email,
		"password", p.password, "password_again", p.password), "/signup/sent", p.email)
	token := b.letter(b.t, models.MailConfirm, p.email).Secret
	b.led(b.get("/confirm?token="+token), "/confirm", p.email)
	b.led(b.post("/confirm", "token", token), "/signin", "confirmed")
	return p
}

// signIn signs p in.
func (b *browser) signIn(p person) {
	b.t.Helper()
	b.led(b.post("/signin", "name_or_email", p.username, "password", p.password), "/servers", "Servers you may use")
}

// isSignedIn reports whether a page that needs a session can be opened.
func (b *browser) isSignedIn() bool {
	b.t.Helper()
	return b.get("/account").status == http.StatusOK
}

// fakeCaptcha gives the answer that a test has set.
type fakeCaptcha struct {
	mu    sync.Mutex
	err   error
	asked int
}

func (f *fakeCaptcha) Verify(_ context.Context, answer string, _ netip.Addr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.err == nil && answer != "good" {
		return captcha.ErrMissing
	}
	return f.err
}

func (f *fakeCaptcha) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

var errDown = errors.New("down")

package builtin_test

import (
	"errors"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// proof is a proof that was started.
type proof struct {
	mediaserver.Proof

	k    *kit
	path string
}

func (k *kit) prove(account string) *proof {
	k.t.Helper()
	p, err := k.StartProof(k.t.Context(), account)
	if err != nil {
		k.t.Fatal(err)
	}
	path, found := strings.CutPrefix(p.URL, "http://media.test:8096/latchkey/proof/")
	if !found || p.Code != "" || !p.ExpiresAt.Equal(k.now().Add(10*time.Minute)) {
		k.t.Fatalf("proof with the URL %q and code %q until %v, want a page for ten minutes", p.URL, p.Code, p.ExpiresAt)
	}
	return &proof{p, k, "/latchkey/proof/" + path}
}

// answer sends the form as a browser does.
func (p *proof) answer(pairs ...string) *httptest.ResponseRecorder {
	p.k.t.Helper()
	return p.k.do(ask{method: "POST", path: p.path, body: fields(pairs...), header: map[string]string{
		"Content-Type": formType, "Origin": "http://media.test", "Sec-Fetch-Site": "same-origin",
	}})
}

func (p *proof) check() (string, error) {
	user, err := p.k.CheckProof(p.k.t.Context(), p.Secret)
	return user.Name, err
}

func TestProof(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	other := k.open(k.opt)
	alice := k.add("Alice Local", pw, false)
	p := k.prove("mira.k")
	if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofPending) {
		t.Fatalf("at first: error %v, want %v", err, mediaserver.ErrProofPending)
	}
	w := k.do(ask{method: "GET", path: p.path})
	want(t, w, 200)
	if !strings.Contains(w.Body.String(), "mira.k") || !strings.Contains(w.Body.String(), `name="password"`) {
		t.Errorf("the page does not show the account and a password field: %s", w.Body)
	}
	w = p.answer("username", "alice local", "password", "mistyped", "answer", "yes")
	if w.Code != 422 || !strings.Contains(w.Body.String(), `value="alice local"`) || strings.Contains(w.Body.String(), "mistyped") {
		t.Errorf("wrong password: status %d, want 422 with the name and without the password: %s", w.Code, w.Body)
	}
	if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofPending) {
		t.Fatalf("after a wrong password: error %v, want %v", err, mediaserver.ErrProofPending)
	}
	w = p.answer("username", "ALICE LOCAL", "password", pw, "answer", "yes")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Done") {
		t.Fatalf("right password: status %d, want 200: %s", w.Code, w.Body)
	}
	if user, err := other.CheckProof(t.Context(), p.Secret); err != nil || user.ID != alice.ID {
		t.Errorf("result in another process: %+v (error %v), want %s", user, err, alice.ID)
	}
	want(t, k.do(ask{method: "GET", path: p.path}), 410)
	want(t, p.answer("username", "alice local", "password", pw), 410)
	want(t, p.answer("answer", "no"), 410)
	k.pass(time.Hour)
	if name, err := p.check(); err != nil || name != "Alice Local" {
		t.Errorf("result after an hour: %q (error %v), want Alice Local", name, err)
	}
	if err := k.SetDisabled(t.Context(), alice.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofOver) {
		t.Errorf("result for a disabled local user: error %v, want %v", err, mediaserver.ErrProofOver)
	}
	if err := k.Delete(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofOver) {
		t.Errorf("result for a deleted local user: error %v, want %v", err, mediaserver.ErrProofOver)
	}
}

func TestProofIsOver(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(k *kit, p *proof){
		"denied": func(k *kit, p *proof) {
			if w := p.answer("answer", "no"); w.Code != 200 || !strings.Contains(w.Body.String(), "Nothing was done") {
				k.t.Errorf("status %d, want 200 and a page that says so: %s", w.Code, w.Body)
			}
		},
		"ten minutes": func(k *kit, _ *proof) { k.pass(10 * time.Minute) },
		"five wrong ones": func(k *kit, p *proof) {
			for i := range 5 {
				status := 422
				if i == 4 {
					status = 410
				}
				want(k.t, p.answer("username", "alice", "password", "x"), status)
				k.pass(time.Minute)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(t)
			k.add("alice", "secret-1", false)
			p := k.prove("mira")
			end(k, p)
			if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofOver) {
				t.Errorf("error %v, want %v", err, mediaserver.ErrProofOver)
			}
			want(t, k.do(ask{method: "GET", path: p.path}), 410)
			want(t, p.answer("username", "alice", "password", "secret-1"), 410)
			if page := strings.TrimPrefix(p.path, "/latchkey/proof/"); !k.AnswerProof(t.Context(), page, "alice", "secret-1") {
				t.Error("a page that was opened before can still be answered")
			}
			if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofOver) {
				t.Errorf("after a late answer: error %v, want %v", err, mediaserver.ErrProofOver)
			}
		})
	}
	k := newKit(t)
	want(t, k.do(ask{method: "GET", path: "/latchkey/proof/x"}), 410)
	if _, err := k.CheckProof(t.Context(), "x"); !errors.Is(err, mediaserver.ErrProofOver) {
		t.Errorf("an unknown proof: error %v, want %v", err, mediaserver.ErrProofOver)
	}
}

// An answer proves nothing if the password is changed or the local user is disabled while
// the answer is checked.
func TestProofOvertaken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "secret-1", false)
	p := k.prove("mira")
	page := strings.TrimPrefix(p.path, "/latchkey/proof/")
	for _, meanwhile := range []func() error{
		func() error { return k.SetPassword(t.Context(), user.ID, "new") },
		func() error { return k.SetDisabled(t.Context(), user.ID, true) },
	} {
		over := k.FinishProof(t.Context(), page, user.ID, func() {
			if err := meanwhile(); err != nil {
				t.Errorf("error %v, want none", err)
			}
		})
		if _, err := p.check(); !over || !errors.Is(err, mediaserver.ErrProofPending) {
			t.Errorf("the page is over: %v, want true; error %v, want %v", over, err, mediaserver.ErrProofPending)
		}
	}
}

// Nobody can prove that they are a local user who has no password or only an easy PIN, or
// who is disabled or a guest.
func TestProofNeedsPassword(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	open, easy, shut := k.add("open", "", false), k.add("easy", "secret-1", false), k.add("shut", "secret-1", false)
	guest := k.guest("guest")
	want(t, k.post("/Users/"+easy.ID+"/EasyPassword", k.mint(easy), `{"NewPw":"1234"}`), 204)
	if err := k.SetDisabled(t.Context(), shut.ID, true); err != nil {
		t.Fatal(err)
	}
	if !k.signs("open", "") || !k.signs("easy", "1234") {
		t.Fatal("the local users of this test cannot sign in")
	}
	for name, password := range map[string]string{open.Name: "", "easy": "1234", "shut": "secret-1", guest.Name: "", "nobody": "", "": ""} {
		p := k.prove("mira")
		want(t, p.answer("username", name, "password", password), 422)
		if _, err := p.check(); !errors.Is(err, mediaserver.ErrProofPending) {
			t.Errorf("%q: error %v, want %v", name, err, mediaserver.ErrProofPending)
		}
	}
	p := k.prove("mira")
	want(t, p.answer("username", "easy", "password", "secret-1"), 200)
}

// Answers of a page count for the limit of sign-in. An answer that has to wait does not
// count as one of the five answers that a page allows.
func TestProofThrottled(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	for range 4 {
		k.signs("alice", "wrong")
	}
	p := k.prove("mira")
	for range 8 {
		w := p.answer("username", "alice", "password", "secret-1")
		if w.Code != 429 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "again in 1 s.") {
			t.Fatalf("status %d, want 429 and a wait of one second: %v %s", w.Code, w.Header(), w.Body)
		}
	}
	k.pass(time.Second)
	want(t, p.answer("username", "alice", "password", "secret-1"), 200)
}

// Many answers arrive at the same time. At most five are checked, and only one is
// accepted.
func TestProofRaces(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	names := []string{}
	for i := range 16 {
		names = append(names, k.add("user "+string(rune('a'+i)), "right", false).Name)
	}
	for password, most := range map[string]map[int]int{"right": {200: 1}, "wrong": {422: 4}} {
		p := k.prove("mira")
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for _, name := range names {
			wg.Go(func() {
				w := p.answer("username", name, "password", password)
				mu.Lock()
				defer mu.Unlock()
				got[w.Code]++
			})
		}
		wg.Wait()
		for code, n := range got {
			if code != 410 && n > most[code] {
				t.Errorf("%s: answers by status %v, want at most %v and 410", password, got, most)
			}
		}
		if _, err := p.check(); (err == nil) != (password == "right") {
			t.Errorf("%s: error %v, want success only for the right password", password, err)
		}
	}
}

func TestProofLimits(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	const fill = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
INSERT INTO proofs (page_hash, secret_hash, account_name, state, tries, expires_at)
SELECT randomblob(32), randomblob(32), '', 'pending', 0, ? FROM n RETURNING 1`
	if _, err := k.Count(t.Context(), fill, k.now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	k.prove("mira")
	if _, err := k.StartProof(t.Context(), "mira"); !errors.Is(err, mediaserver.ErrNotAllowed) {
		t.Errorf("proof 201: error %v, want %v", err, mediaserver.ErrNotAllowed)
	}
	k.pass(2 * time.Hour)
	k.prove("mira")
	if n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM proofs"); err != nil || n != 1 {
		t.Errorf("%d proofs are kept (error %v), want 1", n, err)
	}
	k.opt.PublicURL = func() string { return "" }
	k.restart()
	if _, err := k.StartProof(t.Context(), "mira"); !errors.Is(err, mediaserver.ErrUnsupported) {
		t.Errorf("without an address: error %v, want %v", err, mediaserver.ErrUnsupported)
	}
}

// Other sites can neither send the form nor show the page.
func TestProofForgery(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.add("alice", "secret-1", false)
	p := k.prove("mira")
	for name, header := range map[string]map[string]string{
		"another origin": {"Origin": "http://evil.test"}, "another site": {"Sec-Fetch-Site": "cross-site"}, "no origin": {"Origin": "null"},
	} {
		header["Content-Type"] = formType
		w := k.do(ask{method: "POST", path: p.path, body: fields("username", "alice", "password", "secret-1"), header: header})
		if w.Code != 403 {
			t.Errorf("%s: status %d, want 403", name, w.Code)
		}
	}
	// Over plain HTTP at home, browsers send only the header Origin.
	w := k.do(ask{method: "POST", path: p.path, body: fields("username", "alice", "password", "x"), header: map[string]string{"Content-Type": formType, "Origin": "http://media.test"}})
	want(t, w, 422)
	h := w.Header()
	if h.Get("Referrer-Policy") == "no-referrer" { // browsers would send "Origin: null"
		t.Error("the header Referrer-Policy keeps browsers at home from sending the form")
	}
	for name, part := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "same-origin",
	} {
		if !strings.Contains(h.Get(name), part) {
			t.Errorf("header %s is %q, want %q in it", name, h.Get(name), part)
		}
	}
	if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(h.Get("Content-Security-Policy"), "script") {
		t.Errorf("Content-Security-Policy is %q, want one without scripts", h.Get("Content-Security-Policy"))
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("header %s is %q, want none", name, h.Get(name))
		}
	}
	for path, style := range map[string]string{p.path: "../../latchkey/pages.css", "/emby/web/index.html": "../../latchkey/pages.css", "/web/index.html": "../latchkey/pages.css", "/": "latchkey/pages.css"} {
		if w := k.do(ask{method: "GET", path: path}); !strings.Contains(w.Body.String(), `href="`+style+`"`) {
			t.Errorf("%s does not link to %s: %s", path, style, w.Body)
		}
	}
	w = k.do(ask{method: "GET", path: "/latchkey/pages.css"})
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") || !strings.Contains(w.Body.String(), "--page") {
		t.Errorf("style sheet: status %d, want 200 and CSS: %v", w.Code, w.Header())
	}
}

// Text that other people wrote is escaped.
func TestProofPageEscapes(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.opt.Name = `<b>Den</b> {{seconds}}`
	k.restart()
	p := k.prove("<script>alert(1)</script>\x00\u202e" + strings.Repeat("x", 500))
	w := k.do(ask{method: "GET", path: p.path + "?username=" + url.QueryEscape(`"><script>`)})
	want(t, w, 200)
	for _, part := range []string{"<script", "<b>", "\x00", "\u202e", strings.Repeat("x", 100)} {
		if strings.Contains(w.Body.String(), part) {
			t.Errorf("the page contains %q: %s", part, w.Body)
		}
	}
}

func TestProofLanguages(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	p := k.prove("mira")
	for accept, locale := range map[string]string{
		"": "en", "de": "de", "de-AT,en;q=0.5": "de", "ja, de;q=0.3": "de", "en-GB,de": "en", "ja": "en", "*": "en", "%%%": "en", strings.Repeat("de,", 5000): "de",
	} {
		w := k.do(ask{method: "GET", path: p.path, header: map[string]string{"Accept-Language": accept}})
		if got := w.Header().Get("Content-Language"); got != locale || !strings.Contains(w.Body.String(), `<html lang="`+locale+`" dir="`) {
			t.Errorf("%.20q: language %q, want %q", accept, got, locale)
		}
	}
	texts, err := builtin.Texts()
	if err != nil {
		t.Fatal(err)
	}
	keys := func(locale string) []string { return slices.Sorted(maps.Keys(texts[locale])) }
	for locale := range texts {
		if diff := cmp.Diff(keys("en"), keys(locale)); diff != "" || len(keys("en")) < 10 {
			t.Errorf("keys of the texts (-en +%s): %s", locale, diff)
		}
		for key, text := range texts["en"] {
			if strings.Count(text, "{{") != strings.Count(texts[locale][key], "{{") || texts[locale][key] == "" {
				t.Errorf("%s: the texts %q and %q do not have the same values", key, text, texts[locale][key])
			}
		}
	}
	// On every page, the template shows the text, and not its key.
	pages := map[string]string{"form": k.do(ask{method: "GET", path: p.path}).Body.String()}
	pages["wrong"] = p.answer("username", "x", "password", "x").Body.String()
	pages["denied"] = p.answer("answer", "no").Body.String()
	pages["over"] = p.answer("answer", "no").Body.String()
	for page, body := range pages {
		for key := range texts["en"] {
			if strings.Contains(body, ">"+key+"<") || strings.Contains(body, "{{") {
				t.Errorf("the page %s shows the key %s or braces", page, key)
			}
		}
	}
}

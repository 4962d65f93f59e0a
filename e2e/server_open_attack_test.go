//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestOpenTellsNobody looks for the code and the token of an opening in everything that a server
// could write down, and checks that the code has left the address bar before the page asks anything.
func TestOpenTellsNobody(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "/jellyfin")
	v := f.visit(t, desktop, "en")
	early(v, `if (location.pathname.endsWith("/latchkey/open")) {
		const send = fetch;
		window.fetch = (...all) => {
			sessionStorage.setItem("asked-at", (sessionStorage.getItem("asked-at") ?? "") + location.href + "\n");
			return send(...all);
		};
	}`)
	seen := fragments(v)
	f.opens(v)
	code, token := codeIn(t, seen()), f.tokens(f.annaID)[0]
	askedAt := ask[string](v, `sessionStorage.getItem("asked-at")`)
	if strings.Contains(askedAt, "#") || !strings.Contains(askedAt, "/latchkey/open?server=") {
		t.Errorf("the page asked at %q, want addresses without a fragment", askedAt)
	}
	if got := ask[string](v, `document.referrer`); got != "" {
		t.Errorf("the web app was told that the browser came from %q, want nothing", got)
	}
	agentLog, err := os.ReadFile(f.agentLog)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"the log of the service": f.site.logged(), "the log of the agent": string(agentLog)}
	for _, one := range f.log() {
		texts[one.method+" "+one.address] = one.address + " " + one.referer
		if strings.Contains(one.address, "/latchkey/") && one.referer != "" {
			t.Errorf("%s came with the referrer %q, want none", one.address, one.referer)
		}
	}
	for where, text := range texts {
		if strings.Contains(text, code) || strings.Contains(text, token) {
			t.Errorf("got the code or the token in %s, want it nowhere", where)
		}
	}
}

// TestOpenBegunByAForeignPage leads Anna's browser to the agent's page from another site. The
// service asks before anything happens, and one button leads on; somebody who is not signed in at
// the service signs in first.
func TestOpenBegunByAForeignPage(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "10.11", "")
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><a href="` + f.address("/latchkey/open") + `">Win</a>`))
	}))
	t.Cleanup(foreign.Close)
	asks := func(v *visitor) {
		v.until(`document.body.dataset.page === "server_open_allow" && document.readyState === "complete"`)
		v.wantText("h1", v.says("page.server_open_allow.title", "Server", "Living room", "Name", "Anna"))
	}
	lured := func(v *visitor) {
		v.allow(foreign.URL)
		v.do(chromedp.Navigate(foreign.URL), chromedp.Click("a", chromedp.ByQuery))
	}
	v := f.visit(t, handset, "en")
	lured(v)
	asks(v)
	if f.minted() != 0 || len(f.tokens(f.annaID)) != 0 {
		t.Error("a token was made before the person was asked, want none")
	}
	v.audit("open begun by a foreign page")
	v.tabTo(`form[action$="/authorize"] button`)
	v.press(" ")
	f.home(v, "Anna")

	late := f.site.visit(t, desktop, "en") // not signed in
	late.allow(f.origin)
	lured(late)
	late.until(`location.pathname === "/signin" && document.readyState === "complete"`)
	late.wantFocus("[name=name_or_email]")
	late.fill("name_or_email", f.anna.email)
	late.fill("password", f.anna.password)
	late.press("\r")
	asks(late)
	late.tabTo(`form[action$="/authorize"] button`)
	late.press(" ")
	f.home(late, "Anna")
}

// TestOpenWithAStolenCode brings the code of one browser into another one, and uses it again.
func TestOpenWithAStolenCode(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "")
	thief, victim := f.visit(t, desktop, "en"), f.site.visit(t, desktop, "en")
	victim.allow(f.origin)
	// The thief stops at the code, in order to send it to a victim.
	early(thief, `if (location.hash.startsWith("#code=")) { window.name = location.hash; window.stop(); location.replace("about:blank"); }`)
	seen := fragments(thief)
	f.press(thief)
	thief.until(`location.href === "about:blank"`)
	stolen := seen()[strings.LastIndex(seen(), "#code="):]
	link := f.address("/latchkey/open") + strings.TrimSpace(stolen)

	f.prepare(victim, `localStorage.setItem("probe", "x")`)
	victim.do(chromedp.Navigate(link))
	f.says(victim, "over") // the flow did not begin in this browser
	victim.wantText("#again a", victim.says("open.again"))
	if got := ask[int](victim, `localStorage.length`); got != 1 || f.minted() != 0 || len(f.tokens(f.annaID)) != 0 {
		t.Errorf("the victim's browser keeps %d things and %d tokens were made, want what was there and none", got, f.minted())
	}
	if got := ask[string](victim, `location.hash`); got != "" {
		t.Errorf("the code is still in the address bar: %q", got)
	}
	victim.audit("open with a stolen code")

	// The agent refuses the code also when the victim has begun a flow of their own.
	victim.do(chromedp.Evaluate(`fetch("/latchkey/begin", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"})
		.then((answer) => answer.json()).then((begun) => { sessionStorage.setItem("latchkey-open", begun.flow); document.title = "begun"; }); 0`, nil))
	victim.until(`document.title === "begun"`)
	victim.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link))
	f.says(victim, "over")
	victim.forgive("request: 410")
	if len(f.tokens(f.annaID)) != 0 {
		t.Error("the victim was signed in as the attacker, want not")
	}
}

// TestOpenIsNotFramed puts the agent's page and the page that asks into a frame.
func TestOpenIsNotFramed(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "")
	framing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><iframe src="` + f.address("/latchkey/open") + `"></iframe>`))
	}))
	t.Cleanup(framing.Close)
	v := f.visit(t, desktop, "en")
	v.allow(framing.URL)
	v.do(chromedp.Navigate(framing.URL))
	v.forgive("frame-ancestors")
	for _, one := range f.log() {
		if one.method == http.MethodPost || strings.HasSuffix(one.address, ".js") {
			t.Errorf("the page in the frame asked for %s, want nothing", one.address)
		}
	}
}

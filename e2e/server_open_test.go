//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// handset is a phone as most people have one.
var handset = look{width: 360, height: 640}

// openCase is one known behaviour of Jellyfin's web app in a browser.
type openCase struct {
	name string
	run  func(t *testing.T, f *films)
}

// runOpenCases runs cases one after another with the same films.
func runOpenCases(t *testing.T, f *films, cases []openCase) {
	t.Helper()
	whole := f.t
	defer func() { f.t = whole }()
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) { //nolint:paralleltest // the cases share the films
			f.fresh(t)
			one.run(t, f)
		})
	}
}

// TestOpen opens the films of each version in a browser: on a phone, in German, by the keyboard
// alone. If the versions of the web app differ in a case, the case is tried with each version.
func TestOpen(t *testing.T) {
	t.Parallel()
	for version, base := range map[string]string{"10.9": "", "10.10": "/jellyfin", "10.11": "", "12": "/jellyfin"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := openFilms(t, version, base)
			runOpenCases(t, f, []openCase{
				{"in a fresh browser", openInAFreshBrowser},
				{"with an entry of another server at this address", openWithAStaleEntry},
				{"as somebody else", openAsSomebodyElse},
			})
		})
	}
}

// openInAFreshBrowser opens the films twice. The second time the browser's token is used again.
func openInAFreshBrowser(t *testing.T, f *films) {
	v := f.visit(t, handset, "de")
	f.opens(v)
	token := f.jellyfin.Tokens(f.annaID)
	kept := readKept(v)
	if len(token) != 1 || len(kept.Servers) != 1 || kept.Servers[0].AccessToken != token[0].Value {
		t.Fatalf("the media server has the tokens %+v and the browser %+v, want the same one", token, kept)
	}
	if device := stored(v, "_deviceId2"); token[0].DeviceID != device || token[0].Client != "Jellyfin Web" {
		t.Errorf("the token is that of %+v, want the device %q that the browser keeps", token[0], device)
	}
	if got, want := kept.Servers[0].ManualAddress, f.origin+f.base; got != want { // without a slash
		t.Errorf("the address in the browser is %q, want %q", got, want)
	}
	f.opens(v)
	if again := f.jellyfin.Tokens(f.annaID); len(again) != 1 || again[0] != token[0] || f.minted() != 1 {
		t.Errorf("after the second opening the tokens are %+v with %d made, want the first one alone", again, f.minted())
	}
	v.act(`history.back()`) // the pages in between are not in the history
	v.until(`location.origin === ` + quote(f.site.origin) + ` && location.pathname === "/servers"`)
}

// kept is the list of servers that the web app keeps in the browser.
type kept struct {
	Servers []keptServer `json:"Servers"`
}

type keptServer struct {
	ID               string `json:"Id"`
	ManualAddress    string `json:"ManualAddress"`
	AccessToken      string `json:"AccessToken"`
	DateLastAccessed int64  `json:"DateLastAccessed"`
}

// readKept returns what the web app keeps in the browser whose page of the films is open.
func readKept(v *visitor) (all kept) {
	v.t.Helper()
	if err := json.Unmarshal([]byte(stored(v, "jellyfin_credentials")), &all); err != nil {
		v.t.Fatalf("the list of servers is %q: %v", stored(v, "jellyfin_credentials"), err)
	}
	return all
}

// openWithAStaleEntry opens the films in a browser whose list begins with another server at the
// same address. Without Open, the web app stops at that entry.
func openWithAStaleEntry(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.prepare(v, `localStorage.setItem("jellyfin_credentials", JSON.stringify({Servers: [
		{Id: "0123456789abcdef0123456789abcdef", LocalAddress: `+quote(strings.ToUpper(f.address("")))+`, AccessToken: "old", UserId: "old", DateLastAccessed: 5}]}))`)
	stops := "mismatch"
	if info := f.jellyfin.Version(); strings.HasPrefix(info, "10.9.") || strings.HasPrefix(info, "10.10.") {
		stops = "spinner"
	}
	v.do(chromedp.Navigate(f.address("/web/")))
	f.app(v, stops)
	f.opens(v)
	v.forgive("request: 401") // the answer that tells the page that the token is not valid
	if all := readKept(v); len(all.Servers) != 1 || all.Servers[0].ID != f.jellyfin.ID() {
		t.Errorf("the browser keeps %+v, want the entry of this server alone", all)
	}
}

// openAsSomebodyElse opens the films in a browser in which Bert is signed in. The page asks Anna:
// the first time she stays, the second time she switches, with the keyboard alone. Bert's token
// ends last.
func openAsSomebodyElse(t *testing.T, f *films) {
	v := f.visit(t, handset, "de")
	f.signInByForm(v, "Bert", true)
	bert := f.tokens(f.bertID)
	asks := `document.querySelector("#ask")?.textContent === ` + quote(v.says("open.other.ask", "Name", "Anna", "Other", "Bert"))
	f.press(v)
	v.until(asks)
	v.wantText("main", v.says("open.other.tabs"))
	v.wantFocus("#switch")
	v.audit("open as somebody else " + f.jellyfin.Version())
	v.tabTo("#stay")
	v.press(" ")
	f.home(v, "Bert")
	if f.minted() != 0 || !slices.Equal(f.tokens(f.bertID), bert) {
		t.Errorf("%d tokens were made, and Bert has %v; want none, and %v", f.minted(), f.tokens(f.bertID), bert)
	}
	f.press(v)
	v.until(asks)
	v.wantFocus("#switch")
	v.press(" ")
	f.home(v, "Anna")
	f.gone(t, f.bertID)
	endedLast(t, f, bert[0])
}

// endedLast checks that a token was ended after the new one had been made and tried.
func endedLast(t *testing.T, f *films, token string) {
	t.Helper()
	var steps []string
	for _, one := range f.log() {
		switch {
		case strings.HasSuffix(one.address, "/latchkey/mint"):
			steps = append(steps, "mint")
		case strings.HasSuffix(one.address, "/Users/Me") && one.token != token:
			steps = append(steps, "try")
		case strings.HasSuffix(one.address, "/Sessions/Logout") && one.token == token:
			steps = append(steps, "end")
		case strings.HasSuffix(one.address, "/Sessions/Logout"):
			steps = append(steps, "end another")
		}
	}
	if want := []string{"mint", "try", "end"}; !slices.Equal(steps, want) {
		t.Errorf("the steps were %v, want %v", steps, want)
	}
}

// TestOpenStates opens the films in browsers that have been used before.
func TestOpenStates(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "")
	runOpenCases(t, f, []openCase{
		{"signed out in the web app", openSignedOut},
		{"remember me was off", openNotRemembered},
		{"other servers in the list", openWithOthers},
		{"another server from the future", openWithTheFuture},
		{"a list that is no JSON", openWithoutJSON},
		{"a token that was made up", openWithAMadeUpToken},
		{"a token that was ended elsewhere", openAfterTheEnd},
		{"a second tab of somebody else", openBesideATab},
		{"a second tab at the sign-in page", openBesideTheSignIn},
		{"a second tab that signs out late", openBesideALateSignOut},
		{"one session allowed", openWithOneSession},
		{"in another browser as well", openInTwoBrowsers},
	})
}

// openSignedOut signs Bert out in the app. The id of the device stays what it was.
func openSignedOut(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.signInByForm(v, "Bert", true)
	device := stored(v, "_deviceId2")
	v.act(`document.querySelector("#sign-out").click()`)
	f.app(v, "login")
	f.opens(v)
	tokens := f.jellyfin.Tokens(f.annaID)
	if len(tokens) != 1 || tokens[0].DeviceID != device || stored(v, "_deviceId2") != device {
		t.Errorf("got the tokens %+v and the device %q, want both with %q as before", tokens, stored(v, "_deviceId2"), device)
	}
	if all := readKept(v); len(all.Servers) != 1 {
		t.Errorf("the browser keeps %+v, want one entry", all)
	}
	v.act(`document.querySelector("#sign-out").click()`)
	f.app(v, "login")
	f.gone(t, f.annaID)
	f.opens(v)
	if n := len(f.tokens(f.annaID)); n != 1 || stored(v, "_deviceId2") != device {
		t.Errorf("after signing out in the web app, %d tokens, want a new one for the same device", n)
	}
}

// openNotRemembered opens the films after a sign-in without "Remember me". Without Open's
// help, the app would forget the new token at its next start.
func openNotRemembered(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.signInByForm(v, "Anna", false)
	v.do(chromedp.Reload())
	f.app(v, "login") // without Open, the app asks for a sign-in again
	f.opens(v)
	v.do(chromedp.Reload())
	f.home(v, "Anna")
	if got := stored(v, "enableAutoLogin"); got != "true" {
		t.Errorf("enableAutoLogin is %q, want true", got)
	}
}

const otherServer = `{Id: "fedcba9876543210fedcba9876543210", Name: "Other", ManualAddress: "https://other.example.org", AccessToken: "theirs", UserId: "u", DateLastAccessed: `

func openWithOthers(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.prepare(v, `localStorage.setItem("jellyfin_credentials", JSON.stringify({Servers: [`+otherServer+`1700000000000}]})); localStorage.setItem("layout", "desktop")`)
	f.opens(v)
	all := readKept(v)
	at := slices.IndexFunc(all.Servers, func(one keptServer) bool { return one.ManualAddress == "https://other.example.org" })
	if at < 0 || len(all.Servers) != 2 || all.Servers[at].AccessToken != "theirs" || all.Servers[at].DateLastAccessed != 1700000000000 {
		t.Errorf("the browser keeps %+v, want the other server as it was", all)
	}
	if got := stored(v, "layout"); got != "desktop" {
		t.Errorf("another key is %q, want it as before", got)
	}
}

// openWithTheFuture opens the films in a browser whose list has another server with a date in the
// future. Without Open, the app goes to that server.
func openWithTheFuture(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.opens(v)
	v.do(chromedp.Evaluate(`(() => {
		const all = JSON.parse(localStorage.getItem("jellyfin_credentials"));
		all.Servers.push(`+otherServer+`Date.now() + 1e9});
		localStorage.setItem("jellyfin_credentials", JSON.stringify(all));
	})()`, nil), chromedp.Reload())
	f.app(v, "elsewhere")
	f.opens(v)
	if all := readKept(v); len(all.Servers) != 2 {
		t.Errorf("the browser keeps %+v, want the other server, too", all)
	}
}

func openWithoutJSON(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.prepare(v, `localStorage.setItem("jellyfin_credentials", "{no JSON")`)
	v.do(chromedp.Navigate(f.address("/web/")))
	v.forgive("SyntaxError") // the page of the app is blank
	f.opens(v)
}

func openWithAMadeUpToken(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.prepare(v, `localStorage.setItem("jellyfin_credentials", JSON.stringify({Servers: [
		{Id: `+quote(f.jellyfin.ID())+`, ManualAddress: `+quote(f.address(""))+`, AccessToken: "0123456789abcdef0123456789abcdef", UserId: "u"}]}))`)
	f.opens(v)
	v.forgive("request: 401") // the answer that tells the page that the token is not valid
	if n := len(f.tokens(f.annaID)); n != 1 {
		t.Errorf("%d tokens, want one", n)
	}
}

// openAfterTheEnd ends the token while the app is open. The app does not show that until it is
// loaded again.
func openAfterTheEnd(_ *testing.T, f *films) {
	v := f.visit(f.t, desktop, "en")
	f.opens(v)
	f.jellyfin.EndSessions()
	v.act(`document.querySelector("#browse").click()`)
	v.until(`document.querySelector("#cards").textContent === "Nothing here"`)
	f.opens(v)
	v.forgive("request: 401")
}

// openBesideATab opens the films as Anna in one tab, while the app of Bert is open in another.
func openBesideATab(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.signInByForm(v, "Bert", true)
	tab := v.tab()
	f.press(tab)
	tab.until(`document.querySelector("#switch")?.checkVisibility()`)
	tab.act(`document.querySelector("#switch").click()`)
	f.home(tab, "Anna")
	f.gone(t, f.bertID)
	v.act(`document.querySelector("#browse").click()`)
	v.until(`document.querySelector("#cards").textContent === "Nothing here"`)
	v.forgive("request: 401")
	v.do(chromedp.Reload())
	f.home(v, "Anna")
}

// openBesideTheSignIn opens the films while the sign-in page of the app is open in another tab.
// When somebody clicks there, the app writes its old memory over the token. Opening again repairs
// that.
func openBesideTheSignIn(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	v.do(chromedp.Navigate(f.address("/web/")))
	f.app(v, "login")
	tab := v.tab()
	f.opens(tab)
	lost := f.tokens(f.annaID)
	v.act(`document.querySelector("#back").click()`)
	v.until(`!localStorage.getItem("jellyfin_credentials").includes(` + quote(lost[0]) + `)`)
	tab.do(chromedp.Reload())
	f.app(tab, "login")
	f.opens(tab)
	if now := f.tokens(f.annaID); len(now) != 1 || now[0] == lost[0] {
		t.Errorf("the tokens are %v, want a new one in the place of %v", now, lost)
	}
}

// openBesideALateSignOut signs out in a tab whose token was replaced: that ends nothing, but
// it clears the list of servers that the browser keeps.
func openBesideALateSignOut(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.opens(v)
	f.jellyfin.EndSessions()
	tab := v.tab()
	f.opens(tab)
	tab.forgive("request: 401")
	v.act(`document.querySelector("#sign-out").click()`)
	f.app(v, "login")
	v.forgive("request: 401")
	f.opens(tab)
	if n := len(f.tokens(f.annaID)); n != 1 {
		t.Errorf("%d tokens, want one: the id of the device is the same, so that no token is left over", n)
	}
}

// openWithOneSession opens the films twice as a local user who may have only one session. This
// works, because the token is used again.
func openWithOneSession(t *testing.T, f *films) {
	v := f.visit(t, desktop, "en")
	f.jellyfin.SetPolicy(f.annaID, "MaxActiveSessions", "1")
	f.opens(v)
	f.opens(v)
	if f.minted() != 1 {
		t.Errorf("%d tokens were made, want one", f.minted())
	}
}

// openInTwoBrowsers opens in two browsers, which share nothing. Each has its own token.
func openInTwoBrowsers(t *testing.T, f *films) {
	first, second := f.visit(t, desktop, "en"), f.visit(t, handset, "en")
	f.opens(first)
	f.opens(second)
	if n := len(f.tokens(f.annaID)); n != 2 {
		t.Errorf("%d tokens, want one for each browser", n)
	}
	first.do(chromedp.Reload())
	f.home(first, "Anna")
}

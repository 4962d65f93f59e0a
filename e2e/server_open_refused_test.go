//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// closedHours are hours at no time of the day.
const closedHours = `[{"DayOfWeek":"Everyday","StartHour":0,"EndHour":0}]`

// refusedCase is a reason not to sign a browser in, with the text that the page shows.
type refusedCase struct {
	name    string
	prepare func(f *films, v *visitor)
	says    string   // the text
	seen    []string // what the watch sees besides
	mints   int      // how often the agent is asked for a token
}

// TestOpenRefused tries to open the films in each case in which that is refused. The page says
// why, offers the other way in, changes nothing in the browser, and no token is left.
func TestOpenRefused(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "10.11", "/jellyfin")
	policy := func(member, value string) func(*films, *visitor) {
		return func(f *films, _ *visitor) { f.jellyfin.SetPolicy(f.annaID, member, value) }
	}
	breaks := func(operation string, status int) func(*films, *visitor) {
		return func(f *films, _ *visitor) {
			f.jellyfin.Break(operation, jellyfintest.Forever, jellyfintest.Status(status))
		}
	}
	stops := func(path string, status int, kind, text string) func(*films, *visitor) {
		return func(f *films, _ *visitor) { f.stop(path, answering(status, kind, text)) }
	}
	throws := func(key, name string) func(*films, *visitor) {
		return func(_ *films, v *visitor) {
			early(v, `if (location.pathname.includes("/latchkey/")) {
				const write = Storage.prototype.setItem;
				Storage.prototype.setItem = function (name, text) {
					if (name === `+quote(key)+`) throw new DOMException("", `+quote(name)+`);
					write.call(this, name, text);
				};
			}`)
		}
	}
	var cases []openCase
	for _, row := range []refusedCase{
		{"storage is full", throws("latchkey-probe", "QuotaExceededError"), "storage", nil, 0},
		{"storage is forbidden", func(_ *films, v *visitor) {
			early(v, `if (location.pathname.includes("/latchkey/"))
				Object.defineProperty(window, "localStorage", { get() { throw new DOMException("", "SecurityError"); } })`)
		}, "storage", nil, 0},
		{"no room for the id of the device", throws("_deviceId2", "QuotaExceededError"), "storage", nil, 0},
		{"no room for the entry", throws("jellyfin_credentials", "QuotaExceededError"), "storage", nil, 1},
		{"no room for the last key", throws("enableAutoLogin", "QuotaExceededError"), "storage", nil, 1},
		{"outside the hours", policy("AccessSchedules", closedHours), "hours", []string{"request: 403"}, 1},
		{"too many sessions", func(f *films, _ *visitor) {
			f.jellyfin.SetPolicy(f.annaID, "MaxActiveSessions", "1")
			code, _ := f.jellyfin.ShowCode("Television", "tv")
			f.jellyfin.Approve(code, f.annaID)
		}, "sessions", []string{"request: 403"}, 1},
		{"a device that is not allowed", policy("EnableAllDevices", "false"), "device", []string{"request: 403"}, 1},
		{"Quick Connect is off", func(f *films, _ *visitor) { f.jellyfin.SetQuickConnect(false) }, "quick_connect_off", []string{"request: 403"}, 1},
		{"the path is not handed over", stops("/latchkey/begin", http.StatusNotFound, "text/html", "<!doctype html>"), "not_connected", []string{"request: 404"}, 0},
		{"the path leads to the web app", func(f *films, _ *visitor) {
			f.stop("/latchkey/begin", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "../web/", http.StatusFound)
			})
		}, "not_connected", nil, 0},
		{"the path answers with a page", stops("/latchkey/begin", http.StatusOK, "text/html", "<!doctype html>"), "not_connected", nil, 0},
		{"the agent is away", stops("/latchkey/begin", http.StatusBadGateway, "text/html", ""), "away", []string{"request: 502"}, 0},
		{"the media server is away", breaks("GetPublicSystemInfo", http.StatusBadGateway), "away", []string{"request: 502"}, 0},
		{"the media server is starting", func(f *films, _ *visitor) {
			f.stop("/System/Info/Public", answering(http.StatusServiceUnavailable, "text/html", "starting"))
		}, "away", []string{"request: 503"}, 0},
		{"the media server is not set up", func(f *films, _ *visitor) {
			f.stop("/System/Info/Public", answering(http.StatusOK, "application/json", `{"Id":"0123456789abcdef0123456789abcdef","StartupWizardCompleted":false}`))
		}, "not_set_up", nil, 0},
		{"the web app belongs to another server", func(f *films, _ *visitor) {
			f.jellyfin.SetWebServers("https://elsewhere.example.org")
		}, "elsewhere", nil, 0},
		{"the new token cannot be tried", func(f *films, _ *visitor) {
			f.stop("/Users/Me", answering(http.StatusServiceUnavailable, "text/html", ""))
		}, "away", []string{"request: 503"}, 1},
		{"the new token is that of another", func(f *films, _ *visitor) {
			f.stop("/Users/Me", answering(http.StatusOK, "application/json", `{"Id":"0123456789abcdef0123456789abcdef","Name":"Eve"}`))
		}, "away", nil, 1},
		// This case is the last one: once the agent has noticed it, the page of servers does not offer Open until
		// the agent looks again.
		{"disabled", policy("IsDisabled", "true"), "disabled", []string{"request: 403"}, 0},
	} {
		cases = append(cases, openCase{row.name, func(t *testing.T, f *films) { refusedOnce(t, f, row) }})
	}
	runOpenCases(t, f, cases)
}

func refusedOnce(t *testing.T, f *films, row refusedCase) {
	v := f.visit(t, handset, "de")
	const others = `{"Servers":[{"Id":"fedcba9876543210fedcba9876543210","ManualAddress":"https://other.example.org","DateLastAccessed":1}]}`
	f.prepare(v, `localStorage.setItem("jellyfin_credentials", `+quote(others)+`)`)
	f.offers(v)
	row.prepare(f, v) // now, because the page does not offer Open after some of the changes
	before := len(f.tokens(f.annaID))
	v.tabTo("#open-0")
	v.press(" ")
	f.says(v, row.says)
	v.forgive(row.seen...)
	v.wantText(".aside a", v.says("open.code"))
	v.audit("open " + row.name)
	if got := f.minted(); got != row.mints {
		t.Errorf("the agent was asked for %d tokens, want %d", got, row.mints)
	}
	eventually(t, "no new token is left", func() (int, bool) { n := len(f.tokens(f.annaID)); return n, n == before })
	f.prepare(v, `0`)
	if got := ask[string](v, `Object.getOwnPropertyDescriptor(Storage.prototype, "getItem").value.call(localStorage, "jellyfin_credentials")`); got != others && row.says != "storage" {
		t.Errorf("the browser keeps %s, want it as before", got)
	}
	if got := stored(v, "enableAutoLogin"); got != "" {
		t.Errorf("enableAutoLogin is %q, want it not written", got)
	}
}

// TestOpenKeepsAGoodToken opens the films in a browser that has a valid token, while the question to whom the token
// belongs is answered with errors of every kind. The page must keep the token, because only a token that has ended
// is replaced.
func TestOpenKeepsAGoodToken(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "/jellyfin")
	for name, row := range map[string]struct {
		prepare func()
		says    string
		seen    string
	}{
		"outside the hours": {func() { f.jellyfin.SetPolicy(f.annaID, "AccessSchedules", closedHours) }, "hours", "request: 403"},
		"an error":          {func() { f.stop("/Users/Me", answering(http.StatusInternalServerError, "text/html", "")) }, "away", "request: 500"},
		"a proxy that fails": {func() {
			f.stop("/Users/Me", answering(http.StatusServiceUnavailable, "text/html", ""))
		}, "away", "request: 503"},
	} {
		runOpenCases(t, f, []openCase{{name, func(t *testing.T, f *films) {
			v := f.visit(t, desktop, "en")
			f.opens(v)
			token, list := f.tokens(f.annaID), stored(v, "jellyfin_credentials")
			row.prepare()
			f.press(v)
			f.says(v, row.says)
			v.forgive(row.seen)
			if now := f.tokens(f.annaID); len(now) != 1 || now[0] != token[0] || f.minted() != 1 {
				t.Errorf("the tokens are %v, want %v as before and none made", now, token)
			}
			if now := stored(v, "jellyfin_credentials"); now != list {
				t.Errorf("the browser keeps %s, want %s as before", now, list)
			}
		}}})
	}
}

// TestOpenWithoutScripts shows what a browser without JavaScript sees at the agent's page.
func TestOpenWithoutScripts(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "")
	v := f.visit(t, handset, "en").withoutScripts()
	v.do(chromedp.Navigate(f.address("/latchkey/open")))
	v.wantText("noscript", v.says("open.noscript"))
	if got := strings.TrimSpace(ask[string](v, `document.querySelector("main").innerText`)); !strings.Contains(got, v.says("open.noscript")) || !strings.Contains(got, v.says("open.code")) {
		t.Errorf("the page shows %q, want the text for browsers without JavaScript and the other way in", got)
	}
	for _, one := range f.log() {
		if one.method == http.MethodPost {
			t.Errorf("got the request %+v, want none", one)
		}
	}
}

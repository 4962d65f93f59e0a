package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// quickHome makes a server of ann whose agent can approve codes, and gina, who
// is linked to it.
func (s *site) quickHome(t *testing.T) (attic *runServer, gina *browser, p person) {
	t.Helper()
	owner, gina := s.browser(t), s.browser(t)
	owner.signIn(s.account(t, "ann"))
	p = s.account(t, "gina")
	gina.signIn(p)
	attic = owner.runsAttic()
	attic.reportsQuick(true)
	attic.links(gina)
	return attic, gina, p
}

// reportsQuick makes the agent report whether it can approve codes.
func (m *runServer) reportsQuick(can bool) {
	m.t.Helper()
	_, err := m.site.Store.Agents.Report(m.t.Context(), m.look(), models.Report{
		Registration: models.Registration{Name: m.look().Name, SystemID: m.look().SystemID, Version: "1.0", Kind: models.ServerAgent}, QuickConnect: can,
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// links makes gina's link to the server.
func (m *runServer) links(gina *browser) {
	m.t.Helper()
	m.ask("gina", models.LinkLinked)
	id := gina.idIn("/invitations")
	gina.led(gina.post("/invitations/accept", "id", id), m.page()+"/start")
}

// waiting returns the code that waits for the agent.
func (m *runServer) waiting() models.QuickConnect {
	m.t.Helper()
	open, err := m.site.Store.QuickConnects.Open(m.t.Context(), m.look())
	if err != nil || len(open) != 1 {
		m.t.Fatalf("waiting %+v, %v, want 1 open", open, err)
	}
	return open[0]
}

func (m *runServer) nothingWaits() {
	m.t.Helper()
	if open, err := m.site.Store.QuickConnects.Open(m.t.Context(), m.look()); err != nil || len(open) != 0 {
		m.t.Errorf("waiting %+v, %v, want no open", open, err)
	}
}

func TestQuickConnectPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	gina.says("/link", "Eight letters", "six digits of Quick Connect", "but not", "once more")

	// Six digits lead to a page that asks the person, and ask no server.
	page := gina.types(" 739-104 ")
	gina.see(page, http.StatusOK, "Do you see this code right now?", "739 104", "Attic", "Go on only if these six digits", `name="code" value="739 104"`,
		`type="radio" value="`+attic.id()+`" required checked`, `action="/link/quick-connect"`, `name="return_to" value="/link/code"`)
	attic.nothingWaits()

	// The person must choose a server that they are linked to.
	gina.see(gina.post("/link/quick-connect", "code", "739 104"), http.StatusUnprocessableEntity,
		"<title>Problem: ", "Choose the server", "autofocus", `aria-describedby="servers-error"`, "739 104")
	gina.see(gina.post("/link/quick-connect", "code", "739 104", "server_id", "7"), http.StatusUnprocessableEntity, "not one of yours. Choose another")
	gina.wrong(gina.post("/link/quick-connect", "code", "73910", "server_id", attic.id()), "user_code")
	attic.nothingWaits()

	a := gina.post("/link/quick-connect", "code", "739 104", "server_id", attic.id())
	wait := a.location()
	gina.led(a, wait, "One moment", "Attic is being asked", `http-equiv="refresh"`, `data-ask="`+wait+`/state"`, `data-state="asked"`)
	for _, code := range []string{"739104", "739 104"} { // all six digits: an id of the page may contain some of them
		if shown := wait + gina.get(wait).body; strings.Contains(shown, code) {
			t.Errorf("the page or its address contains the code %q, want it gone: %s", code, shown)
		}
	}
	state := func(want string) {
		t.Helper()
		gina.see(gina.get(wait+"/state"), http.StatusOK, `{"state":"`+want+`"}`)
	}
	state("asked")
	asked := attic.waiting()
	if asked.Code != "739104" || !strings.HasSuffix(wait, fmt.Sprint(asked.ID)) {
		t.Errorf("the agent gets %+v, want the code 739104 and the id of the page", asked)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Store.QuickConnects.Complete(t.Context(), attic.look(), asked.ID))
	state("done")
	gina.says(wait, "The device is signed in at Attic", "/servers", "but not", "data-ask", "http-equiv")
	gina.says("/account/sessions", "with Quick Connect.")
	for reason, text := range map[string]string{
		models.QuickCodeWrong: "knows no such code", models.QuickNotAllowed: "does not let your user", models.QuickUnavailable: "cannot do it right now",
		models.QuickPINRequired: "opens only with your PIN",
	} {
		s.Clock.Advance(15 * time.Minute) // because of the limit
		wait = gina.post("/link/quick-connect", "code", "739105", "server_id", attic.id()).location()
		must(s.Store.QuickConnects.Fail(t.Context(), attic.look(), attic.waiting().ID, reason))
		state("failed")
		gina.says(wait, "That did not work", text, `href="/link"`, "but not", "data-ask")
	}
	s.Clock.Advance(15 * time.Minute)
	first := gina.post("/link/quick-connect", "code", "739106", "server_id", attic.id()).location()
	second := gina.post("/link/quick-connect", "code", "739107", "server_id", attic.id()).location()
	gina.says(first, "You have typed another code")
	s.Clock.Advance(10 * time.Minute)
	gina.says(second, "did not answer in time")

	// Nobody else can see the request.
	other, stranger := s.browser(t), s.browser(t)
	other.signIn(s.account(t, "mallory"))
	for _, path := range []string{wait, wait + "/state", "/link/quick-connect/x", "/link/quick-connect/1"} {
		other.see(other.get(path), http.StatusNotFound)
	}
	stranger.led(stranger.get(wait), "/signin?return_to="+url.QueryEscape(wait))
}

// A person with several servers chooses one; a person without a server reads what to do.
func TestQuickConnectServersOnPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	second := s.browser(t)
	second.signIn(s.account(t, "bert"))
	other := second.runsAttic()
	other.reportsQuick(true)
	other.links(gina)
	page := gina.types("739104")
	gina.see(page, http.StatusOK, attic.id(), other.id())
	if strings.Contains(page.body, " checked") {
		t.Error("one of several is chosen already")
	}
	page = gina.post("/link/quick-connect", "code", "12", "server_id", other.id())
	gina.see(page, http.StatusUnprocessableEntity, "six digits")
	attic.reportsQuick(false)
	other.reportsQuick(false)
	gina.see(gina.types("739104"), http.StatusOK, "none of your servers", "invitation", `href="/servers"`)
	gina.see(gina.post("/link/quick-connect", "code", "739104", "server_id", other.id()), http.StatusUnprocessableEntity, "none of your servers")
}

// Six digits never come from an address. They are lost on the way to the
// sign-in or the password, and when the language changes: the person reads them
// from the screen again.
func TestDigitsAreNeverFilledIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, p := s.quickHome(t)
	const again = "/link?digits=again"
	for _, digits := range []string{"739104", "739 104", "739-104", "73910", "7391045", "７３９１０４", "٧٣٩١٠٤", "7a39104"} {
		for _, path := range []string{"/link?user_code=" + url.QueryEscape(digits), "/link?digits=again&user_code=" + url.QueryEscape(digits)} {
			page := gina.get(path)
			gina.see(page, http.StatusOK, `name="user_code"`)
			if strings.Contains(page.body, "739104") || strings.Contains(page.body, "739 104") || strings.Contains(page.body, `name="user_code" type="text" class="code-input" value`) || strings.Contains(page.body, digits) {
				t.Errorf("%s: the page holds the code", path)
			}
		}
	}
	stranger := s.browser(t)
	signIn := "/signin?return_to=" + url.QueryEscape(again)
	for _, a := range []answer{
		stranger.post("/link", "user_code", "739 104"),
		stranger.post("/link/quick-connect", "code", "739104", "server_id", attic.id()),
	} {
		stranger.led(a, signIn)
	}
	if a := stranger.get("/link?user_code=739104"); strings.Contains(a.location(), "739") {
		t.Errorf("the way back holds the code: %s", a.location())
	}
	stranger.led(stranger.post("/signin", "name_or_email", "gina", "password", p.password, "return_to", again), again, "type the six digits once more")

	// The password was given too long ago.
	s.Clock.Advance(25 * time.Hour)
	confirm := "/account/confirm-password?return_to=" + url.QueryEscape(again)
	gina.led(gina.post("/link", "user_code", "739104"), confirm)
	gina.led(gina.post("/link/quick-connect", "code", "739104", "server_id", attic.id()), confirm)
	attic.nothingWaits()
	gina.led(gina.post("/account/confirm-password", "current_password", p.password, "return_to", again), again, "once more")
	gina.see(gina.types("739104"), http.StatusOK, "Do you see this code")

	// The language is switched.
	for _, a := range []answer{
		gina.post("/link", "user_code", "73910"),
		gina.post("/link/quick-connect", "code", "739104"), gina.post("/link/quick-connect", "code", "73910"),
	} {
		if !strings.Contains(a.body, `name="return_to" value="/link"`) {
			t.Errorf("%s: the switch of the language leads elsewhere", a.path)
		}
	}
}

func TestQuickCodesRunOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	for i := range 5 {
		a := gina.post("/link/quick-connect", "code", fmt.Sprint(739100+i), "server_id", attic.id())
		if a.status != http.StatusSeeOther {
			t.Fatalf("try %d: %d, want %d", i, a.status, http.StatusSeeOther)
		}
	}
	a := gina.post("/link/quick-connect", "code", "739199", "server_id", attic.id())
	gina.see(a, http.StatusTooManyRequests, "Please wait", "739 199", "checked")
	if a.header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After, want one")
	}
	if got := attic.waiting().Code; got != "739104" {
		t.Errorf("the agent is asked %s, want 739104", got)
	}
}

// A device that was signed in by Quick Connect is on the page of the sessions, with its
// server, and with "probably" if another device may be meant. The person signs it out there.
func TestQuickDeviceOnThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attic, gina, _ := s.quickHome(t)
	for name, certain := range map[string]bool{"Television": true, "Set <b>": false} {
		gina.post("/link/quick-connect", "code", "123456", "server_id", attic.id())
		open := attic.waiting()
		err := s.Store.QuickConnects.Arrived(t.Context(), attic.look(), open.ID, models.QuickDevice{DeviceID: name, Name: name, Client: "Films", Certain: certain})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Store.QuickConnects.Complete(t.Context(), attic.look(), open.ID); err != nil {
			t.Fatal(err)
		}
	}
	page := gina.get("/account/sessions")
	gina.see(page, http.StatusOK, "Television", "Set &lt;b&gt;", "Films", "Attic", "Probably this one")
	if n := strings.Count(page.body, "Probably this one"); n != 1 {
		t.Errorf("%d devices are told as probable, want 1", n)
	}
	_, rest, _ := strings.Cut(page.body, "/account/sessions/end-device")
	_, id, _ := strings.Cut(rest, `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	stranger := s.browser(t)
	stranger.signIn(s.account(t, "mallory"))
	stranger.see(stranger.post("/account/sessions/end-device", "id", id), http.StatusNotFound)
	gina.see(gina.post("/account/sessions/end-device", "id", "x"), http.StatusNotFound)
	gina.led(gina.post("/account/sessions/end-device", "id", id), "/account/sessions", "That device is signed out")
	if left := strings.Count(gina.get("/account/sessions").body, "/account/sessions/end-device"); left != 1 {
		t.Errorf("%d devices are left, want 1", left)
	}
}

package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// parlour makes a server of ann whose agent lets her sign televisions in for gina, who is linked to it.
func (s *site) parlour(t *testing.T, televisions string) (ann, gina *browser, attic *runServer, at string) {
	t.Helper()
	ann, gina = s.browser(t), s.browser(t)
	ann.signIn(s.account(t, "ann"))
	gina.signIn(s.account(t, "gina"))
	attic = ann.runsAttic()
	attic.reportsQuick(true)
	attic.links(gina)
	attic.takesTelevisions(televisions)
	account, _, err := s.Store.EmbyServers.FindAccount(t.Context(), attic.look(), "gina", models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.Store.Links.ByServer(t.Context(), account.ID, attic.Server.ID)
	if err != nil {
		t.Fatal(err)
	}
	return ann, gina, attic, attic.page() + "/televisions/" + strconv.FormatInt(link.ID, 10)
}

// takesTelevisions makes the agent report for whom it lets the owner sign televisions in.
func (m *runServer) takesTelevisions(whose string) {
	m.t.Helper()
	_, err := m.site.Store.Agents.Report(m.t.Context(), m.look(), models.Report{
		Registration: models.Registration{Name: m.look().Name, SystemID: m.look().SystemID, Version: "1.0", Kind: models.ServerAgent}, QuickConnect: true, Televisions: whose,
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// The owner types the digits, says who they are for, and waits for the agent.
func TestTelevisionInTwoSteps(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, gina, attic, at := s.parlour(t, models.TelevisionsLinked)
	ann.says(strings.Replace(at, "/televisions/", "/people/", 1), `href="`+at+`"`)
	ann.says(at, "six digits", "but not", "Is this television for")
	ann.see(ann.post(at, "code", "12345"), http.StatusUnprocessableEntity, "six digits")
	ann.see(ann.post(at, "code", "739104"), http.StatusOK, "Is this television for", "739 104", `name="for"`)
	ann.see(ann.post(at, "code", "739 104", "for", "1"), http.StatusOK, "Is this television for")
	attic.nothingWaits()
	link := at[strings.LastIndexByte(at, '/')+1:]
	wait := ann.post(at, "code", "739 104", "for", link).location()
	ann.says(wait, "Attic is being asked", `data-state="asked"`, `http-equiv="refresh"`)
	gina.see(gina.get(wait), http.StatusNotFound)
	gina.see(gina.get(at), http.StatusNotFound)
	gina.see(gina.post(at, "code", "739104", "for", link), http.StatusNotFound)
	asked := attic.waiting()
	if !asked.ByOwner || asked.Code != "739104" {
		t.Errorf("the agent gets %+v, want the digits of the owner", asked)
	}
	if err := s.Store.QuickConnects.Complete(t.Context(), attic.look(), asked.ID); err != nil {
		t.Fatal(err)
	}
	ann.says(wait, "The television is signed in for", "but not", "data-ask")
	gina.says("/account/history", "signed in a television for you")

	for reason, text := range map[string]string{
		models.QuickCodeWrong: "knows no such code", models.QuickNotAllowed: "signs in no television", models.QuickPINRequired: "only with their PIN", models.QuickNoLocalUser: "has not created a user",
	} {
		s.Clock.Advance(15 * time.Minute)
		wait := ann.post(at, "code", "739105", "for", link).location()
		if err := s.Store.QuickConnects.Fail(t.Context(), attic.look(), attic.waiting().ID, reason); err != nil {
			t.Fatal(err)
		}
		ann.says(wait, "That did not work", text, `href="`+at+`"`)
	}
	s.Clock.Advance(25 * time.Hour)
	ann.led(ann.get(at), "/account/confirm-password?return_to="+url.QueryEscape(at))
	ann.led(ann.post(at, "code", "739104", "for", link), "/account/confirm-password?return_to="+url.QueryEscape(at))
	attic.nothingWaits()
}

// The page says why a television cannot be signed in, also when that changes between the two steps.
func TestTelevisionRefusedOnThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ann, _, attic, at := s.parlour(t, models.TelevisionsGuests)
	link := at[strings.LastIndexByte(at, '/')+1:]
	ann.says(at, "Televisions are signed in for guests alone", "but not", `name="code"`)
	attic.takesTelevisions(models.TelevisionsLinked)
	ann.see(ann.post(at, "code", "739104"), http.StatusOK, "Is this television for")
	attic.takesTelevisions(models.TelevisionsOff)
	ann.see(ann.post(at, "code", "739104", "for", link), http.StatusOK, "signs in no televisions for others")
	attic.nothingWaits()
}

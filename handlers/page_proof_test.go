package handlers_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner, person := s.browser(t), s.browser(t)
	owner.signIn(owner.join("ann"))
	person.signIn(person.join("dora"))
	attic, cellar := owner.runsAttic(), owner.owns("Cellar")
	join := attic.page() + "/join"
	for _, closed := range []string{join, cellar.page() + "/join", "/servers/7/join", "/servers/x/join"} {
		person.see(person.get(closed), http.StatusNotFound, "This page is not open", "Ask the person who gave it to you", `<p class="hint reference">404 · `)
		person.see(person.post(closed), http.StatusNotFound)
		person.see(person.get(closed+"/state"), http.StatusNotFound)
	}
	owner.says(attic.page()+"/settings", "but not", "join-url")
	owner.led(owner.post(attic.page()+"/self-service", "do", "on"), attic.page()+"/settings", "People may link themselves now", s.URL+join)
	state := func(want string) {
		t.Helper()
		person.see(person.get(join+"/state"), http.StatusOK, `{"state":"`+want+`"}`)
	}
	person.says(join, "Link yourself to Attic", "Begin", "but not", ">ann<", "Anna", "data-ask")
	state("")
	person.led(person.post(join), join, "Asking the server", `http-equiv="refresh"`, "data-ask")
	state("asked")
	proof := func() models.Proof {
		open, err := s.Store.Proofs.Open(t.Context(), attic.look())
		if err != nil || len(open) != 1 {
			t.Fatalf("open proofs %+v, %v, want 1 open", open, err)
		}
		return open[0]
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Store.Proofs.Propose(t.Context(), attic.look(), proof().ID, "482913", ""))
	state("shown")
	person.says(join, "482913", "but not", "Begin")
	for reason, text := range map[string]string{
		"denied": "did not accept", "not_allowed": "may not be linked", "unavailable": "cannot be reached", "expired": "took too long",
	} {
		must(s.Store.Proofs.Fail(t.Context(), attic.look(), proof().ID, reason))
		state("failed")
		person.says(join, text, "Try again", "but not", "data-ask")
		s.Clock.Advance(time.Hour) // because of the limit
		person.led(person.post(join), join)
	}
	must(s.Store.Proofs.Propose(t.Context(), attic.look(), proof().ID, "", "https://agent.example.org/prove"))
	person.says(join, `href="https://agent.example.org/prove" rel="noreferrer"`)
	must(s.Store.Proofs.Complete(t.Context(), attic.look(), proof().ID, "u1", models.Caller{}))
	state("done")
	person.says(join, "Done", "/servers")
	owner.says(owner.person(attic, "dora"), "<strong>Anna</strong>")
	person.see(person.post(join), http.StatusUnprocessableEntity, "linked with another local user")

	// The link has ended, or the owner no longer allows proofs.
	link := person.hidden("/servers", "id", "/servers/leave")
	person.led(person.post("/servers/leave", "id", link), "/servers")
	state("")
	owner.led(owner.post(attic.page()+"/self-service", "do", "off"), attic.page()+"/settings", "can no longer link themselves")
	person.see(person.get(join), http.StatusNotFound)
	signedOut := s.browser(t)
	signedOut.led(signedOut.get(join), "/signin?return_to="+url.QueryEscape(join))
}

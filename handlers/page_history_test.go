package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// The page says in sentences of the reader's language what happened, on which device and
// from where.
func TestHistoryPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	other.signIn(other.join("bob"))
	b.led(b.post("/account", "username", "ann", "display_name", "Ann", "language", "de"), "/account")
	b.says("/account", `href="/account/history"`)
	b.says("/account/history", "90 Tage", "Du hast deine Namen, dein Bild oder deine Sprache geändert.", "Du hast dich angemeldet.",
		"Du hast deine E-Mail-Adresse a…@example.org bestätigt.", "Du hast dieses Konto angelegt.", "Firefox auf Linux", "127.0.0.1")
	if page := other.get("/account/history"); strings.Contains(page.body, "You changed your names") || strings.Contains(page.body, "rel=\"next\"") {
		t.Error("the page shows an event of another person, or a next page that does not exist")
	}
}

// The page, the API and the sessions page name what an event was about, in the words of
// the reader's language and as text, whatever the name is.
func TestHistoryNamesSubjects(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	ann := b.join("ann")
	b.signIn(ann)
	in, err := s.Store.Sessions.SignIn(t.Context(), models.SignIn{NameOrEmail: "ann", Password: goodPassword}, models.Caller{Device: "TV <i>{{.Locale}}"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Store.Sessions.End(t.Context(), in.Session.AccountID, in.Session.ID, models.Caller{}); err != nil {
		t.Fatal(err)
	}
	const name = "TV &lt;i&gt;{{.Locale}}"
	b.says("/account/history", "You signed out the browser or device “"+name+"”.")
	b.says("/account/sessions", "You signed out the browser or device “"+name+"”.")
	b.led(b.post("/account", "username", "ann", "display_name", "Ann", "language", "de"), "/account")
	b.says("/account/history", "Du hast den Browser oder das Gerät „"+name+"“ abgemeldet.")
	other.signIn(other.join("bob"))
	other.says("/account/history", "but not", name)
	p := s.program(t)
	var list struct {
		Items []struct{ Kind, Subject string }
	}
	p.as(p.token("ann")).is(p.as(p.token("ann")).get("/account/history"), http.StatusOK, &list)
	for _, event := range list.Items {
		if want := map[string]string{"session_ended": "TV <i>{{.Locale}}", "confirmed": "a…@example.org"}[event.Kind]; event.Subject != want {
			t.Errorf("the event %s has the subject %q, want %q", event.Kind, event.Subject, want)
		}
	}
}

// A person who turns the pages sees every event once, even if a new event happens after
// the first page was shown. The cursor of another account gets 404.
func TestHistoryPagesTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	b.signIn(b.join("ann"))
	other.signIn(other.join("bob"))
	const changes = 64
	for range changes {
		s.Clock.Advance(10 * time.Minute) // changes are limited
		b.led(b.post("/account", "username", "ann", "display_name", "Ann", "language", "en"), "/account")
	}
	var sizes []int
	path := "/account/history"
	for path != "" && len(sizes) < 5 {
		page := b.get(path)
		b.see(page, http.StatusOK)
		sizes = append(sizes, strings.Count(page.body, "<li>\n    <p><strong>"))
		path = nextOf(page)
		if path == "" {
			break
		}
		other.see(other.get(path), http.StatusNotFound)
		b.led(b.post("/account", "username", "ann", "display_name", "Ann", "language", "en"), "/account")
	}
	if diff := cmp.Diff([]int{30, 30, changes + 3 - 60}, sizes); diff != "" {
		t.Errorf("events on the pages (-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"before=", "before=x", "before=1", "before=x&before=y", "before=%ff"} {
		if got := b.get("/account/history?" + wrong).status; !slices.Contains([]int{http.StatusNotFound, http.StatusUnprocessableEntity}, got) {
			t.Errorf("%s: status %d, want 404 or 422", wrong, got)
		}
	}
}

// The page says for how long the service keeps events, which the operator has set.
func TestHistoryPageTellsItsLife(t *testing.T) {
	t.Parallel()
	lives := models.DefaultLives()
	lives.History = 14 * 24 * time.Hour
	b := newSite(t, func(s *handlers.Server) { s.Lives = lives }).browser(t)
	b.signIn(b.join("ann"))
	b.says("/account/history", "14 days")
}

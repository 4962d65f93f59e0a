package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// consoleSite starts a site with an operator, rita, and a person, bob. It returns their browsers and the page of bob's
// account.
func consoleSite(t *testing.T, change ...func(*handlers.Server)) (s *site, rita, bob *browser, page string) {
	t.Helper()
	s = newSite(t, change...)
	rita, bob = s.browser(t), s.browser(t)
	boss, person := s.account(t, "rita"), s.account(t, "bob")
	if err := s.Store.Operators.SetOperator(t.Context(), "rita", true); err != nil {
		t.Fatal(err)
	}
	rita.signIn(boss)
	bob.signIn(person)
	found, err := s.Store.OperatedAccounts.List(t.Context(), models.AccountsAsk{Prefix: "bob", Most: 1})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v; want bob", found, err)
	}
	return s, rita, bob, "/admin/accounts/" + models.FormatID(found[0].ID)
}

// The console is open to operators alone, and only their pages lead to it. Everybody else sees the same page as for an
// address that does not exist.
func TestConsoleIsForOperators(t *testing.T) {
	t.Parallel()
	s, rita, bob, page := consoleSite(t, func(h *handlers.Server) {
		h.Version = "1.4.0-test"
		h.Settings = []handlers.Setting{{Name: "secret-key", Value: "••••", Origin: "file"}}
	})
	rita.says("/admin", "1.4.0-test", "The last 30 days", "<table", `href="/admin/accounts?state=unconfirmed"`)
	rita.says("/admin/settings", "secret-key", "••••")
	rita.says("/servers", `href="/admin"`)
	bob.says("/servers", "but not", `href="/admin"`)
	nothing := bob.get("/no-such-page")
	for _, path := range []string{"/admin", "/admin/accounts", page, "/admin/mails", "/admin/servers", "/admin/throttles", "/admin/settings", "/admin/history"} {
		a := bob.get(path)
		if a.status != nothing.status {
			t.Errorf("%s: %d for a person, want %d as for an unknown address", path, a.status, nothing.status)
		}
		rita.see(rita.get(path), http.StatusOK)
	}
	if err := s.Store.Operators.SetOperator(t.Context(), "rita", false); err != nil {
		t.Fatal(err)
	}
	rita.see(rita.get("/admin"), http.StatusNotFound)
}

// Each act of an operator does what it says. The list of acts then has it with the name of the operator, and
// the person hears that an operator did it.
func TestConsoleActsOnAccounts(t *testing.T) {
	t.Parallel()
	s, rita, bob, page := consoleSite(t)
	done := "It is written down"
	rita.says("/admin/accounts?name=BO", ">bob<", "but not", ">rita<")
	rita.says("/admin/accounts?state=operators", ">rita<", "but not", ">bob<")
	rita.says("/admin/accounts?name=zzz", "Nobody fits.")
	rita.see(rita.get("/admin/accounts?state=x"), http.StatusNotFound)
	rita.see(rita.get("/admin/accounts/1"), http.StatusNotFound)
	rita.led(rita.post(page+"/send-reset"), page, done, "Link for a new password mailed", "rita")
	rita.led(rita.post(page+"/unlock"), page, "Limits of sign-in lifted")
	rita.led(rita.post(page+"/end-sessions"), page)
	if bob.get("/account").status == http.StatusOK {
		t.Error("the sessions of the account are open, want them ended")
	}
	rita.led(rita.post(page+"/operator"), page, "Made an operator")
	rita.led(rita.post(page+"/operator-end"), page, "No longer an operator")
	rita.led(rita.post(page+"/disable"), page, "Disabled since")
	rita.led(rita.post(page+"/enable"), page)
	rita.says(page, "but not", "Disabled since")
	rita.see(rita.post(page+"/confirm"), http.StatusGone)
	bob.signIn(person{"bob", "bob@example.org", goodPassword})
	bob.says("/account/history", "An operator sent you a link", "An operator signed you out everywhere", "but not", "rita")

	// An operator cannot shut themselves out.
	boss, err := s.Store.OperatedAccounts.List(t.Context(), models.AccountsAsk{Prefix: "rita", Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	own := "/admin/accounts/" + models.FormatID(boss[0].ID)
	rita.says(own, "No longer an operator", "but not", own+"/disable", own+"/delete")
	rita.see(rita.post(own+"/operator-end"), http.StatusUnprocessableEntity, "You are the last operator")
	rita.see(rita.post(own+"/disable"), http.StatusUnprocessableEntity, "you would lock yourself out")
	rita.see(rita.post(own+"/delete"), http.StatusUnprocessableEntity, "you would lock yourself out")

	rita.see(rita.post("/account/delete", "current_password", goodPassword), http.StatusUnprocessableEntity, "You are the last operator")

	rita.led(rita.post(page+"/delete"), "/admin/accounts", done)
	rita.see(rita.get(page), http.StatusNotFound)
	rita.says("/admin/history", "Account deleted", "An account that was deleted", "rita", "but not", ">bob<")
}

// Dangerous acts ask for the password again in an old session; the others do not.
func TestDangerousActsOfOperatorsAskAgain(t *testing.T) {
	t.Parallel()
	s, rita, _, page := consoleSite(t)
	s.Clock.Advance(25 * time.Hour)
	again := "/account/confirm-password?return_to=" + url.QueryEscape(page)
	for _, act := range []string{"disable", "end-sessions", "operator", "operator-end", "delete", "confirm", "unlock"} {
		rita.led(rita.post(page+"/"+act), again)
	}
	for _, act := range []string{"send-reset", "enable"} {
		rita.led(rita.post(page+"/"+act), page)
	}
	rita.led(rita.post("/account/confirm-password", "current_password", goodPassword, "return_to", page), page)
	rita.led(rita.post(page+"/disable"), page, "Disabled since")
}

// An operator looks at a mail without its secrets, tries it again and drops it.
func TestConsoleShowsMails(t *testing.T) {
	t.Parallel()
	var shown []models.Letter
	s, rita, _, page := consoleSite(t, func(h *handlers.Server) {
		h.WriteMail = func(l models.Letter) (string, string, error) {
			shown = append(shown, l)
			return "A subject", "A text with " + l.Secret, nil
		}
	})
	rita.led(rita.post(page+"/send-reset"), page)
	list, err := s.Store.OperatedMails.List(t.Context(), models.MailsAsk{Most: 100})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(m models.QueuedMail) bool { return m.Kind == models.MailPasswordReset })
	if at < 0 {
		t.Fatalf("the queue has %v, want a reset", list)
	}
	mail := "/admin/mails/" + models.FormatID(list[at].ID)
	rita.says("/admin/mails", "password_reset", mail)
	rita.says("/admin/mails?state=dead", "No mail is in the queue")
	rita.see(rita.get("/admin/mails?state=x"), http.StatusNotFound)
	rita.says(mail, "A subject", "A text with left-out", "bob@example.org")
	if len(shown) != 1 || shown[0].Secret != models.MailSecretLeftOut {
		t.Errorf("%d letters were written, want one with its secret left out", len(shown))
	}
	rita.led(rita.post(mail+"/retry"), mail, "It is written down")
	rita.led(rita.post(mail+"/drop"), "/admin/mails")
	rita.see(rita.get(mail), http.StatusNotFound)
	rita.says("/admin/history", "Mail dropped", "Mail tried again")
}

// An operator finds what stops a person, and lifts it.
func TestConsoleLiftsThrottles(t *testing.T) {
	t.Parallel()
	s, rita, _, page := consoleSite(t)
	stranger := s.browser(t)
	for range 20 {
		if a := stranger.post("/signin", "name_or_email", "bob", "password", "a wrong password"); a.status == http.StatusTooManyRequests {
			break
		}
	}
	rita.says("/admin/throttles", "in force now")
	rita.says("/admin/throttles?subject=bob", "Sign-in", "for this account")
	rita.says(page, "for this account")
	rita.led(rita.post("/admin/throttles", "subject", " "), "/admin/throttles")
	rita.led(rita.post("/admin/throttles", "subject", "bob"), "/admin/throttles?subject=bob", "No limit stops them now")
	rita.says(page, "No limit stops this account now")
	rita.says("/admin/throttles?subject=192.0.2.1", "No limit stops them now")
}

// An operator sees every server and switches it off and on, and does not learn who its people are.
func TestConsoleShowsServers(t *testing.T) {
	t.Parallel()
	_, rita, bob, _ := consoleSite(t)
	attic := bob.runsAttic()
	server := "/admin/servers/" + attic.id()
	rita.says("/admin/servers", ">Attic<", "of bob")
	rita.says("/admin/servers?state=disabled", "No server fits")
	rita.see(rita.get("/admin/servers?state=x"), http.StatusNotFound)
	rita.says(server, "Who these people are concerns only them", ">bob<")
	rita.led(rita.post(server+"/disable"), server, "Disabled", "Server disabled")
	rita.led(rita.post(server+"/enable"), server, "Server enabled")
	rita.led(rita.post(server+"/remove"), "/admin/servers")
	rita.see(rita.get(server), http.StatusNotFound)
}

// The lists on the pages of operators have several pages, which keep the filters of the list.
func TestConsoleIsTurned(t *testing.T) {
	t.Parallel()
	s, rita, _, _ := consoleSite(t)
	for i := range 25 {
		name := "many" + string(rune('a'+i))
		if _, err := s.Store.Operators.Create(t.Context(), models.SignUp{Username: name, Email: name + "@example.org", Locale: "en"}); err != nil {
			t.Fatal(err)
		}
	}
	first := rita.get("/admin/accounts?name=many&state=unconfirmed")
	rita.see(first, http.StatusOK, ">manya<")
	next := nextOf(first)
	if !strings.Contains(next, "name=many") || !strings.Contains(next, "state=unconfirmed") {
		t.Fatalf("the next page is %q, want the filters in it", next)
	}
	rita.says(next, ">manyy<", "but not", ">manya<")
	rita.says("/admin/history", "Account made", "The command line", `rel="next"`)
}

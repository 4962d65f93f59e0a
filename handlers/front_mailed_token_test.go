package handlers_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// In whatever order the requests of a reset come, the password changes only
// with the token from the mail.
func TestNoWayAroundTheMailedToken(t *testing.T) {
	t.Parallel()
	const walks, steps = 40, 50
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	s := newSite(t)
	victim := s.browser(t)
	p := victim.join("ann")
	mallory := s.browser(t)
	mallory.join("mallory")
	passwords := map[bool]string{false: goodPassword, true: otherPassword}
	changed := 0
	for walk := range walks {
		b := s.browser(t)
		holds := walk%8 == 0
		mailed := ""
		for range steps {
			if holds && mailed == "" && random.IntN(4) == 0 {
				mailed = s.freshReset(t, p)
			}
			b.stumble(random, mailed)
			s.Clock.Advance(time.Duration(random.IntN(120)) * time.Second)
		}
		if holds { // whatever the walk did before, a fresh token changes the password
			b.get("/reset?token=" + s.freshReset(t, p))
			b.post("/reset", "password", otherPassword, "password_again", otherPassword)
		}
		s.Clock.Advance(25 * time.Hour)
		probe := s.browser(t)
		now := probe.post("/signin", "name_or_email", "ann", "password", passwords[false]).status == 303
		if !now {
			changed++
			if !holds {
				t.Fatalf("seed %d: the password changed without a token", seed)
			}
			// Set the old password again.
			token := s.freshReset(t, p)
			probe.get("/reset?token=" + token)
			probe.led(probe.post("/reset", "password", goodPassword, "password_again", goodPassword), "/signin")
			s.Clock.Advance(25 * time.Hour)
		}
	}
	if want := walks / 8; changed != want {
		t.Errorf("seed %d: %d walks with a token changed the password, want all %d", seed, changed, want)
	}
}

// freshReset returns the token of a new reset.
func (s *site) freshReset(t *testing.T, p person) string {
	t.Helper()
	s.Clock.Advance(25 * time.Hour)
	if err := s.Store.Recovery.Request(t.Context(), p.username, models.Caller{Address: "192.0.2.1"}, false); err != nil {
		t.Fatal(err)
	}
	return s.letter(t, models.MailPasswordReset, p.email).Secret
}

// stumble takes one step of a reset, sensible or not.
func (b *browser) stumble(random *rand.Rand, token string) {
	b.t.Helper()
	both := []string{"password", otherPassword, "password_again", otherPassword}
	guess := "lkm_" + goodPassword
	moves := []func(){
		func() { b.get("/forgot") },
		func() { b.post("/forgot", "name_or_email", "ann") },
		func() { b.post("/forgot", "name_or_email", "mallory@example.org") },
		func() { b.get("/forgot/sent") },
		func() { b.get("/reset") },
		func() { b.get("/reset?token=" + guess) },
		func() { b.post("/reset", both...) },
		func() { b.post("/reset", append(both, "token", guess)...) },
		func() { b.post("/reset", append(both, "username", "ann")...) },
		func() { b.post("/reset") },
		func() { b.post("/confirm", "token", guess) },
		func() { b.post("/account/email/undo") },
		func() { b.post("/account/password", append(both, "current_password", otherPassword)...) },
		func() { b.post("/account/pin/reset", "do", "remove") },
		func() { b.post("/signin", "name_or_email", "mallory", "password", goodPassword) },
		func() { b.post("/account/password", "password", otherPassword) },
		func() { b.post("/signout") },
		func() { b.post("/signup/resend") },
	}
	if token != "" {
		moves = append(moves,
			func() { b.get("/reset?token=" + token) },
			func() { b.get("/confirm?token=" + token) }, // a token for another purpose
			func() { b.post("/reset", both...) },
		)
	}
	moves[random.IntN(len(moves))]()
}

// mailedPages returns the pages to which mailed links lead, each with the cookie that keeps the
// token of its link.
func mailedPages() map[string]string {
	return map[string]string{
		"/confirm": "confirm", "/reset": "reset", "/account/email/confirm": "email-confirm", "/account/email/undo": "email-undo",
		"/account/pin/reset": "pin-reset", "/account/sessions/not-me": "not-me", "/invite": "invite",
	}
}

// A mailed link still leads to its page if it was copied together with a punctuation mark
// or an invisible character.
func TestMailedLinksWithStrayMarks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := "lkm_" + strings.Repeat("Ab1-_", 9)
	for page, cookie := range mailedPages() {
		for _, mark := range []string{
			"", ".", ",", ")", ">", "%3E", `%22`, "'", "%E2%80%9D", "%20", "+", "%E2%80%8B", "/", ";", ":", "%", "!", "*", "].", "&utm_source=mail.", "&amp;x",
		} {
			b := s.browser(t)
			a := b.get(page + "?token=" + token + mark)
			if a.status != http.StatusSeeOther || a.location() != page || b.held("__Host-latchkey-link-"+cookie) != token {
				t.Errorf("%s with %q behind its token: %d to %q with the token %q, want the page with the token",
					page, mark, a.status, a.location(), b.held("__Host-latchkey-link-"+cookie))
			}
			if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("%s: the answer at the address with the token has the policy %q, want no-referrer", page, got)
			}
		}
		b := s.browser(t)
		if a := b.get(page + ".?token=%22" + token); a.status != http.StatusSeeOther || !strings.HasPrefix(a.location(), page+"?token=") {
			t.Errorf("%s with a full stop: %d to %q, want the page without it", page, a.status, a.location())
		}
	}
	b := s.browser(t)
	b.see(b.get("/reset?token="+token+"&token=lkm_other"), http.StatusGone)
}

// The page of a mailed link has the Referrer-Policy same-origin, so that browsers without
// Sec-Fetch-Site send its form with the origin of this site. A form with "Origin: null"
// is refused here as everywhere.
func TestMailedPagesSendTheirOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for page := range mailedPages() {
		b := s.browser(t)
		b.get(page + "?token=lkm_" + strings.Repeat("a", 50))
		if got := b.get(page).header.Get("Referrer-Policy"); got != "same-origin" {
			t.Errorf("%s has the policy %q, want same-origin", page, got)
		}
		if page == "/invite" { // its forms are on other pages
			continue
		}
		for origin, refused := range map[string]bool{"null": true, b.URL: false} {
			request := b.request(http.MethodPost, page, "")
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Origin", origin)
			if a := b.send(request); (a.status == http.StatusForbidden) != refused {
				t.Errorf("%s with the origin %s: %d, want it refused: %t", page, origin, a.status, refused)
			}
		}
	}
}

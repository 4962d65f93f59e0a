package handlers_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// same returns an answer without the parts that differ between any two answers.
func same(a answer, typed ...string) string {
	header := maps.Clone(a.header)
	header.Del("Date")
	header.Del("Content-Length") // it depends on the length of the text that was typed
	header.Del("X-Request-Id")
	text := fmt.Sprint(a.status, a.location(), a.body)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		text += fmt.Sprintf("\n%s: %q", name, header[name])
	}
	// The random parts are removed first, because they may contain a typed word by chance.
	text = regexp.MustCompile(`nonce-[\w-]{22}|nonce="[\w-]{22}"`).ReplaceAllString(text, "NONCE")
	text = regexp.MustCompile(`latchkey-pending=[\w-]+`).ReplaceAllString(text, "PENDING")
	for _, word := range typed {
		text = regexp.MustCompile(regexp.QuoteMeta(word)).ReplaceAllString(text, "TYPED")
	}
	return text
}

// No answer tells whether an address has an account.
func TestSignUpTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.browser(t)
	p := owner.join("ann")
	signUp := func(username, email string) string {
		b := s.browser(t)
		posted := b.post("/signup", "username", username, "display_name", "", "email", email, "password", otherPassword, "password_again", otherPassword)
		sent := b.get("/signup/sent")
		b.Clock.Advance(time.Minute)
		again := b.post("/signup/resend")
		return same(posted, email, username) + same(sent, email, username) + same(again, email, username)
	}
	known := signUp("bobby", p.email)
	unknown := signUp("cathy", "cathy@example.org")
	if diff := cmp.Diff(unknown, known); diff != "" {
		t.Errorf("answers differ (-unknown +known):\n%s", diff)
	}
	s.letter(t, models.MailAlreadyRegistered, p.email)
	for _, letter := range s.Mailbox.Letters(t) {
		if letter.To == p.email && letter.Kind == models.MailConfirm && letter.Facts.Username != "ann" {
			t.Error("a stranger's sign-up sent a link to the owner of the address")
		}
	}
}

func TestForgotTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.browser(t).join("ann")
	forgot := func(name string) string {
		b := s.browser(t)
		out := ""
		for range 8 { // until the limits apply
			out += same(b.post("/forgot", "name_or_email", name), name) + same(b.get("/forgot/sent"), name)
		}
		return out
	}
	unknown := forgot("nobody@example.org")
	for _, name := range []string{p.email, p.username} {
		if diff := cmp.Diff(unknown, forgot(name)); diff != "" {
			t.Errorf("%s: answers differ (-unknown +known):\n%s", name, diff)
		}
	}
}

// Wrong passwords get the same answer for every account, also after too many wrong
// passwords.
func TestSignInTellsNothing(t *testing.T) {
	servicetest.SkipIfShort(t, "it signs in many times")
	t.Parallel()
	s := newSite(t)
	p := s.browser(t).join("ann")
	pending := s.browser(t)
	pending.see(pending.post("/signup", "username", "waits", "display_name", "", "email", "waits@example.org",
		"password", goodPassword, "password_again", goodPassword), http.StatusSeeOther)
	s.browser(t).join("expelled")
	if err := s.Store.Operators.Disable(t.Context(), "expelled"); err != nil {
		t.Fatal(err)
	}
	try := func(name string) (answers []string, throttled bool) {
		b := s.browser(t)
		for range 6 {
			a := b.post("/signin", "name_or_email", name, "password", "wrong-"+otherPassword)
			throttled = throttled || a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != ""
			answers = append(answers, same(a, name))
		}
		return answers, throttled
	}
	unknown, throttled := try("nobody")
	if !throttled {
		t.Fatal("no limit was met")
	}
	for _, name := range []string{p.username, "waits", "expelled"} {
		got, _ := try(name)
		if diff := cmp.Diff(unknown, got); diff != "" {
			t.Errorf("%s: answers differ (-unknown +known):\n%s", name, diff)
		}
	}
	disabled := s.browser(t)
	s.Clock.Advance(24 * time.Hour)
	disabled.see(disabled.post("/signin", "name_or_email", "expelled", "password", goodPassword), http.StatusUnprocessableEntity, "disabled")
}

// A stranger who uses up the attempts does not lock the owner out.
func TestStrangersDoNotLockTheOwnerOut(t *testing.T) {
	servicetest.SkipIfShort(t, "it signs in many times")
	t.Parallel()
	s := newSite(t)
	owner, stranger := s.browser(t), s.browser(t)
	p := owner.join("ann")
	owner.signIn(p)
	owner.post("/signout")
	var last answer
	for range 12 {
		last = stranger.post("/signin", "name_or_email", "ann", "password", "wrong-password")
	}
	stranger.see(last, http.StatusTooManyRequests, "Please wait")
	stranger.see(stranger.post("/signin", "name_or_email", "ann", "password", p.password), http.StatusTooManyRequests, `value="ann"`)
	owner.signIn(p)
}

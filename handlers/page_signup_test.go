package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

func TestSignUpToSignIn(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.see(b.get("/"), http.StatusOK, "Latchkey")
	b.see(b.get("/signup"), http.StatusOK, `name="username"`)
	b.led(b.post("/signup", "username", "ann", "display_name", "Ann B.", "email", "wrong@example.org",
		"password", goodPassword, "password_again", goodPassword), "/signup/sent", "wrong@example.org")

	// The address was mistyped.
	b.wrong(b.post("/signup/correct", "email", "no address"), "email")
	b.led(b.post("/signup/correct", "email", "ann@example.org"), "/signup/sent", "ann@example.org")
	b.Clock.Advance(time.Minute)
	b.led(b.post("/signup/resend"), "/signup/sent", "on its way")

	// The right password does not sign in before the address is confirmed.
	other := b.browser(t)
	other.led(other.post("/signin", "name_or_email", "ann", "password", goodPassword), "/signup/sent", "confirm your email address first", "ann@example.org")

	token := b.letter(t, models.MailConfirm, "ann@example.org").Secret
	moved := b.get("/confirm?token=" + token)
	if moved.header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("the page that a mail leads to gives its address away")
	}
	b.led(moved, "/confirm", "ann@example.org", `name="token" value="`+token+`"`)
	b.see(b.get("/confirm"), http.StatusOK) // opening the link changes nothing
	b.see(other.post("/signin", "name_or_email", "ann", "password", goodPassword), http.StatusSeeOther)
	b.led(b.post("/confirm", "token", token), "/signin", "Your email address is confirmed")
	// A spent link says that the address is already confirmed, but only to a browser that
	// sends the exact token; a wrong token is refused like any other.
	b.led(b.post("/confirm", "token", token), "/signin", "already confirmed")
	late := b.browser(t)
	late.see(late.get("/confirm?token="+token), http.StatusSeeOther)
	late.led(late.get("/confirm"), "/signin", "already confirmed")
	late.see(late.get("/confirm"), http.StatusGone, "no longer works")
	late.see(late.post("/confirm", "token", token[:len(token)-1]+"x"), http.StatusGone, "no longer works")

	// The other browser learns that its sign-up no longer waits.
	other.see(other.get("/signup/sent"), http.StatusOK, "no longer knows")
	if other.held("__Host-latchkey-pending") != "" {
		t.Error("a browser still holds a sign-up that is over")
	}

	in := b.post("/signin", "name_or_email", "ANN@example.org", "password", goodPassword)
	b.led(in, "/servers", "Servers you may use")
	session := in.cookie("__Host-latchkey-session")
	if session == nil || !session.Secure || !session.HttpOnly || session.Path != "/" || session.Domain != "" ||
		session.SameSite != http.SameSiteLaxMode || session.MaxAge < 86400 {
		t.Errorf("session cookie %+v, want SameSite Lax and at least a day", session)
	}
	if b.get("/signin").location() != "/servers" || b.get("/signup").location() != "/servers" {
		t.Error("somebody who is signed in is asked to sign in or up")
	}

	out := b.post("/signout")
	if out.header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("Clear-Site-Data = %q, want %q", out.header.Get("Clear-Site-Data"), `"cache"`)
	}
	if device := out.cookie("__Host-latchkey-device"); device != nil {
		t.Error("sign-out touches the known-device cookie")
	}
	b.led(out, "/", "You are signed out")
	if strings.Contains(b.get("/").body, "You are signed out") {
		t.Error("a notice is said twice")
	}
	b.led(b.get("/account/password"), "/signin?return_to=%2Faccount%2Fpassword")
	b.led(b.post("/signin", "name_or_email", "ann", "password", goodPassword, "return_to", "/account/password"), "/account/password", "New password")
}

// Two people sign up with one address: the second person is told that the address is taken,
// and how to continue.
func TestSecondToConfirmIsTold(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	tokens := map[string]string{}
	for _, name := range []string{"ann", "bob"} {
		b.led(b.post("/signup", "username", name, "email", "both@example.org", "password", goodPassword, "password_again", goodPassword), "/signup/sent")
		tokens[name] = b.letter(t, models.MailConfirm, "both@example.org").Secret
	}
	b.led(b.post("/confirm", "token", tokens["ann"]), "/signin")
	b.see(b.post("/confirm", "token", tokens["bob"]), http.StatusConflict,
		"<h1>This address is taken</h1>", "belongs to an account already", `class="button" href="/signin"`)
}

func TestSignUpMistakes(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.join("taken")
	tests := []struct {
		name   string
		change []string
		field  string
	}{
		{"short username", []string{"username", "ab"}, "username"},
		{"reserved username", []string{"username", "admin"}, "username"},
		{"taken username, in other case", []string{"username", "TAKEN"}, "username"},
		{"display name", []string{"display_name", "a\u202eb"}, "display_name"},
		{"email", []string{"email", "ann@nodot"}, "email"},
		{"short password", []string{"password", "short", "password_again", "short"}, "password"},
		{"common password", []string{"password", "password123", "password_again", "password123"}, "password"},
		{"own name", []string{"username", "annabella", "password", "Annabella99", "password_again", "Annabella99"}, "password"},
		{"typed twice in two ways", []string{"password_again", otherPassword}, "password_again"},
	}
	for _, tt := range tests {
		fields := url.Values{
			"username": {"ann"}, "display_name": {"<Ann>"}, "email": {"ann@example.org"},
			"password": {goodPassword}, "password_again": {goodPassword},
		}
		for i := 0; i < len(tt.change); i += 2 {
			fields.Set(tt.change[i], tt.change[i+1])
		}
		var pairs []string
		for name := range fields {
			pairs = append(pairs, name, fields.Get(name))
		}
		a := b.post("/signup", pairs...)
		b.wrong(a, tt.field)
		if strings.Contains(a.body, goodPassword) || strings.Contains(a.body, "<Ann>") {
			t.Errorf("%s: the page holds a password or raw markup", tt.name)
		}
		if tt.field != "display_name" && !strings.Contains(a.body, "&lt;Ann&gt;") {
			t.Errorf("%s: what was typed is lost", tt.name)
		}
		if strings.Count(a.body, " autofocus") != 1 {
			t.Errorf("%s: %d fields have the focus, want 1", tt.name, strings.Count(a.body, " autofocus"))
		}
	}
	b.Mailbox.Deliver(t)
	for _, letter := range b.Mailbox.Letters(t) {
		if letter.To == "ann@example.org" {
			t.Error("a form with mistakes sent a mail")
		}
	}
}

func TestSignUpPolicies(t *testing.T) {
	t.Parallel()
	for policy, want := range map[models.SignUpPolicy]string{models.SignUpClosed: "Sign-up is closed", models.SignUpInvite: "You need an invite"} {
		b := newSite(t, func(s *handlers.Server) { s.SignUp = policy }).browser(t)
		b.see(b.get("/signup"), http.StatusOK, want)
		b.see(b.post("/signup", "username", "ann"), http.StatusForbidden, want)
		if strings.Contains(b.get("/").body, `href="/signup"`) {
			t.Errorf("%s: the landing page offers sign-up", policy)
		}
	}
}

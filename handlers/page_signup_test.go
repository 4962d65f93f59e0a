package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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

	// The right password leads to "confirm first", not in.
	other := b.browser(t)
	other.led(other.post("/signin", "name_or_email", "ann", "password", goodPassword), "/signup/sent", "confirm your email address first", "ann@example.org")

	token := b.letter(t, models.MailConfirm, "ann@example.org").Secret
	moved := b.get("/confirm?token=" + token)
	if moved.header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("the page that a mail leads to gives its address away")
	}
	b.led(moved, "/confirm", "ann@example.org", `name="token" value="`+token+`"`)
	b.see(b.get("/confirm"), http.StatusOK) // looking changes nothing
	b.see(other.post("/signin", "name_or_email", "ann", "password", goodPassword), http.StatusSeeOther)
	b.led(b.post("/confirm", "token", token), "/signin", "Your email address is confirmed")
	b.see(b.post("/confirm", "token", token), http.StatusGone, "no longer works")

	// The other browser learns that it waits for nothing any more.
	other.see(other.get("/signup/sent"), http.StatusOK, "no longer knows")
	if other.held("__Host-latchkey-pending") != "" {
		t.Error("a browser still holds a sign-up that is over")
	}

	in := b.post("/signin", "name_or_email", "ANN@example.org", "password", goodPassword)
	b.led(in, "/account", "Ann B.")
	session := in.cookie("__Host-latchkey-session")
	if session == nil || !session.Secure || !session.HttpOnly || session.Path != "/" || session.Domain != "" ||
		session.SameSite != http.SameSiteLaxMode || session.MaxAge < 86400 {
		t.Errorf("session cookie = %+v", session)
	}
	if b.get("/signin").location() != "/account" || b.get("/signup").location() != "/account" {
		t.Error("somebody who is signed in is asked to sign in or up")
	}

	out := b.post("/signout")
	if out.header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("Clear-Site-Data = %q", out.header.Get("Clear-Site-Data"))
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

// Two people waited with one address: the second is told, and how to go on.
func TestAddressIsTakenMeanwhile(t *testing.T) {
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
			t.Errorf("%s: %d fields have the focus", tt.name, strings.Count(a.body, " autofocus"))
		}
	}
	b.deliver(t)
	for _, letter := range b.letters {
		if letter.To == "ann@example.org" {
			t.Error("a form with mistakes sent a mail")
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, other := s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	other.signIn(p)

	b.wrong(b.post("/account/password", "current_password", "no", "password", otherPassword, "password_again", otherPassword), "current_password")
	b.wrong(b.post("/account/password", "current_password", p.password, "password", otherPassword, "password_again", "x"), "password_again")
	b.wrong(b.post("/account/password", "current_password", p.password, "password", p.password, "password_again", p.password), "password")
	b.led(b.post("/account/password", "current_password", p.password, "password", otherPassword, "password_again", otherPassword),
		"/account", "Your password is changed")
	if !b.isSignedIn() || other.isSignedIn() {
		t.Error("want this session to go on and the other to end")
	}
	s.letter(t, models.MailPasswordChanged, p.email)
	other.see(other.post("/signin", "name_or_email", "ann", "password", p.password), http.StatusUnprocessableEntity)
	p.password = otherPassword
	other.signIn(p)

	if a := b.get("/.well-known/change-password"); a.status != http.StatusFound || a.location() != "/account/password" {
		t.Errorf("change-password: %d to %q", a.status, a.location())
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, thief := s.browser(t), s.browser(t)
	p := b.join("ann")
	thief.signIn(p)

	b.wrong(b.post("/forgot", "name_or_email", " "), "name_or_email")
	b.led(b.post("/forgot", "name_or_email", "ann"), "/forgot/sent", "Look into your mail")
	token := s.letter(t, models.MailPasswordReset, p.email).Secret
	b.led(b.get("/reset?token="+token), "/reset", "ann")
	b.wrong(b.post("/reset", "password", otherPassword, "password_again", "x"), "password_again")
	b.wrong(b.post("/reset", "password", "short", "password_again", "short"), "password")
	b.led(b.post("/reset", "password", otherPassword, "password_again", otherPassword), "/signin", "Your new password is saved")
	if b.held("__Host-latchkey-link-reset") != "" {
		t.Error("the browser still holds the token")
	}
	if b.isSignedIn() || thief.isSignedIn() {
		t.Error("a reset must end all sessions and sign nobody in")
	}
	b.see(b.post("/reset", "password", goodPassword, "password_again", goodPassword), http.StatusGone)
	b.see(b.get("/reset?token="+token), http.StatusSeeOther)
	b.see(b.get("/reset"), http.StatusGone, `href="/forgot"`)
	p.password = otherPassword
	b.signIn(p)
}

func TestEmailChangeAndUndo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, owner := s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)

	b.wrong(b.post("/account/email", "email", "new@example.org", "current_password", "no"), "current_password")
	b.wrong(b.post("/account/email", "email", p.email, "current_password", p.password), "email")
	b.led(b.post("/account/email", "email", "new@example.org", "current_password", p.password), "/account/email", "new@example.org")
	s.letter(t, models.MailEmailAsked, p.email)
	token := s.letter(t, models.MailEmailConfirm, "new@example.org").Secret
	b.led(b.get("/account/email/confirm?token="+token), "/account/email/confirm", "new@example.org")
	b.led(b.post("/account/email/confirm"), "/account", "Your email address is changed", "new@example.org")

	b.see(b.get("/account/delete"), http.StatusOK, "can be deleted from")
	b.see(b.post("/account/delete", "current_password", p.password), http.StatusUnprocessableEntity, "can be deleted from")

	undo := s.letter(t, models.MailEmailChanged, p.email).Secret
	owner.led(owner.get("/account/email/undo?token="+undo), "/account/email/undo", p.email)
	owner.led(owner.post("/account/email/undo"), "/reset", "New password")
	if b.isSignedIn() {
		t.Error("undo must end all sessions")
	}
	owner.led(owner.post("/reset", "password", otherPassword, "password_again", otherPassword), "/signin")
	p.password = otherPassword
	owner.signIn(p)
	owner.see(owner.get("/account"), http.StatusOK, p.email)
	owner.see(owner.get("/account/email/undo?token="+undo), http.StatusSeeOther)
	owner.see(owner.get("/account/email/undo"), http.StatusGone)
}

func TestPIN(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	b.signIn(p)

	b.wrong(b.post("/account/pin", "do", "set", "pin", "1234", "pin_again", "1234"), "pin")
	b.wrong(b.post("/account/pin", "do", "set", "pin", "", "pin_again", ""), "pin")
	b.wrong(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2"), "pin_again")
	b.see(b.post("/account/pin", "do", "else", "pin", "k7m2x", "pin_again", "k7m2x"), http.StatusBadRequest)
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account", "Your PIN is set")
	b.see(b.get("/account/pin"), http.StatusOK, `name="current_pin"`)
	b.wrong(b.post("/account/pin", "do", "set", "current_pin", "wrong", "pin", "p9q4r", "pin_again", "p9q4r"), "current_pin")
	b.led(b.post("/account/pin", "do", "set", "current_pin", "k7m2x", "pin", "p9q4r", "pin_again", "p9q4r"), "/account", "Your PIN is changed")
	b.wrong(b.post("/account/pin", "do", "remove", "current_pin", "k7m2x"), "remove_current_pin")

	// Forgotten: by mail, also in a browser that is not signed in.
	b.led(b.post("/account/pin/mail"), "/account/pin/forgot", "mailed you a link")
	token := s.letter(t, models.MailPINReset, p.email).Secret
	other := s.browser(t)
	other.led(other.get("/account/pin/reset?token="+token), "/account/pin/reset", "ann")
	other.wrong(other.post("/account/pin/reset", "do", "set", "pin", "9999", "pin_again", "9999"), "pin")
	if a := other.post("/account/pin/reset", "do", "set", "pin", "z3x8c", "pin_again", "z3x8c"); a.status != http.StatusSeeOther {
		t.Fatalf("reset: %d %s", a.status, summary(a.body))
	}
	if other.isSignedIn() {
		t.Error("a PIN reset opened a session")
	}
	// By password.
	b.wrong(b.post("/account/pin/forgot", "do", "set", "current_password", "no", "pin", "a2w3c8d", "pin_again", "a2w3c8d"), "current_password")
	b.led(b.post("/account/pin/forgot", "do", "set", "current_password", p.password, "pin", "a2w3c8d", "pin_again", "a2w3c8d"), "/account", "Your PIN is")
	b.led(b.post("/account/pin", "do", "remove", "current_pin", "a2w3c8d"), "/account", "Your PIN is removed")
	s.letter(t, models.MailPINChanged, p.email)

	// After a year a reminder.
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account")
	for range 61 {
		b.Clock.Advance(6 * 24 * time.Hour)
		if !b.isSignedIn() {
			b.signIn(p)
		}
		if err := s.Store.Sessions.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.see(b.get("/account"), http.StatusOK, "More than a year ago")
}

func TestPINThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.signIn(b.join("ann"))
	b.see(b.post("/account/pin", "do", "remove"), http.StatusNotFound, "<h1>You have no PIN</h1>", `class="button" href="/account/pin"`)
}

func TestPINTriesRunOut(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	b.signIn(b.join("ann"))
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account")
	var last answer
	for range 6 {
		last = b.post("/account/pin", "do", "remove", "current_pin", "wrong1")
	}
	b.see(last, http.StatusTooManyRequests, "reset the PIN")
	if last.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestSessionsPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, phone, third := s.browser(t), s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	phone.header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1")
	phone.signIn(p)
	page := b.get("/account/sessions")
	b.see(page, http.StatusOK, "Firefox on Linux", "Safari on iPhone", "This browser", "127.0.0.1", "Signed in")

	_, id, _ := strings.Cut(page.body, `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	stranger := s.browser(t)
	stranger.signIn(stranger.join("bob"))
	stranger.see(stranger.post("/account/sessions/end", "id", id), http.StatusNotFound)
	if !phone.isSignedIn() {
		t.Fatal("a stranger ended the session")
	}
	b.see(b.post("/account/sessions/end", "id", "x"), http.StatusNotFound)
	b.led(b.post("/account/sessions/end", "id", id), "/account/sessions", "That device is signed out")
	if phone.isSignedIn() {
		t.Error("the session did not end")
	}

	phone.signIn(p)
	third.signIn(p)
	b.led(b.post("/account/sessions/end-others"), "/account/sessions", "are signed out")
	if phone.isSignedIn() || third.isSignedIn() || !b.isSignedIn() {
		t.Error("want all sessions but this to end")
	}
	phone.signIn(p)
	b.led(b.post("/signout/everywhere"), "/signin", "signed out on all")
	if phone.isSignedIn() || b.isSignedIn() {
		t.Error("want all sessions to end")
	}
}

func TestNotMe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, thief, mail := s.browser(t), s.browser(t), s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	thief.header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0")
	thief.signIn(p)
	token := s.letter(t, models.MailNewDevice, p.email).Secret
	mail.led(mail.get("/account/sessions/not-me?token="+token), "/account/sessions/not-me", "Firefox on Windows")
	if !thief.isSignedIn() {
		t.Fatal("looking ended the session")
	}
	mail.led(mail.post("/account/sessions/not-me"), "/account/password")
	if thief.isSignedIn() || !b.isSignedIn() {
		t.Error("want that session alone to end")
	}
}

func TestReauthentication(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	p := b.join("ann")
	b.signIn(p)
	b.see(b.get("/account/export"), http.StatusOK)
	b.Clock.Advance(25 * time.Hour)
	for _, path := range []string{"/account/export", "/account/email", "/account/pin"} {
		b.led(b.get(path), "/account/confirm-password?return_to="+url.QueryEscape(path), "Your password, please")
	}
	b.led(b.post("/account/sessions/end-others"), "/account/confirm-password?return_to=%2Faccount%2Fsessions")
	b.led(b.post("/account/email", "email", "x@example.org", "current_password", p.password), "/account/confirm-password?return_to=%2Faccount%2Femail")
	b.led(b.post("/account/pin", "do", "set", "pin", "k7m2x", "pin_again", "k7m2x"), "/account/confirm-password?return_to=%2Faccount%2Fpin")
	b.see(b.get("/account"), http.StatusOK)
	b.wrong(b.post("/account/confirm-password", "current_password", "no", "return_to", "/account/email"), "current_password")
	before := b.token()
	b.led(b.post("/account/confirm-password", "current_password", p.password, "return_to", "/account/email"), "/account/email", "new address")
	if before == b.token() {
		t.Error("the token did not change")
	}
}

func TestProfileAndLanguage(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	p := b.join("ann")
	b.signIn(p)
	b.wrong(b.post("/account", "username", "root", "display_name", "Ann", "language", "en"), "username")
	b.see(b.post("/account", "username", "ann", "display_name", "Ann", "language", "xx"), http.StatusUnprocessableEntity, `id="language-error"`)
	b.led(b.post("/account", "username", "anna", "display_name", "Änn", "language", "de"), "/account", "Änn", `<html lang="de">`, "Dein Profil ist gespeichert")
	b.led(b.post("/language", "language", "en", "return_to", "/account/password"), "/account/password", `<html lang="en">`)
	b.see(b.post("/language", "language", "xx"), http.StatusBadRequest)

	visitor := b.browser(t)
	visitor.see(visitor.get("/signin"), http.StatusOK, `<html lang="en">`)
	visitor.header.Set("Accept-Language", "de-AT,de;q=0.9,en;q=0.1")
	visitor.see(visitor.get("/signin"), http.StatusOK, `<html lang="de">`)
	visitor.led(visitor.post("/language", "language", "en", "return_to", "//evil.example"), "/account")
	visitor.see(visitor.get("/signin"), http.StatusOK, `<html lang="en">`)
}

func TestExportAndDelete(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser(t)
	p := b.join("ann")
	b.signIn(p)
	looked := b.send(b.request(http.MethodHead, "/account/export", ""))
	if looked.status != http.StatusOK || looked.header.Get("Content-Disposition") == "" {
		t.Errorf("HEAD: %d %v", looked.status, looked.header)
	}
	for _, from := range []string{"cross-site", "same-site"} {
		b.see(b.from(from, http.MethodGet, "/account/export"), http.StatusForbidden, "another site")
	}
	a := b.get("/account/export")
	b.see(a, http.StatusOK)
	if noted := strings.Count(a.body, `"kind": "exported"`); noted != 1 { // an export tells of itself
		t.Errorf("%d exports are noted, want 1", noted)
	}
	var file struct {
		Account struct {
			ID       string `json:"id"`
			Username string `json:"username"`
		} `json:"account"`
		Sessions []any `json:"sessions"`
		History  []any `json:"history"`
		Links    []any `json:"mailed_links_not_used_yet"`
	}
	if err := json.Unmarshal([]byte(a.body), &file); err != nil {
		t.Fatal(err)
	}
	if file.Account.Username != "ann" || file.Account.ID == "" || len(file.Sessions) != 1 || len(file.History) == 0 || file.Links == nil {
		t.Errorf("export = %+v", file)
	}
	if got := a.header.Get("Content-Disposition"); got != `attachment; filename="latchkey-ann.json"` {
		t.Errorf("Content-Disposition = %q", got)
	}
	for _, secret := range []string{b.token(), goodPassword, "hash"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the export holds %.12s…", secret)
		}
	}
	b.wrong(b.post("/account/delete", "current_password", "no"), "current_password")
	gone := b.post("/account/delete", "current_password", p.password)
	b.led(gone, "/", "Your account is deleted")
	if b.token() != "" || gone.header.Get("Clear-Site-Data") == "" {
		t.Error("the browser still holds something of the account")
	}
	s.letter(t, models.MailAccountDeleted, p.email)
	b.see(b.post("/signin", "name_or_email", "ann", "password", p.password), http.StatusUnprocessableEntity)
	b.join("ann") // the name is free
}

// token is the session token that the browser holds.
func (b *browser) token() string {
	b.t.Helper()
	return b.held("__Host-latchkey-session")
}

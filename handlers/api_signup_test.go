package handlers_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func signUpMembers(username string, more ...string) []string {
	return append([]string{"username", username, "email", username + "@example.org", "password", goodPassword}, more...)
}

// A program makes an account, confirms it and signs in.
func TestAPISignUp(t *testing.T) {
	t.Parallel()
	p := newSite(t).program(t)
	var made struct {
		Username     string
		PendingToken string `json:"pending_token"`
	}
	p.is(p.with("Accept-Language", "de").post("/accounts", signUpMembers("Ann", "display_name", "Ann B.", "email", "wrong@example.org")...),
		http.StatusAccepted, &made)
	p.plant(made.PendingToken)
	if made.Username != "Ann" || !strings.HasPrefix(made.PendingToken, "lkp_") {
		t.Errorf("%+v, want username Ann, beginning with %q", made, "lkp_")
	}
	first := p.letter(t, models.MailConfirm, "wrong@example.org")
	if first.Locale != "de" {
		t.Errorf("the mail is in %q, want de", first.Locale)
	}

	// The address was mistyped.
	correct := func(token, email string) answer {
		return p.post("/accounts/correct", "pending_token", token, "email", email)
	}
	p.wrong(correct(made.PendingToken, "nonsense"), 422, "email", "email_invalid")
	p.wrong(correct("", ""), 422, "pending_token", "field_required", "email", "field_required")
	p.mailed(correct(made.PendingToken, "ann@example.org"))
	p.refused(p.post("/accounts/confirm", "token", first.Secret), http.StatusGone, "token_expired")
	old := p.letter(t, models.MailConfirm, "ann@example.org").Secret
	p.Clock.Advance(time.Minute)
	p.mailed(p.post("/accounts/resend", "pending_token", made.PendingToken))
	token := p.letter(t, models.MailConfirm, "ann@example.org").Secret
	for range 20 { // over the limit the answer is the same, and no mail is sent
		p.mailed(p.post("/accounts/resend", "pending_token", made.PendingToken))
	}
	if again := p.letter(t, models.MailConfirm, "ann@example.org").Secret; again != token {
		t.Error("a mail went out over the limit")
	}
	p.refused(p.post("/sessions", "name_or_email", "ann", "password", goodPassword), http.StatusForbidden, "confirm_first")

	p.refused(p.post("/accounts/confirm", "token", old), http.StatusGone, "token_expired")
	p.refused(p.post("/accounts/confirm", "token", "nonsense"), http.StatusGone, "token_expired")
	p.wrong(p.post("/accounts/confirm"), 422, "token", "field_required")
	p.done(p.post("/accounts/confirm", "token", token))
	p.refused(p.post("/accounts/confirm", "token", token), http.StatusGone, "token_expired")
	p.refused(correct(made.PendingToken, "ann@example.org"), http.StatusGone, "token_expired")
	p.refused(p.post("/accounts/resend", "pending_token", made.PendingToken), http.StatusGone, "token_expired")
	p.wrong(p.post("/accounts/resend"), 422, "pending_token", "field_required")

	var account map[string]any
	p.is(p.as(p.token("ann")).get("/account"), http.StatusOK, &account)
	if id, _ := account["id"].(string); !regexp.MustCompile(`^[0-9]+$`).MatchString(id) {
		t.Errorf("id %q, want decimal digits", id)
	}
	delete(account, "id")
	want := map[string]any{
		"username": "Ann", "display_name": "Ann B.", "email": "ann@example.org", "pending_email": nil, "time_zone": "", "language": "de", "picture": "",
		"has_pin": false, "operator": false, "created_at": "2026-03-04T05:06:07Z", "confirmed_at": "2026-03-04T05:07:07Z",
	}
	if diff := cmp.Diff(want, account); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
}

func TestAPISignUpRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.program(t)
	p.signedUp("ann")
	p.wrong(p.post("/accounts"), 422, "username", "username_invalid", "email", "email_invalid", "password", "password_too_short")
	p.wrong(p.post("/accounts", signUpMembers("x", "language", "xx")...), 422, "username", "username_invalid", "language", "language_invalid")
	p.wrong(p.post("/accounts", signUpMembers("bob", "language", "xx")...), 422, "language", "language_invalid")
	p.wrong(p.post("/accounts", signUpMembers("ANN")...), http.StatusConflict, "username", "username_taken")
	for _, key := range []string{"", " ", strings.Repeat("k", 15), strings.Repeat("k", 129), "with some blanks in it", "ein-langer-schlüssel"} {
		q := s.program(t)
		q.header["Idempotency-Key"] = []string{key}
		q.refused(q.post("/accounts", signUpMembers("bob")...), http.StatusBadRequest, "idempotency_key_invalid")
	}
	q := s.program(t)
	q.header["Idempotency-Key"] = []string{strings.Repeat("k", 16), strings.Repeat("l", 16)}
	q.refused(q.post("/accounts", signUpMembers("bob")...), http.StatusBadRequest, "idempotency_key_invalid")
	p.is(p.post("/accounts", signUpMembers("bob", "language", "de")...), http.StatusAccepted, nil)
	if l := p.letter(t, models.MailConfirm, "bob@example.org"); l.Locale != "de" {
		t.Errorf("the mail is in %q, want de", l.Locale)
	}
}

func TestAPISignUpPolicies(t *testing.T) {
	t.Parallel()
	for policy, code := range map[models.SignUpPolicy]string{
		models.SignUpClosed: "sign_up_closed", models.SignUpInvite: "sign_up_invite_only",
	} {
		store, clock := modelstest.New(t, func(o *models.Options) { o.SignUp = policy })
		p := siteOf(t, store, clock).program(t)
		p.refused(p.post("/accounts", signUpMembers("ann")...), http.StatusForbidden, code)
	}
	store, clock := modelstest.New(t)
	p := siteOf(t, store, clock).program(t)
	for i := range 100 {
		a := p.post("/accounts", signUpMembers("person"+string(rune('a'+i%26))+string(rune('a'+i/26)))...)
		if a.status != http.StatusAccepted {
			p.refused(a, http.StatusTooManyRequests, "throttled")
			return
		}
	}
	t.Error("no sign-up of one source was refused, want a limit")
}

// As on the pages, the captcha is checked after the rules, and before the answer can tell
// anything about other accounts.
func TestAPICaptcha(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{handlers.CaptchaProofOfWork, handlers.CaptchaRecaptcha} {
		fake := &fakeCaptcha{}
		s := newSite(t, func(s *handlers.Server) { s.Captcha, s.CaptchaKind = fake, kind })
		p := s.program(t)
		p.wrong(p.post("/accounts", signUpMembers("x", "captcha", "good")...), 422, "username", "username_invalid")
		if fake.asked != 0 {
			t.Errorf("the captcha was asked %d times about a body with mistakes, want 0", fake.asked)
		}
		p.wrong(p.post("/accounts", signUpMembers("ann")...), 422, "captcha", "captcha_missing")
		p.is(p.post("/accounts", signUpMembers("ann", "captcha", "good")...), http.StatusAccepted, nil)
		p.done(p.post("/accounts/confirm", "token", p.letter(t, models.MailConfirm, "ann@example.org").Secret))
		p.wrong(p.post("/accounts", signUpMembers("ann")...), 422, "captcha", "captcha_missing") // the answer must not say that the username is taken
		p.wrong(p.post("/accounts", signUpMembers("ann", "captcha", "good")...), http.StatusConflict, "username", "username_taken")
		p.wrong(p.post("/password-resets", "name_or_email", "ann"), 422, "captcha", "captcha_missing")
		fake.set(captcha.ErrRefused)
		p.wrong(p.post("/accounts", signUpMembers("bob", "captcha", "used")...), 422, "captcha", "captcha_refused")
		p.wrong(p.post("/password-resets", "name_or_email", "ann", "captcha", "used"), 422, "captcha", "captcha_refused")
		fake.set(errDown)
		p.refused(p.post("/accounts", signUpMembers("bob", "captcha", "good")...), http.StatusServiceUnavailable, "captcha_unavailable")
		p.mailed(p.post("/password-resets", "name_or_email", "ann")) // a person who is locked out does not depend on the captcha
		p.letter(t, models.MailPasswordReset, "ann@example.org")
	}
}

// No answer tells whether an address has an account.
func TestAPISignUpTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.program(t)
	p.signedUp("ann")
	token := regexp.MustCompile(`lkp_[\w-]+`)
	signUp := func(username, email string) string {
		a := p.post("/accounts", "username", username, "email", email, "password", otherPassword)
		pending := token.FindString(a.body)
		p.plant(pending)
		s.Clock.Advance(time.Minute)
		again := p.post("/accounts/resend", "pending_token", pending)
		return token.ReplaceAllString(same(a, username, email)+same(again), "PENDING")
	}
	if diff := cmp.Diff(signUp("bobby", "bobby@example.org"), signUp("cathy", "ann@example.org")); diff != "" {
		t.Errorf("answers differ (-unknown +known):\n%s", diff)
	}
	s.letter(t, models.MailAlreadyRegistered, "ann@example.org")
	forgot := func(name string) string {
		out := ""
		for range 8 { // until the limits apply
			out += same(p.post("/password-resets", "name_or_email", name), name)
		}
		return out
	}
	unknown := forgot("nobody@example.org")
	for _, name := range []string{"ann", "ann@example.org", "bobby"} {
		if diff := cmp.Diff(unknown, forgot(name)); diff != "" {
			t.Errorf("%s: answers differ (-unknown +known):\n%s", name, diff)
		}
	}
	// Only the mail to an address says that it already has an account.
	s.program(t).signedUp("dora")
	change := func(email string) string {
		return same(p.as(p.token("dora")).post("/account/email", "email", email, "password", goodPassword), email)
	}
	if diff := cmp.Diff(change("free@example.org"), change("ann@example.org")); diff != "" {
		t.Errorf("answers differ (-free +taken):\n%s", diff)
	}
}

// A repeated sign-up makes one account, and both answers have the pending
// token.
func TestAPISignUpTwice(t *testing.T) {
	t.Parallel()
	p := newSite(t).program(t).with("Idempotency-Key", "e7c1b2f0-lost-answer")
	var first, second struct {
		Username     string
		PendingToken string `json:"pending_token"`
	}
	p.is(p.post("/accounts", signUpMembers("ann")...), http.StatusAccepted, &first)
	p.is(p.post("/accounts", signUpMembers("ann")...), http.StatusAccepted, &second)
	p.plant(first.PendingToken, second.PendingToken)
	if second.Username != "ann" {
		t.Errorf("%+v, want ann", second)
	}
	p.Clock.Advance(time.Minute)
	p.mailed(p.post("/accounts/resend", "pending_token", second.PendingToken))
	p.refused(p.post("/accounts", signUpMembers("bob")...), http.StatusUnprocessableEntity, "idempotency_mismatch")
	other := p.with("Idempotency-Key", "another-try-of-the-same")
	var third struct {
		PendingToken string `json:"pending_token"`
	}
	other.is(other.post("/accounts", signUpMembers("ann")...), http.StatusAccepted, &third)
	p.plant(third.PendingToken)
	someone := []string{"username", "ann", "email", "else@example.org", "password", goodPassword}
	other = p.with("Idempotency-Key", "somebody-else-wants-it")
	other.wrong(other.post("/accounts", someone...), http.StatusConflict, "username", "username_taken")
}

// If only invited people may sign up, the token in the mail allows a sign-up only with
// the address to which the mail was sent.
func TestAPISignUpByInvite(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited, func(o *models.Options) { o.SignUp = models.SignUpInvite })
	s := siteOf(t, store, clock, func(s *handlers.Server) { s.SignUp = models.SignUpInvite })
	p := s.program(t)
	owner, err := store.Operators.Create(t.Context(), models.SignUp{Username: "ann", Email: "ann@example.org", Password: goodPassword, Locale: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Operators.Confirm(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	server := p.register("den", p.token("ann"))
	id, _ := strconv.ParseInt(server.id, 10, 64)
	_, err = store.Invites.Create(t.Context(), owner.ID, models.NewInvite{
		To: "bob@example.org", Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: id}},
	}, models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	invite := s.letter(t, models.MailInvite, "bob@example.org").Secret
	p.refused(p.post("/accounts", signUpMembers("bob", "invite", "nonsense")...), http.StatusForbidden, "sign_up_invite_only")
	p.wrong(p.post("/accounts", signUpMembers("eve", "invite", invite)...), 422, "email", "email_not_invited")
	p.is(p.post("/accounts", signUpMembers("bob", "invite", invite)...), http.StatusAccepted, nil)
	p.done(p.post("/accounts/confirm", "token", s.letter(t, models.MailConfirm, "bob@example.org").Secret))
	p.is(p.post("/sessions", "name_or_email", "bob", "password", goodPassword), http.StatusCreated, nil)
}

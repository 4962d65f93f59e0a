package handlers_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/captcha/captchatest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func signUpFields(username string, more ...string) []string {
	return append([]string{
		"username", username, "display_name", "", "email", username + "@example.org",
		"password", goodPassword, "password_again", goodPassword,
	}, more...)
}

// A form with a mistake does not use up its solved captcha. The page tells only a
// person who has solved a captcha whether a username is taken.
func TestCaptchaComesAfterTheRules(t *testing.T) {
	t.Parallel()
	fake := &fakeCaptcha{}
	s := newSite(t, func(s *handlers.Server) { s.Captcha, s.CaptchaKind = fake, handlers.CaptchaProofOfWork })
	b := s.browser(t)
	b.wrong(b.post("/signup", signUpFields("x", "altcha", "good")...), "username")
	if fake.asked != 0 {
		t.Errorf("the captcha was asked %d times about a form with mistakes, want 0", fake.asked)
	}
	b.see(b.get("/signup"), http.StatusOK, `data-challenge="/captcha/challenge"`)
	unproved := b.post("/signup", signUpFields("ann")...)
	b.wrong(unproved, "captcha")
	if !regexp.MustCompile(`id="captcha-error"[^>]* tabindex="-1" autofocus>`).MatchString(unproved.body) {
		t.Error("the mistake of the captcha has no focus, want autofocus")
	}
	b.led(b.post("/signup", signUpFields("ann", "altcha", "good")...), "/signup/sent", "ann@example.org")
	a := b.post("/signup", signUpFields("ann")...)
	b.wrong(a, "captcha")
	if strings.Contains(a.body, `id="username-error"`) {
		t.Error("a taken username is told without a captcha")
	}
	other := signUpFields("ann", "altcha", "good") // of somebody else: the same form is answered like the first
	for i := 0; i < len(other); i += 2 {
		if other[i] == "email" {
			other[i+1] = "else@example.org"
		}
	}
	b.wrong(b.post("/signup", other...), "username")
}

func TestCaptchaIsAway(t *testing.T) {
	t.Parallel()
	fake := &fakeCaptcha{}
	s := newSite(t, func(s *handlers.Server) { s.Captcha, s.CaptchaKind = fake, handlers.CaptchaProofOfWork })
	b := s.browser(t)
	p := person{"ann", "ann@example.org", goodPassword}
	b.led(b.post("/signup", signUpFields("ann", "altcha", "good")...), "/signup/sent")
	token := s.letter(t, models.MailConfirm, p.email).Secret
	b.led(b.post("/confirm", "token", token), "/signin")

	fake.set(errDown)
	a := b.post("/signup", signUpFields("bob", "altcha", "good")...)
	b.see(a, http.StatusServiceUnavailable, "cannot be reached", `value="bob@example.org"`)
	if a.header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After, want one")
	}
	// A person who is locked out does not depend on the captcha, but can ask only a limited
	// number of times.
	b.led(b.post("/forgot", "name_or_email", "ann"), "/forgot/sent")
	s.letter(t, models.MailPasswordReset, p.email)
	b.signIn(p)
	fake.set(captcha.ErrRefused)
	b.wrong(b.post("/forgot", "name_or_email", "ann"), "captcha")
}

// The real proof of work, solved as a browser would solve it.
func TestSignUpWithProofOfWork(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Loose)
	work := &captcha.ProofOfWork{Key: []byte("a key of sixteen bytes"), Now: clock.Now, Remember: store.Throttle.Remember, Cost: 2000}
	s := siteOf(t, store, clock, func(s *handlers.Server) {
		s.Captcha, s.CaptchaKind = work, handlers.CaptchaProofOfWork
		s.Challenge = func() (any, error) { return work.Challenge() }
	})
	b := s.browser(t)
	challenge := b.get("/captcha/challenge")
	b.see(challenge, http.StatusOK)
	proof := captchatest.Solve([]byte(challenge.body))
	b.led(b.post("/signup", signUpFields("ann", "altcha", proof)...), "/signup/sent", "ann@example.org")
	b.wrong(b.post("/signup", signUpFields("bob", "altcha", proof)...), "captcha")
	b.wrong(b.post("/forgot", "name_or_email", "ann", "altcha", proof), "captcha")
}

// The forms use the real go-recaptcha against a fake of Google.
func TestRecaptcha(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Loose)
	google := captchatest.NewSiteverify(t, "127.0.0.1", clock.Now)
	s := siteOf(t, store, clock, func(s *handlers.Server) {
		s.CaptchaKind, s.RecaptchaSiteKey = handlers.CaptchaRecaptcha, "the-site-key"
		s.Captcha = captcha.NewRecaptcha("the-secret", "127.0.0.1", captcha.RecaptchaOptions{
			Now: clock.Now, Remember: store.Throttle.Remember, Address: google.Address(), Deadline: 300 * time.Millisecond,
		})
	})
	b := s.browser(t)
	token := func(n int) string { return strings.Repeat("a", 300) + strconv.Itoa(n) }
	policy := func(path string) string { return b.get(path).header.Get("Content-Security-Policy") }
	for _, path := range []string{"/signup", "/forgot"} {
		b.see(b.get(path), http.StatusOK, `data-sitekey="the-site-key"`)
		if got := policy(path); !strings.Contains(got, "https://www.google.com/recaptcha/") || !strings.Contains(got, "frame-src") {
			t.Errorf("%s: policy %q, want with %q, with %q", path, got, "https://www.google.com/recaptcha/", "frame-src")
		}
	}
	if strings.Contains(policy("/signin"), "google") {
		t.Error("Google may run scripts where nobody asks it")
	}
	modes := []struct {
		mode           captchatest.Mode
		signUp, forgot int
	}{
		{captchatest.OK, http.StatusSeeOther, http.StatusSeeOther},
		{captchatest.Refused, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity},
		{captchatest.OtherHost, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity},
		{captchatest.Hang, http.StatusServiceUnavailable, http.StatusSeeOther},
		{captchatest.Broken, http.StatusServiceUnavailable, http.StatusSeeOther},
		{captchatest.HTML, http.StatusServiceUnavailable, http.StatusSeeOther},
		{captchatest.Huge, http.StatusServiceUnavailable, http.StatusSeeOther},
	}
	for i, tt := range modes {
		google.Set(tt.mode)
		name := "person" + strconv.Itoa(i)
		if a := b.post("/signup", signUpFields(name, "g-recaptcha-response", token(2*i))...); a.status != tt.signUp {
			t.Errorf("%s: sign-up %d, want %d: %s", tt.mode, a.status, tt.signUp, summary(a.body))
		}
		if a := b.post("/forgot", "name_or_email", name, "g-recaptcha-response", token(2*i+1)); a.status != tt.forgot {
			t.Errorf("%s: forgot %d, want %d: %s", tt.mode, a.status, tt.forgot, summary(a.body))
		}
		clock.Advance(5 * time.Minute) // then Google is asked again
	}
	google.Set(captchatest.OK)
	b.wrong(b.post("/signup", signUpFields("replay", "g-recaptcha-response", token(0))...), "captcha")
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	work := &captcha.ProofOfWork{Key: []byte("sixteen bytes or more"), Now: time.Now}
	s := newSite(t, func(s *handlers.Server) {
		s.CaptchaKind = handlers.CaptchaProofOfWork
		s.Challenge = func() (any, error) { return work.Challenge() }
	})
	b := s.browser(t)
	a := b.get("/captcha/challenge")
	b.see(a, http.StatusOK, `"algorithm":"SHA-256"`, `"maxnumber"`, `"signature"`)
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v, want Cache-Control no-store, Content-Type application/json", a.header)
	}
	refused := 0
	for range 40 {
		if a = b.get("/captcha/challenge"); a.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 11 || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("Retry-After") != "5" {
		t.Errorf("%d refused, want 11; %v %s", refused, a.header, a.body)
	}
	s.Clock.Advance(time.Minute)
	b.see(b.get("/captcha/challenge"), http.StatusOK)
}

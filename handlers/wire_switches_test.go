package handlers_test

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// restarted starts a site on an existing database, as after a restart with
// other settings.
func restarted(t *testing.T, database string, clock *modelstest.Clock, adjust modelstest.Adjust) *site {
	t.Helper()
	return siteOf(t, modelstest.Open(t, database, clock, modelstest.Unlimited, adjust), clock)
}

// said is the answer to a registration.
type said struct {
	Status, Message string
	Validated       bool
}

func (p *program) signUp(name string) answer {
	p.t.Helper()
	return p.form(http.MethodPost, "/service/register", pairs("userName", name, "email", name+"@example.org", "rawpw", goodPassword))
}

// The setting connect-register decides which answer an app gets, and whether the person
// exists afterwards.
func TestConnectRegister(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy connect.RegisterPolicy
		kind   string
		signUp models.SignUpPolicy
		status int
		want   string
	}{
		"open":                 {connect.RegisterOpen, handlers.CaptchaProofOfWork, models.SignUpOpen, 200, "SUCCESS"},
		"captcha":              {connect.RegisterCaptcha, handlers.CaptchaProofOfWork, models.SignUpOpen, 400, "CAPTCHA_REQUIRED"},
		"by default":           {"", handlers.CaptchaProofOfWork, models.SignUpOpen, 400, "CAPTCHA_REQUIRED"},
		"captcha with none":    {connect.RegisterCaptcha, handlers.CaptchaOff, models.SignUpOpen, 200, "SUCCESS"},
		"off":                  {connect.RegisterOff, handlers.CaptchaOff, models.SignUpOpen, 400, "REGISTRATION_OFF"},
		"open, sign-up closed": {connect.RegisterOpen, handlers.CaptchaOff, models.SignUpClosed, 400, "SIGN_UP_CLOSED"},
		"open, invited only":   {connect.RegisterOpen, handlers.CaptchaOff, models.SignUpInvite, 400, "SIGN_UP_INVITE_ONLY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, clock := modelstest.New(t, modelstest.Unlimited, func(o *models.Options) { o.SignUp = tt.signUp })
			s := siteOf(t, store, clock, func(s *handlers.Server) {
				s.ConnectRegister, s.Captcha, s.CaptchaKind, s.SignUp = tt.policy, &fakeCaptcha{}, tt.kind, tt.signUp
				if tt.kind == handlers.CaptchaOff {
					s.Captcha = nil // so that checking it would panic
				}
			})
			p := s.program(t)
			var got said
			a := p.signUp("ann")
			p.is(a, tt.status, &got)
			checkServiceAnswer(t, "/service/register", a)
			if got.Status != tt.want || got.Message == "" || strings.HasPrefix(got.Message, "error.") || got.Validated {
				t.Errorf("%+v, want %s", got, tt.want)
			}
			sendsToPage := tt.want == "CAPTCHA_REQUIRED" || tt.want == "REGISTRATION_OFF"
			if sendsToPage != (got.Message == s.URL+"/signup") {
				t.Errorf("the message is %q, want the address of the sign-up page: %t", got.Message, sendsToPage)
			}
			signIn := func() int {
				return p.form(http.MethodPost, "/service/user/authenticate", pairs("nameOrEmail", "ann", "rawpw", goodPassword)).status
			}
			if status := signIn(); status != http.StatusUnauthorized {
				t.Errorf("signed in without a confirmation: %d, want %d", status, http.StatusUnauthorized)
			}
			if tt.want != "SUCCESS" {
				return
			}
			token := s.letter(t, models.MailConfirm, "ann@example.org").Secret
			b := s.browser(t)
			b.led(b.post("/confirm", "token", token), "/signin", "confirmed")
			if status := signIn(); status != http.StatusOK {
				t.Errorf("signed up and confirmed: %d, want %d", status, http.StatusOK)
			}
		})
	}
}

// Above the limit, an app gets an error in its own form and in the person's language.
func TestConnectRegisterLimit(t *testing.T) {
	t.Parallel()
	store, clock := modelstest.New(t, modelstest.Unlimited, func(o *models.Options) { o.Limits.SignUpSource = models.Limit{Hits: 1, Window: 10 * time.Minute} })
	s := siteOf(t, store, clock, func(s *handlers.Server) { s.ConnectRegister = connect.RegisterOpen })
	p := s.program(t).with("Accept-Language", "de")
	var got said
	p.is(p.signUp("ann"), http.StatusOK, &got)
	a := p.signUp("bob")
	p.is(a, http.StatusTooManyRequests, &got)
	checkServiceAnswer(t, "/service/register", a)
	if got.Status != "THROTTLED" || !strings.Contains(got.Message, "10 Minuten") || a.header.Get("Retry-After") != "600" {
		t.Errorf("%+v, Retry-After %q, want status THROTTLED, with %q, Retry-After 600", got, a.header.Get("Retry-After"), "10 Minuten")
	}
}

// The setting connect-servers decides which servers may register. Servers that are
// registered already stay.
func TestConnectServers(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock()
		claimed := restarted(t, database, clock, func(o *models.Options) { o.Servers = models.ServersClaimed })
		b, p := claimed.browser(t), claimed.program(t)
		b.signIn(b.join("ann"))
		code := b.claimCode()
		register := func(p *program, code string) answer {
			return p.form(http.MethodPost, "/service/Servers", pairs("name", "Den", "url", "http://203.0.113.9:8096", "systemId", "5ed", "claimCode", code))
		}
		p.is(register(p, ""), http.StatusForbidden, nil)
		p.is(register(p, "BCDF-GHJK"), http.StatusBadRequest, nil)
		var server struct{ ID, AccessKey string }
		p.is(register(p, strings.ToLower(code)), http.StatusOK, &server)
		p.plant(server.AccessKey)
		p.is(register(p, code), http.StatusBadRequest, nil)
		b.says("/servers", "Den")

		off := restarted(t, database, clock, func(o *models.Options) { o.Servers = models.ServersOff })
		p = off.program(t)
		p.is(register(p, ""), http.StatusForbidden, nil)
		p.is(register(p, code), http.StatusForbidden, nil)
		p.isProblem(p.api(http.MethodPost, "/api/v1/servers", map[string]any{"name": "Den", "system_id": "5ed"}), http.StatusForbidden, "servers_off")
		known := p.with(serverToken, server.AccessKey)
		p.is(known.form(http.MethodPost, "/service/Servers?id="+server.ID, pairs("name", "Attic")), http.StatusOK, nil)
		p.is(known.form(http.MethodGet, "/service/ServerAuthorizations", nil), http.StatusOK, nil)

		open := restarted(t, database, clock, func(o *models.Options) { o.Servers = models.ServersOpen })
		p = open.program(t)
		p.is(register(p, ""), http.StatusOK, nil)
	})
}

// md5s returns the two forms in which old clients send a password.
func md5s(password string) (plain, filtered string) {
	replaced := strings.NewReplacer("&", "&amp;", "/", "&#092;", "!", "&#33;", "$", "&#036;", `"`, "&quot;",
		"<", "&lt;", ">", "&gt;", "'", "&#39;").Replace(password)
	sum := func(text string) string {
		all := md5.Sum([]byte(text))
		return hex.EncodeToString(all[:])
	}
	return sum(password), sum(replaced)
}

// The setting legacy-md5-login lets old clients sign in. The test uses a password whose
// two forms differ.
func TestLegacyMD5Login(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		const password, changed = `p@ss/w&rd!$ "of" <old> times'`, `another/p@ss & no <less>`
		clock := modelstest.NewClock()
		switched := func(on bool) *site {
			return restarted(t, database, clock, func(o *models.Options) { o.LegacyMD5 = on })
		}
		signIn := func(s *site, field, value string) answer {
			s.plant(value)
			return s.program(t).form(http.MethodPost, "/service/user/authenticate", url.Values{"nameOrEmail": {"ann"}, field: {value}})
		}
		// forms returns the ways in which old clients send a password: two forms of the
		// MD5, each in upper and lower case.
		forms := func(password string) []string {
			plain, filtered := md5s(password)
			return []string{plain, strings.ToUpper(plain), filtered, strings.ToUpper(filtered)}
		}
		check := func(s *site, when, password string, want int) {
			t.Helper()
			for _, form := range forms(password) {
				if a := signIn(s, "password", form); a.status != want || want != http.StatusOK && a.body != "" {
					t.Errorf("%s: %s gets %d %q, want %d", when, form, a.status, a.body, want)
				}
			}
		}
		s := switched(true)
		b := s.browser(t)
		ann := b.join("ann")
		b.signIn(ann)
		b.led(b.post("/account/password", "current_password", ann.password, "password", password, "password_again", password), "/account")
		check(s, "before a sign-in with the password", password, http.StatusUnauthorized)
		p := s.program(t)
		p.is(signIn(s, "rawpw", password), http.StatusOK, nil)
		check(s, "afterwards", password, http.StatusOK)
		check(s, "another's", "wrong", http.StatusUnauthorized)
		p.is(signIn(s, "password", password), http.StatusUnauthorized, nil)
		plain, _ := md5s(password)
		p.is(signIn(s, "rawpw", plain), http.StatusUnauthorized, nil)
		p.is(p.form(http.MethodPost, "/service/user/authenticate", pairs("nameOrEmail", "ann", "rawpw", "wrong", "password", plain)), http.StatusUnauthorized, nil)

		// The MD5 is not the password: dangerous actions ask for the password.
		var in struct{ AccessToken string }
		p.is(signIn(s, "password", plain), http.StatusOK, &in)
		p.plant(in.AccessToken)
		var tv struct{ Pin string }
		p.is(p.form(http.MethodPost, "/service/pin", pairs("deviceId", "tv")), http.StatusOK, &tv)
		p.isProblem(p.as(in.AccessToken).api(http.MethodPost, "/api/v1/device-codes/"+tv.Pin+"/approve", nil), http.StatusForbidden, "confirm_password")

		// A new password makes the old forms invalid.
		b = s.browser(t)
		ann.password = password
		b.signIn(ann)
		b.led(b.post("/account/password", "current_password", password, "password", changed, "password_again", changed), "/account")
		check(s, "after a change", password, http.StatusUnauthorized)
		p.is(signIn(s, "rawpw", changed), http.StatusOK, nil)
		check(s, "the changed one", changed, http.StatusOK)

		check(switched(false), "switched off", changed, http.StatusUnauthorized)
		s = switched(true)
		check(s, "switched on again", changed, http.StatusUnauthorized)
		s.program(t).is(signIn(s, "rawpw", changed), http.StatusOK, nil)
		check(s, "and signed in once", changed, http.StatusOK)
	})
}

// Apps register people with a captcha, or are told where to sign up.
func TestServiceRegisterPolicy(t *testing.T) {
	t.Parallel()
	fake := &fakeCaptcha{}
	s := busySite(t, func(s *handlers.Server) { s.Captcha, s.CaptchaKind = fake, handlers.CaptchaProofOfWork })
	p := s.program(t)
	register := func(name, field, proof string) answer {
		address := name + "@example.org"
		if name == "ANN" { // somebody else: the same form is answered like the first
			address = "else@example.org"
		}
		return p.form(http.MethodPost, "/service/register", pairs("userName", name, "email", address, "rawpw", goodPassword, field, proof))
	}
	type said struct {
		Status, Message string
		Validated       bool
	}
	check := func(a answer, status int, want string) said {
		t.Helper()
		var got said
		p.is(a, status, &got)
		if got.Status != want || got.Message == "" || strings.HasPrefix(got.Message, "error.") {
			t.Errorf("%+v, want %s", got, want)
		}
		checkServiceAnswer(t, "/service/register", a)
		return got
	}
	if got := check(register("ann", "grecaptcha", "good"), 400, "CAPTCHA_REQUIRED"); got.Message != s.URL+"/signup" {
		t.Errorf("the app is sent to %s, want %s/signup", got.Message, s.URL)
	}
	check(register("ann", "altcha", "good"), 200, "SUCCESS")
	check(register("ANN", "altcha", "good"), 400, "USERNAME_IN_USE")
	fake.set(captcha.ErrRefused)
	check(register("bob", "altcha", "used"), 400, "CAPTCHA_REQUIRED")
	fake.set(errDown)
	a := register("bob", "altcha", "good")
	if check(a, 503, "CAPTCHA_UNAVAILABLE"); a.header.Get("Retry-After") == "" {
		t.Errorf("a captcha that is down: %v, want some Retry-After", a.header)
	}
}

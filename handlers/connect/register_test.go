package connect_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/models"
)

func TestSignUpFollowsPolicy(t *testing.T) {
	t.Parallel()
	const carol = "email=carol@example.test&userName=carol&rawpw="
	for name, c := range map[string]struct {
		policy connect.RegisterPolicy
		more   string
		status string
	}{
		"off":            {connect.RegisterOff, "", "REGISTRATION_OFF"},
		"captcha":        {connect.RegisterCaptcha, "", "CAPTCHA_REQUIRED"},
		"captcha wrong":  {connect.RegisterCaptcha, "&altcha=no", "CAPTCHA_REQUIRED"},
		"captcha solved": {connect.RegisterCaptcha, "&altcha=solved", "SUCCESS"},
		"open":           {connect.RegisterOpen, "", "SUCCESS"},
	} {
		s := newSite(t, func(server *connect.Server) { server.Register = c.policy })
		a := s.do("POST /service/register" + post + carol + encodeURIComponent(newPassword) + c.more)
		object := a.object("Status", "Message", "Validated")
		if object["Status"] != c.status || (a.status == http.StatusOK) != (c.status == "SUCCESS") {
			t.Errorf("%s: answered %d %s, want the status %s", name, a.status, a.body, c.status)
		}
		if c.status == "CAPTCHA_REQUIRED" && object["Message"] != "https://latchkey.test/signup" {
			t.Errorf("%s: answered %s, want the address of the sign-up page as the message", name, a.body)
		}
		if (len(s.mails.Deliver(t)) == 1) != (c.status == "SUCCESS") {
			t.Errorf("%s: want one letter after SUCCESS and otherwise none", name)
		}
	}
	closed := newSite(t, nil, func(o *models.Options) { o.SignUp = models.SignUpClosed })
	a := closed.do("POST /service/register" + post + carol + encodeURIComponent(newPassword))
	if object := a.object("Status", "Message", "Validated"); a.status != http.StatusBadRequest || object["Status"] != "SIGN_UP_CLOSED" {
		t.Errorf("closed: answered %d %s, want 400 with SIGN_UP_CLOSED", a.status, a.body)
	}
}

// The .NET client sends the plain password in the parameter "password", without escaping
// it. Old clients send an MD5 in this parameter; it is refused, because the rules for
// passwords can be checked only with the password itself.
func TestSignUpWithPlainPassword(t *testing.T) {
	t.Parallel()
	const md5 = "84cde2b80d1da93d478d7c170e6b60c8"
	for name, c := range map[string]struct{ fields, status string }{
		"plain, unencoded":           {"password=" + newPassword, "SUCCESS"},
		"plain, unencoded, not last": {"password=" + newPassword + "&format=json", "SUCCESS"},
		"plain, encoded":             {"password=" + encodeURIComponent(newPassword), "SUCCESS"},
		"too short":                  {"password=short", "INVALID_PASSWORD"},
		"an MD5":                     {"password=" + md5, "PASSWORD_NOT_SUPPORTED"},
		"an MD5 in capitals":         {"password=" + strings.ToUpper(md5), "PASSWORD_NOT_SUPPORTED"},
		"an MD5 beside the password": {"password=" + md5 + "&rawpw=" + encodeURIComponent(newPassword), "SUCCESS"},
		"one digit more":             {"password=" + md5 + "0", "SUCCESS"},
		"one letter that is none":    {"password=g" + md5[1:], "SUCCESS"},
	} {
		s := newSite(t, nil)
		a := s.do("POST /service/register" + post + "userName=carol&email=carol%40example.test&" + c.fields)
		if object := a.object("Status", "Message", "Validated"); object["Status"] != c.status || (a.status == http.StatusOK) != (c.status == "SUCCESS") {
			t.Errorf("%s: answered %d %s, want the status %s", name, a.status, a.body, c.status)
		}
		if c.status == "SUCCESS" && strings.HasPrefix(name, "plain") {
			s.confirm("carol@example.test")
			s.signIn("carol", newPassword) // the whole password, with the characters that a form has a meaning for
		}
	}
}

// Apps read the object in the body with every status, also above a limit.
func TestSignUpOverTheLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, func(o *models.Options) { o.Limits.SignUpSource = models.Limit{Hits: 1, Window: 10 * time.Minute} })
	signUp := func(name string) answer {
		return s.do("POST /service/register" + post + "email=" + name + "@example.test&userName=" + name + "&rawpw=" + encodeURIComponent(newPassword))
	}
	signUp("carol").is(http.StatusOK)
	a := signUp("dave")
	object := a.object("Status", "Message", "Validated")
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "600" {
		t.Errorf("status %d with Retry-After %q, want 429 with 600", a.status, a.header.Get("Retry-After"))
	}
	if object["Status"] != "THROTTLED" || object["Message"] != "text of throttled, 10m0s" || object["Validated"] != false {
		t.Errorf("over the limit: answered %s, want THROTTLED with its text", a.body)
	}
	long := s.do("POST /service/register" + post + strings.Repeat("x", 70_000))
	if object := long.object("Status", "Message", "Validated"); long.status != http.StatusRequestEntityTooLarge || object["Status"] != "BODY_TOO_LARGE" {
		t.Errorf("too long: answered %d %s, want 413 with BODY_TOO_LARGE", long.status, long.body)
	}
}

// A sign-up with an address that has an account gets the same answer as a sign-up with a
// new address, and the owner of the address learns of it by mail.
func TestSignUpTellsNotWhoHasAnAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	signUp := func(email, name string) answer {
		return s.do("POST /service/register" + post + "email=" + email + "@example.test&userName=" + name + "&rawpw=" + encodeURIComponent(newPassword))
	}
	signUp("carol", "carol").is(http.StatusOK)
	s.confirm("carol@example.test")
	fresh, taken := signUp("dave", "dave"), signUp("carol", "erin")
	if fresh.status != http.StatusOK || taken.status != fresh.status || taken.body != fresh.body {
		t.Errorf("answered %d %s for an address with an account, want %d %s as for a new one", taken.status, taken.body, fresh.status, fresh.body)
	}
	s.mails.Letter(t, models.MailAlreadyRegistered, "carol@example.test")
}

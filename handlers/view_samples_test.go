package handlers

import (
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/templates"
)

// sample is one page as a person may meet it.
type sample struct {
	name string
	page any
}

func sampleBase(catalogue *templates.Catalogue, locale, page string) Base {
	return Base{
		Catalogue: catalogue, Locale: locale, Nonce: "bm9uY2U", ServiceName: "Latchkey",
		Page: page, Path: "/" + page, SignUpOpen: true, Dev: true,
	}
}

// samples are all pages in one language: fresh ones, ones with mistakes, and
// each of their other shapes.
func samples(catalogue *templates.Catalogue, locale string) []sample {
	s := sampler{catalogue: catalogue, locale: locale, at: time.Date(2026, time.November, 21, 14, 3, 0, 0, time.UTC)}
	return slices.Concat(s.strangers(), s.owners(), s.connected(), s.inviting(), s.quickConnecting(), s.documented())
}

type sampler struct {
	catalogue *templates.Catalogue
	locale    string
	at        time.Time
}

func (s sampler) base(page string) Base { return sampleBase(s.catalogue, s.locale, page) }

func (s sampler) signedIn(page string) Base {
	b := s.base(page)
	b.Account = &accountView{Username: "mira.k", DisplayName: "Mira Køhler"}
	return b
}

func (s sampler) noticed(b Base, key string) Base {
	b.Notice = b.T(key)
	return b
}

func (s sampler) troubled(b Base, key string) Base {
	b.Wrong = true
	b.Problem = b.T(key, "Wait", b.T("duration.minutes", "Count", 5))
	return b
}

// field is an input whose texts are those of key.
func (s sampler) field(name, kind, key string, hint bool) Field {
	b := s.base("")
	f := Field{Name: name, Type: kind, Label: b.T("field." + key), Required: true, Reveal: kind == "password"}
	if hint {
		f.Hint = b.T("field."+key+".hint", "MinLength", 10)
	}
	return f
}

func (s sampler) newPassword() Field {
	f := s.field("password", "password", "new_password", false)
	f.Hint = s.base("").T("field.password.hint", "MinLength", 10)
	return f
}

func (s sampler) wrong(f Field, value, code string) Field {
	f.Value = value
	f.Error = s.base("").T("error."+code, "MinLength", 10, "Left", 4)
	return f
}

func (s sampler) signUp() signUpPage {
	p := signUpPage{
		Base: s.base("signup"), Username: s.field("username", "text", "username", true),
		DisplayName: s.field("display_name", "text", "display_name", true), Email: s.field("email", "email", "email", true),
		Password: s.field("password", "password", "password", true), PasswordAgain: s.field("password_again", "password", "password_again", false),
		Captcha: captchaView{Kind: "pow"},
	}
	p.Username.Focus = true
	return p
}

func (s sampler) strangers() []sample {
	signup := s.signUp()
	mistaken := s.signUp()
	mistaken.Base = s.troubled(mistaken.Base, "error.throttled")
	mistaken.Username = s.wrong(mistaken.Username, "mira.k", "username_taken")
	mistaken.Username.Focus = true
	mistaken.Email = s.wrong(mistaken.Email, "mira@", "email_invalid")
	mistaken.Password = s.wrong(mistaken.Password, "", "password_weak.repeats")
	mistaken.Captcha.Error = s.base("").T("error.captcha_missing")
	google := s.signUp()
	google.Captcha = captchaView{Kind: "recaptcha", SiteKey: "site-key", Error: s.base("").T("error.captcha_refused")}
	unguarded := s.signUp()
	unguarded.Captcha.Kind = "off"
	name := s.field("name_or_email", "text", "name_or_email", false)
	password := s.field("password", "password", "password", false)
	name.Focus = true
	closed := s.base("landing")
	closed.SignUpOpen = false
	return []sample{
		{"landing", landingPage{Base: s.base("landing")}},
		{"landing-closed", landingPage{Base: s.noticed(closed, "notice.signed_out")}},
		{"landing-signed-in", landingPage{Base: s.signedIn("landing")}},
		{"signup", signup},
		{"signup-mistakes", mistaken},
		{"signup-recaptcha", google},
		{"signup-unguarded", unguarded},
		{"signup_closed", signUpClosedPage{Base: s.base("signup_closed")}},
		{"signup_closed-invite", signUpClosedPage{Base: s.base("signup_closed"), InviteOnly: true}},
		{"signup_sent", signUpSentPage{Base: s.base("signup_sent"), SentTo: "mira@example.org", Email: s.field("email", "email", "email", false)}},
		{"signup_sent-mistake", signUpSentPage{
			Base: s.noticed(s.base("signup_sent"), "notice.resent"), SentTo: "a.rather.long.name@a-rather-long-domain.example.org",
			Email: s.wrong(s.field("email", "email", "email", false), "mira@", "email_invalid"),
		}},
		{"signup_sent-gone", signUpSentPage{Base: s.base("signup_sent")}},
		{"confirm", confirmPage{Base: s.base("confirm"), Username: "mira.k", Email: "mira@example.org", Life: s.base("").T("duration.days", "Count", 7), Token: "token"}},
		{"signin", signInPage{Base: s.base("signin"), NameOrEmail: name, Password: password, ReturnTo: "/account"}},
		{"signin-confirmed", signInPage{Base: s.noticed(s.base("signin"), "notice.confirmed"), NameOrEmail: name, Password: password}},
		{"signin-mistake", signInPage{Base: s.troubled(s.base("signin"), "error.sign_in_wrong"), NameOrEmail: name, Password: password}},
		{"reset_request", resetRequestPage{Base: s.base("reset_request"), NameOrEmail: name, Captcha: captchaView{Kind: "pow"}}},
		{"reset_request-recaptcha", resetRequestPage{Base: s.base("reset_request"), NameOrEmail: s.wrong(name, "", "name_or_email_missing"), Captcha: captchaView{Kind: "recaptcha"}}},
		{"reset_sent", resetSentPage{Base: s.base("reset_sent"), Life: s.base("").T("duration.hours", "Count", 1)}},
		{"reset", resetPage{
			Base: s.base("reset"), Username: "mira.k", Password: s.newPassword(),
			PasswordAgain: s.wrong(s.field("password_again", "password", "new_password_again", false), "", "passwords_differ"),
		}},
		{"pin_help", pinHelpPage{Base: s.base("pin_help")}},
		{"error", errorPage{Base: s.base("error"), Status: 404, Code: "not_found", Heading: s.base("").T("error.not_found.title"), Text: s.base("").T("error.not_found")}},
		{"error-expired", errorPage{
			Base: s.base("error"), Status: 410, Code: "token_expired", Heading: s.base("").T("error.token_expired.title"), Text: s.base("").T("error.token_expired"),
			RequestID: "7f3a9c21d0e84b56", Action: "/forgot", ActionText: s.base("").T("action.forgot"),
		}},
		{"dev_mail", devMailPage{Base: s.base("dev_mail"), Mails: []devMailView{{
			Name: "0001.eml", To: "mira@example.org", Subject: "Confirm your email address", Text: "Hello Mira,\n\nopen this link.",
			Links: []string{"http://127.0.0.1:8470/confirm?token=lk_0123456789abcdefghijklmnopqrstuvwxyz0123456789"}, At: s.at,
		}}}},
		{"dev_mail-none", devMailPage{Base: s.base("dev_mail")}},
	}
}

func (s sampler) owners() []sample {
	current := s.field("current_password", "password", "current_password", true)
	password, again := s.newPassword(), s.field("password_again", "password", "new_password_again", false)
	currentPIN, pin, pinAgain := s.field("current_pin", "password", "current_pin", false), s.field("pin", "password", "pin", true), s.field("pin_again", "password", "pin_again", false)
	removePIN := currentPIN
	removePIN.ID = "remove_pin"
	newEmail := s.field("email", "email", "new_email", true)
	return []sample{
		{"account", s.account()},
		{"account-fresh", s.freshAccount()},
		{"account-off", s.troubledAccount()},
		{"email_change", emailChangePage{Base: s.signedIn("email_change"), Current: "mira@example.org", UndoLife: s.base("").T("duration.days", "Count", 3), Email: newEmail, Password: current}},
		{"email_change-waiting", emailChangePage{Base: s.signedIn("email_change"), Waiting: "new@example.org", UndoLife: s.base("").T("duration.days", "Count", 3), Email: newEmail, Password: s.wrong(current, "", "current_password_wrong")}},
		{"email_change_confirm", emailChangeConfirmPage{Base: s.base("email_change_confirm"), Username: "mira.k", Email: "new@example.org"}},
		{"email_change_undo", emailChangeUndoPage{Base: s.base("email_change_undo"), Username: "mira.k", Email: "mira@example.org"}},
		{"password", passwordPage{Base: s.signedIn("password"), CurrentPassword: current, Password: password, PasswordAgain: again}},
		{"pin", pinPage{Base: s.signedIn("pin"), PIN: pin, PINAgain: pinAgain, HasEmail: true}},
		{"pin-set", pinPage{
			Base: s.signedIn("pin"), HasPIN: true, ChangedAt: s.at, Old: true, HasEmail: true,
			CurrentPIN: s.wrong(currentPIN, "", "current_pin_wrong"), PIN: s.wrong(pin, "", "pin_sequence"), PINAgain: pinAgain, RemovePIN: removePIN,
		}},
		{"pin-off", pinPage{Base: s.signedIn("pin"), HasPIN: true, Off: true, ChangedAt: s.at}},
		{"pin_reset_request", pinResetRequestPage{Base: s.signedIn("pin_reset_request"), HasEmail: true, Password: current, PIN: pin, PINAgain: pinAgain}},
		{"pin_reset", pinResetPage{Base: s.base("pin_reset"), Username: "mira.k", PIN: pin, PINAgain: pinAgain}},
		{"pin_help-signed-in", pinHelpPage{Base: s.signedIn("pin_help")}},
		{"sessions", s.sessions()},
		{"sessions-one", sessionsPage{Base: s.signedIn("sessions"), Sessions: s.sessions().Sessions[:1]}},
		{"session_not_me", sessionNotMePage{Base: s.base("session_not_me"), Device: "Firefox on Windows", Address: "203.0.113.7", At: s.at}},
		{"account_delete", accountDeletePage{Base: s.signedIn("account_delete"), Password: current}},
		{"account_delete-waits", accountDeletePage{Base: s.signedIn("account_delete"), Password: current, WaitUntil: s.at}},
		{"password_confirm", passwordConfirmPage{Base: s.signedIn("password_confirm"), Password: current, ReturnTo: "/account/delete"}},
	}
}

func (s sampler) account() accountPage {
	p := accountPage{
		Base: s.noticed(s.signedIn("account"), "notice.profile_saved"), Language: s.locale,
		Username: s.field("username", "text", "username", true), DisplayName: s.field("display_name", "text", "display_name", true),
		Email: "mira@example.org", EmailWaiting: "new@example.org", HasPIN: true, PINChangedAt: s.at.AddDate(-2, 0, 0), PINOld: true,
		PasswordChangedAt: s.at, CreatedAt: s.at.AddDate(-3, -1, 0), SessionCount: 3,
	}
	p.Username.Value, p.DisplayName.Value = "mira.k", "Mira Køhler"
	return p
}

func (s sampler) freshAccount() accountPage {
	p := s.account()
	p.Base = s.signedIn("account")
	p.Email, p.EmailWaiting, p.HasPIN, p.PINOld, p.SessionCount = "", "", false, false, 1
	return p
}

func (s sampler) troubledAccount() accountPage {
	p := s.account()
	p.Base = s.troubled(s.signedIn("account"), "error.throttled")
	p.PINOff, p.LanguageError = true, p.T("error.language_invalid")
	p.DisplayName = s.wrong(p.DisplayName, "x", "display_name_invalid")
	return p
}

func (s sampler) sessions() sessionsPage {
	p := sessionsPage{Base: s.signedIn("sessions")}
	for i, name := range []string{"Firefox on Linux", "Safari on iPhone", "Safari on iPad", "Television in the living room", s.base("").T("device.unknown")} {
		p.Sessions = append(p.Sessions, sessionView{
			ID: "81985529216486895", Icon: []string{"computer", "phone", "tablet", "tv", "device"}[i], Name: name, Current: i == 0,
			Address: "2001:db8:85a3:1319:8a2e:370:7344:1020", CreatedAt: s.at.AddDate(0, -i, -3), LastSeenAt: s.at,
		})
	}
	for _, what := range []string{"event.signed_in", "event.pin_changed", "event.password_changed", "event.signed_up"} {
		p.Events = append(p.Events, eventView{What: p.T(what), Address: "203.0.113.7", Device: "Firefox on Linux", At: s.at})
	}
	return p
}

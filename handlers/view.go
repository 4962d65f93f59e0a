package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/templates"
)

// Base is what every page needs: the layout reads it, so each page struct
// embeds it.
type Base struct {
	Catalogue   *templates.Catalogue
	Locale      string // of this answer: "en" or "de"
	Nonce       string // of the content security policy; scripts carry it
	ServiceName string
	Page        string       // name of the page template, "signup"
	Path        string       // where a language switch returns to: the request's page, without its query unless that is harmless
	Account     *AccountView // nil when nobody is signed in
	Notice      string       // a status message, already in the reader's language; announced to screen readers
	Problem     string       // what is wrong with the form as a whole, already in the reader's language
	Wrong       bool         // the form has mistakes, in a field or as a whole: the title says so
	Dev         bool         // development: the footer leads to /dev/mail
	SignUpOpen  bool         // the header offers sign-up
}

// T is the text of key in the reader's language. Pairs are names and values
// of the text's placeholders: T("page.sent.to", "Email", .Email).
func (b Base) T(key string, pairs ...any) string {
	params := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := pairs[i].(string); ok {
			params[name] = pairs[i+1]
		}
	}
	return b.Catalogue.Say(b.Locale, key, params)
}

// Here returns the value of aria-current for the link in the header that leads
// to the page named section: "page" on that page itself, "true" on the pages
// below it, and "" elsewhere.
func (b Base) Here(section string) string {
	below := map[string]string{
		"server_owner": "servers", "server_register": "servers", "server_open": "servers", "server_invite": "servers", "proof": "servers",
		"invite":         "links",
		"device_approve": "device", "quick_connect": "device", "quick_connect_wait": "device",
		"email_change": "account", "password": "account", "pin": "account", "pin_reset_request": "account",
		"sessions": "account", "account_delete": "account",
	}
	switch section {
	case b.Page:
		return "page"
	case below[b.Page]:
		return "true"
	default:
		return ""
	}
}

// Date writes t as a day in the reader's language, in UTC.
func (b Base) Date(t time.Time) string { return b.Catalogue.Date(b.Locale, t) }

// DateTime writes t as a day and a time in the reader's language, in UTC.
func (b Base) DateTime(t time.Time) string { return b.Catalogue.DateTime(b.Locale, t) }

// Languages are the languages to choose from, each named in itself.
func (b Base) Languages() []templates.Language { return b.Catalogue.Languages() }

// AccountView is the signed-in person in the header of a page.
type AccountView struct {
	Username, DisplayName string
	Invitations           int // that wait for an answer
}

// Field is one input of a form: partials/field.html renders it.
type Field struct {
	Name         string // of the input
	ID           string // of the element; "" for the name itself
	Type         string // text, email, password
	Label        string // in the reader's language, as are Hint and Error
	Hint         string // advice under the label; "" for none
	Error        string // what is wrong with it; "" for nothing
	Value        string // what was typed; always "" for passwords and PINs
	Autocomplete string
	InputMode    string // "" for the type's own
	MinLength    int    // 0 for none; there is no longest, since browsers cut off silently what is pasted
	Required     bool
	Focus        bool // the first field with an error, or the first of a fresh form
	Reveal       bool // a button shows what is typed: passwords and PINs
	Code         bool // a short code: large capitals
}

// ElementID is the id of the input, to which label, hint and error refer.
func (f Field) ElementID() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Name
}

// CaptchaView is the proof that a form asks for.
type CaptchaView struct {
	Kind    string // "pow", "recaptcha" or "off"
	SiteKey string // of reCAPTCHA
	Error   string // in the reader's language
	Focus   bool   // the error is the first of the form
}

// LandingPage is templates/pages/landing.html.
type LandingPage struct{ Base }

// SignUpPage is templates/pages/signup.html.
type SignUpPage struct {
	Base
	Username, DisplayName, Email, Password, PasswordAgain Field
	Invited                                               string // the address that an invite was sent to: POST /invite/signup; "" without an invite
	Captcha                                               CaptchaView
}

// SignUpClosedPage is templates/pages/signup_closed.html.
type SignUpClosedPage struct {
	Base
	InviteOnly bool // an invite opens sign-up; otherwise nothing does
}

// SignUpSentPage is templates/pages/signup_sent.html: look into your mail.
type SignUpSentPage struct {
	Base
	SentTo string // address as typed; "" when the browser no longer holds the pending sign-up
	Email  Field  // to mend a mistyped address: POST /signup/correct; resend is POST /signup/resend
}

// ConfirmPage is templates/pages/confirm.html: one button that confirms.
type ConfirmPage struct {
	Base
	Username, Email string
	Life            string // of a sign-up that nobody confirms: "7 days"
	Token           string // hidden field "token" of POST /confirm
}

// SignInPage is templates/pages/signin.html.
type SignInPage struct {
	Base
	NameOrEmail, Password Field
	ReturnTo              string // hidden field "return_to"
}

// ForgotPage is templates/pages/forgot.html.
type ForgotPage struct {
	Base
	NameOrEmail Field
	Captcha     CaptchaView
}

// ForgotSentPage is templates/pages/forgot_sent.html.
type ForgotSentPage struct {
	Base
	Life string // of the link in the mail: "1 hour"
}

// ResetPage is templates/pages/reset.html: POST /reset.
type ResetPage struct {
	Base
	Username                string
	Password, PasswordAgain Field
}

// AccountPage is templates/pages/account.html: POST /account saves username,
// display_name and language; the rest leads to pages of its own.
type AccountPage struct {
	Base
	Username, DisplayName Field
	Language              string // chosen one, "en"; select "language"
	LanguageError         string
	Email                 string
	EmailWaiting          string // new address that is not confirmed yet; "" for none
	HasPIN, PINOff        bool
	PINChangedAt          time.Time
	PINOld                bool // twelve months without a change: a quiet reminder
	PasswordChangedAt     time.Time
	CreatedAt             time.Time
	SessionCount          int
}

// AccountEmailPage is templates/pages/account_email.html: POST /account/email.
type AccountEmailPage struct {
	Base
	Current         string
	Waiting         string // "" for none
	UndoLife        string // how long the change can be undone: "3 days"
	Email, Password Field  // "email", "current_password"
}

// EmailConfirmPage is templates/pages/email_confirm.html: POST /account/email/confirm.
type EmailConfirmPage struct {
	Base
	Username, Email string
}

// EmailUndoPage is templates/pages/email_undo.html: POST /account/email/undo.
type EmailUndoPage struct {
	Base
	Username, Email string // the address that comes back
}

// AccountPasswordPage is templates/pages/account_password.html.
type AccountPasswordPage struct {
	Base
	CurrentPassword, Password, PasswordAgain Field
}

// AccountPINPage is templates/pages/account_pin.html: POST /account/pin with
// the button's "do" being "set" or "remove".
type AccountPINPage struct {
	Base
	HasPIN, Off   bool // Off: too many wrong tries, only a reset helps
	ChangedAt     time.Time
	Old           bool
	CurrentPIN    Field // "current_pin", shown when HasPIN
	PIN, PINAgain Field
	RemovePIN     Field // "current_pin" of the form that removes; own id
	HasEmail      bool
}

// PINForgotPage is templates/pages/account_pin_forgot.html: two ways, a mail
// (POST /account/pin/mail) or the account's password (POST /account/pin/forgot
// with current_password, pin, pin_again and "do" being "set" or "remove").
type PINForgotPage struct {
	Base
	HasEmail                bool
	Password, PIN, PINAgain Field
}

// PINResetPage is templates/pages/account_pin_reset.html: POST
// /account/pin/reset with pin, pin_again and "do" being "set" or "remove".
type PINResetPage struct {
	Base
	Username      string
	PIN, PINAgain Field
}

// PINHelpPage is templates/pages/help_pin.html.
type PINHelpPage struct{ Base }

// SessionsPage is templates/pages/account_sessions.html.
type SessionsPage struct {
	Base
	Sessions []SessionView
	Events   []EventView // the latest security events, newest first
}

// SessionView is one signed-in browser or device.
type SessionView struct {
	ID         string // hidden field "id" of POST /account/sessions/end
	Icon       string // "computer", "phone", "tablet", "tv", "device": an icon of partials/icon.html
	Name       string // "Firefox on Windows"
	Address    string
	CreatedAt  time.Time
	LastSeenAt time.Time
	Current    bool // this browser
}

// EventView is one security event of the account.
type EventView struct {
	What    string // in the reader's language
	Address string
	Device  string
	At      time.Time
}

// NotMePage is templates/pages/session_not_me.html: POST
// /account/sessions/not-me ends the session that the mail told of.
type NotMePage struct {
	Base
	Device, Address string
	At              time.Time
}

// DeletePage is templates/pages/account_delete.html.
type DeletePage struct {
	Base
	Password  Field     // "current_password"
	WaitUntil time.Time // zero, or until when an email change can be undone
}

// ConfirmPasswordPage is templates/pages/confirm_password.html: POST
// /account/confirm-password.
type ConfirmPasswordPage struct {
	Base
	Password Field // "current_password"
	ReturnTo string
}

// ErrorPage is templates/pages/error.html.
type ErrorPage struct {
	Base
	Status        int
	Code          string // stable code of the error, "token_expired"
	Heading, Text string // in the reader's language
	RequestID     string
	Action        string // where to go on, "/forgot"; "" for the landing page
	ActionText    string
}

// DevMailPage is templates/pages/dev_mail.html: the mails of the mail folder.
type DevMailPage struct {
	Base
	Mails []DevMailView
}

// DevMailView is one mail of the mail folder.
type DevMailView struct {
	Name, To, Subject, Text string
	Links                   []string // of the text part, to click
	At                      time.Time
}

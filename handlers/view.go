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
	Account     *accountView // nil when nobody is signed in
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

// accountView is the signed-in person in the header of a page.
type accountView struct {
	Username, DisplayName string
	Waiting               int // links and invites that wait for an answer
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

// Choice is a box to tick.
type Choice struct {
	ID, Name string // of the input; its value is "on"
	Label    string
	Chosen   bool
	Focus    bool
}

// Option is a line of a select.
type Option struct {
	Value, Label string
	Chosen       bool
}

// SelectField is a select; partials/select.html renders it.
type SelectField struct {
	Field
	Options []Option
}

// End writes when something ends: a day that it lasts to the end of, or else a
// moment.
func (b Base) End(t time.Time) string {
	if next := t.Add(time.Millisecond).UTC(); next.Equal(next.Truncate(24 * time.Hour)) {
		return b.Date(t)
	}
	return b.DateTime(t)
}

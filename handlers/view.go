package handlers

import (
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-media/latchkey/internal/lastday"
	"github.com/latchkey-media/latchkey/templates"
)

// Base is the data that every page needs. The layout reads it, so the struct of
// each page embeds it.
type Base struct {
	Catalogue   *templates.Catalogue
	Locale      string // of this answer: "en" or "de"
	Nonce       string // of the content security policy; each script carries it
	ServiceName string
	Operator    string       // the person or group that runs the service; "" if no page says it
	Page        string       // the name of the template, such as "signup"
	Tabs        tabs         // which link in the header leads here
	Path        string       // where the language switch returns to: this page, without its query unless the query is harmless
	Account     *accountView // nil if nobody is signed in
	Notice      string       // a message about what was done, in the reader's language; screen readers announce it
	Problem     string       // the mistake in the form as a whole, in the reader's language
	Wrong       bool         // the form has mistakes, which the title says
	Dev         bool         // during development, the footer leads to /dev/mail
	Switched    bool         // the session is a switched one, so the header has little to offer
	SignUpOpen  bool         // the header offers to sign up
	Banners     []bannerView // what operators tell everybody now; nearly always none
	OnlySetUp   bool         // the page of a first run: header and footer lead nowhere

	Zone *time.Location // of the reader's account, for times and days; nil or UTC while it is not known
}

// spoken is the data of a page. Every struct that embeds Base implements it.
type spoken interface {
	language() string
	told() bool // operators tell the reader something now
}

func (b Base) language() string { return b.Locale }

func (b Base) told() bool { return len(b.Banners) > 0 }

// bannerView is a message of the operators to everybody, above the content of each page. partials/banners.html draws it.
type bannerView struct {
	ID, Title, Text string
	Lang            string // the language of the text; "" for the language of the page
	Warning         bool
}

// T returns the text with that key in the reader's language. The parameter pairs has the
// names and values of the placeholders: T("page.sent.to", "Email", .Email).
func (b Base) T(key string, pairs ...any) string {
	if len(pairs) == 0 {
		return b.Catalogue.Say(b.Locale, key, nil)
	}
	params := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := pairs[i].(string); ok {
			params[name] = pairs[i+1]
		}
	}
	return b.Catalogue.Say(b.Locale, key, params)
}

// tabs has the values of aria-current for the links in the header: "page" for the link to the
// page itself, "true" for the link to the section to which the page belongs, and "" for the
// others.
type tabs struct{ Servers, Links, Device, Account, Household, Operator string }

// tabsOf returns the values for a page. A template finds a field faster than it calls a
// method.
func tabsOf(page string) tabs {
	here := func(section string) string {
		switch section {
		case page:
			return "page"
		case sectionOf(page):
			return "true"
		default:
			return ""
		}
	}
	return tabs{here("servers"), here("links"), here("device"), here("account"), here("household"), here("operator")}
}

// sectionOf returns the section of the header to which a page belongs, or "-" if it belongs
// to none.
func sectionOf(page string) string {
	switch page {
	case "server_owner", "server_settings", "roster", "roster_entry", "way_in", "server_register", "server_open", "server_open_allow", "server_start", "local_password", "server_invite", "picture_server", "proof", "television", "television_wait", "import", "import_batch", "webhooks", "webhook":
		return "servers"
	case "invite", "invite_family":
		return "links"
	case "device_approve", "quick_connect", "quick_connect_wait":
		return "device"
	case "household_pin":
		return "household"
	case "email_change", "password", "pin", "pin_reset_request", "sessions", "history", "account_delete", "picture", "family", "family_member", "picture_member":
		return "account"
	case "operator_accounts", "operator_account", "operator_servers", "operator_server", "operator_mails", "operator_mail", "operator_throttles", "operator_settings", "operator_settings_edit", "operator_health", "operator_acts", "operator_webhooks", "operator_invites", "operator_invite", "operator_messages", "operator_message", "operator_family_list", "operator_family":
		return "operator"
	default:
		return "-"
	}
}

// Date writes t as a date in the reader's language and time zone.
func (b Base) Date(t time.Time) string { return b.Catalogue.DateIn(b.Locale, t.In(b.zone())) }

// DateTime writes t as a date and a time in the reader's language and time zone, with the place
// of that zone. A script then writes the time in the zone of the device.
func (b Base) DateTime(t time.Time) string { return b.Catalogue.DateTimeIn(b.Locale, t, b.zone()) }

// zone returns the time zone of the reader, and UTC while it is not known.
func (b Base) zone() *time.Location {
	if b.Zone == nil {
		return time.UTC
	}
	return b.Zone
}

// Languages returns the languages to choose from, each with its own name for
// itself.
func (b Base) Languages() []templates.Language { return b.Catalogue.Languages() }

// accountView is the signed-in person, for the header of a page.
type accountView struct {
	Username, DisplayName string
	Face                  face
	Waiting               int  // links and invites that wait for an answer
	Newcomer              bool // has not confirmed an address yet
	Operator              bool // the header leads to the pages of operators
}

// Field is one input of a form, as partials/field.html shows it.
type Field struct {
	Name         string // the name of the input
	ID           string // the id of the element; "" if it is the same as Name
	Type         string // text, email, password
	Label        string // in the reader's language, as are Hint and Error
	Hint         string // advice under the label; may be ""
	Error        string // the mistake in the field; "" without one
	Value        string // the text that was typed; always "" for passwords and PINs
	Autocomplete string
	InputMode    string // "" for the default of the type
	MinLength    int    // 0 for no minimum. A maximum is not set, because browsers silently cut off text that is pasted
	Required     bool
	Focus        bool // true for the first field with a mistake, or else for the first field of a form
	Reveal       bool // a button shows what was typed, for passwords and PINs
	Code         bool // a short code, in large capital letters
}

// ElementID returns the id of the input, to which its label, hint and error
// refer.
func (f Field) ElementID() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Name
}

// Choice is a checkbox.
type Choice struct {
	ID, Name string // of the input; its value is "on"
	Label    string
	Chosen   bool
	Focus    bool
}

// Option is one choice of a select.
type Option struct {
	Value, Label string
	Chosen       bool
}

// SelectField is a select, as partials/select.html shows it.
type SelectField struct {
	Field
	Options []Option
}

// End writes the time at which something ends: as [Base.DateTime] does, or only the date if that is
// the end of a day of the reader. If the time zone of the reader is not known, the text names the
// zone of the day: "21 November 2026 (UTC)".
func (b Base) End(t time.Time) string {
	switch zone := b.zone(); {
	case !lastday.Is(t, zone):
		return b.DateTime(t)
	case zone == time.UTC:
		return b.T("date.last_day", "Date", b.Date(t))
	default:
		return b.Date(t)
	}
}

// LastDate writes the last day of something that ends at t as a date in the reader's language.
func (b Base) LastDate(t time.Time) string { return b.Date(t.Add(-time.Millisecond)) }

// ends does the same as [Base.End], for a link that may have no end.
func (b Base) ends(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return b.End(t)
}

// device returns the name of a browser or device in the reader's language, or the words for
// an unknown one. [deviceName] makes such names as "Firefox on Windows" in English.
func (b Base) device(name string) string {
	if program, system, ok := strings.Cut(name, " on "); ok {
		return b.T("device.on", "Program", program, "System", system)
	}
	return cmp.Or(name, b.T("device.unknown"))
}

// face shows a server or a person: by their picture, or by initials on a colour.
type face struct {
	Picture  string // the address of the picture; "" for none
	Initials string // one or two capital letters; "" for a name without any letter or digit
	Class    string // of latchkey.css: the colour
}

// faceOf returns the picture at an address. Without an address it shows the initials of the first two
// words of a name, on a colour that stays the same as long as the id does.
func faceOf(name string, id int64, picture string) face {
	var initials []byte
	for word := range strings.FieldsSeq(name) {
		at := strings.IndexFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
		if at < 0 {
			continue
		}
		more := len(initials) > 0
		first, _ := utf8.DecodeRuneInString(word[at:])
		initials = utf8.AppendRune(initials, unicode.ToUpper(first))
		if more {
			break
		}
	}
	classes := [...]string{"face-1", "face-2", "face-3", "face-4", "face-5", "face-6", "face-7", "face-8"}
	// The lower bits of an id come from a counter, and the higher bits from a clock.
	id ^= id>>12 ^ id>>22
	return face{Picture: picture, Initials: string(initials), Class: classes[id&7]}
}

package mailer

import (
	"bytes"
	"cmp"
	"fmt"
	html "html/template"
	"net/url"
	"slices"
	"strings"
	text "text/template"
	"unicode/utf8"

	"github.com/latchkey-media/latchkey/templates"
)

// Templates are the texts and the templates from which mails are made.
type Templates struct {
	Catalogue *templates.Catalogue
	HTML      *html.Template
	Text      *text.Template
}

// ReadTemplates reads the embedded templates of the mails.
func ReadTemplates(catalogue *templates.Catalogue) (*Templates, error) {
	page, err := templates.MailHTML()
	if err != nil {
		return nil, err
	}
	plain, err := templates.MailText()
	if err != nil {
		return nil, err
	}
	return &Templates{Catalogue: catalogue, HTML: page, Text: plain}, nil
}

// write returns the message for l. For a letter from which no mail can ever be written, it returns
// a permanent error.
func (m *Mailer) write(l Letter) (Message, error) {
	k, ok := kinds()[l.Kind]
	if !ok {
		return Message{}, permanent("there is no such kind of mail")
	}
	if err := CheckAddress(l.To); err != nil {
		return Message{}, permanent("recipient: %w", err)
	}
	if l.ID == "" || len(l.ID) > maxLocalPart || !only(l.ID, letterDigits+"-") {
		return Message{}, permanent("the letter's id cannot be used in a Message-ID")
	}
	if err := k.check(l); err != nil {
		return Message{}, err
	}
	from, err := m.sender()
	if err != nil {
		return Message{}, err
	}
	said := m.say(k, l)
	if said.Person != "" {
		from.Name = m.Templates.Catalogue.Say(said.Locale, "mail.from", map[string]any{"Person": said.Person, "Service": from.Name})
	}
	var plain, page bytes.Buffer
	if err := m.Templates.Text.ExecuteTemplate(&plain, "layout", said); err != nil {
		return Message{}, fmt.Errorf("write text: %w", err)
	}
	if err := m.Templates.HTML.ExecuteTemplate(&page, "layout", said); err != nil {
		return Message{}, fmt.Errorf("write HTML: %w", err)
	}
	return Message{
		ID: l.ID, Kind: l.Kind, From: from, To: l.To, At: l.At,
		Subject: said.Subject, Text: plain.String(), HTML: page.String(), Stop: said.StopLink,
	}, nil
}

// words are all texts of a mail, in the reader's language. The templates
// templates/mail/layout.html and layout.txt render them.
type words struct {
	Locale    string
	Direction string // of the writing: "ltr", or "rtl" for a language that is written from right to left
	Service   string // its name
	Subject   string
	Heading   string
	Greeting  string
	Lead      string
	Person    string   // in whose name the mail is written; "" for the service's own mails, and for a name that cannot be shown
	Wrote     string   // the line above Note
	Note      []string // the lines of a text by that person
	Details   []detail
	Link      string // "" for a mail without a link; such a mail has no Button, Copy and Life either
	Button    string
	Copy      string // the line above the address of the link
	Life      string // how long and how often the link works; "" for a link without a secret
	Second    string // text of SecondLink; "" for a mail without a second link
	After     string
	Ignore    string // advice for a reader who did not ask for this mail

	SecondLink string

	Why        string // why this person gets this mail
	Always     string // why mails of this kind cannot be turned off; "" for other mails
	About      string // what the service is, for a reader who never heard of it; "" in mails that no person started
	Sender     string
	ServiceURL string

	Stop, StopButton string // how to stop such mails; "" for a mail that cannot be stopped
	StopLink         string
}

// Start returns the side at which a line of the mail begins: "left" or "right". Mail programs know
// these words better than the logical ones of CSS.
func (w words) Start() string {
	if w.Direction == "rtl" {
		return "right"
	}
	return "left"
}

// Wrap breaks a paragraph of the plain text into lines of at most 72 characters. A longer word has
// a line of its own.
func (w words) Wrap(paragraph string) string { return wrap(paragraph, 72) }

// Quote breaks the note into lines that each begin with the mark of a quotation.
func (w words) Quote() string {
	var quoted []string
	for _, line := range w.Note {
		quoted = append(quoted, "> "+strings.ReplaceAll(wrap(line, 70), "\n", "\n> "))
	}
	return strings.Join(quoted, "\n")
}

// wrap breaks a paragraph into lines of at most width characters.
func wrap(paragraph string, width int) string {
	var lines strings.Builder
	used := 0
	for word := range strings.FieldsSeq(paragraph) {
		length := utf8.RuneCountInString(word)
		switch {
		case used == 0:
		case used+1+length > width:
			lines.WriteByte('\n')
			used = 0
		default:
			lines.WriteByte(' ')
			used++
		}
		lines.WriteString(word)
		used += length
	}
	return lines.String()
}

// voice finds the texts of one mail.
type voice struct {
	catalogue *templates.Catalogue
	locale    string
	kind      kind
	letter    Letter
	person    string // the same as Person of words
	server    string // the names of the servers, if they may stand in the subject; otherwise ""
	params    map[string]any
}

func (v *voice) phrase(key string, params map[string]any) string {
	return v.catalogue.Say(v.locale, key, params)
}

// part returns one part of the text of the kind, or "" if the kind does not have that part.
func (v *voice) part(name string) string {
	key := "mail." + v.letter.Kind + "." + name
	switch name {
	case "subject", "heading", "lead":
		if len(v.kind.variants) > 0 {
			key += "." + v.letter.Facts.What
		}
		if name != "heading" {
			key += v.named()
		}
	case "after", "ignore":
		if !slices.Contains(v.kind.says, name) {
			return ""
		}
		if name == "after" && v.kind.family && v.letter.Facts.Family {
			key += ".family"
		}
	}
	return v.phrase(key, v.params)
}

// named returns the end of the keys of the texts that say who writes: ".at" with the name of a server,
// ".person" without one, "" for a mail that names nobody.
func (v *voice) named() string {
	switch {
	case v.person == "":
		return ""
	case v.server == "":
		return ".person"
	default:
		return ".at"
	}
}

// say returns the texts of the mail for l.
func (m *Mailer) say(k kind, l Letter) words {
	base := strings.TrimRight(m.PublicURL, "/")
	service := map[string]any{"Service": m.ServiceName}
	v := &voice{
		catalogue: m.Templates.Catalogue,
		locale:    m.Templates.Catalogue.Match(l.Locale),
		kind:      k,
		letter:    l,
	}
	if k.person {
		v.person = m.person(l.Facts)
		if name := strings.TrimSpace(l.Facts.Server); slices.Contains(k.details, server) && m.presentable(name, maxServers) {
			v.server = name
		}
	}
	v.params = map[string]any{"Service": m.ServiceName, "Email": v.email(), "Person": v.person, "Server": v.server}
	said := words{
		Locale:     v.locale,
		Direction:  v.phrase("language.direction", nil),
		Service:    m.ServiceName,
		Subject:    v.part("subject"),
		Heading:    v.part("heading"),
		Greeting:   v.phrase("mail.greeting", nil),
		Lead:       v.part("lead"),
		Details:    v.details(),
		After:      v.part("after"),
		Ignore:     v.part("ignore"),
		Why:        v.part("why"),
		Sender:     v.phrase("mail.sender", service),
		ServiceURL: base + "/",
	}
	m.sayPerson(v, &said)
	if m.OperatorName != "" {
		said.Sender += " " + v.phrase("mail.sender.operator", map[string]any{"Service": m.ServiceName, "Operator": m.OperatorName})
	}
	if name := greetName(l.Facts); name != "" {
		said.Greeting = v.phrase("mail.greeting.name", map[string]any{"Name": name})
	}
	if k.security {
		said.Always = v.phrase("mail.always", service)
	}
	if k.page != "" {
		said.Link, said.Button = base+k.page, v.part("button")
		said.Copy = v.phrase("mail.link.copy", nil)
	}
	if l.Secret != "" {
		said.Link += "?token=" + url.QueryEscape(l.Secret)
		said.Life = v.life()
	}
	if k.second != "" {
		said.Second, said.SecondLink = v.part("second"), base+k.second
	}
	if l.ToGuardian {
		v.sayGuardian(&said, base)
	}
	return said
}

// sayPerson adds the texts of a mail that a person started: who that is, what they wrote, what the
// service is, and how to stop such mails.
func (m *Mailer) sayPerson(v *voice, said *words) {
	params := map[string]any{"Service": m.ServiceName, "Person": v.person}
	if v.letter.Stop != "" {
		said.Stop, said.StopButton = v.phrase("mail.stop", params), v.phrase("mail.stop.button", params)
		said.StopLink = strings.TrimRight(m.PublicURL, "/") + "/mail/stop?token=" + url.QueryEscape(v.letter.Stop)
	}
	if v.kind.message {
		title, lines := v.message()
		said.Heading, said.Note = cmp.Or(title, said.Heading), lines
	}
	if !v.kind.person {
		return
	}
	said.Person, said.About = v.person, v.phrase("mail.about", params)
	if said.Person != "" {
		said.Sender = v.phrase("mail.sender.person", params)
	}
	if said.Note = v.note(); said.Note != nil {
		said.Wrote = v.phrase("mail.wrote", params)
		if said.Person != "" {
			said.Wrote = v.phrase("mail.wrote.person", params)
		}
	}
}

// life returns the sentence that says how long the link works. If the letter has no time at
// which the link ends, the sentence says only that the link works once.
func (v *voice) life() string {
	until := v.moment(v.letter.Facts.Until)
	if until != "" && v.kind.again {
		return v.phrase("mail.link.open", map[string]any{"Until": until})
	}
	if until != "" {
		return v.phrase("mail.link.until", map[string]any{"Until": until})
	}
	return v.phrase("mail.link.once", nil)
}

// sayGuardian makes the mail one for a guardian: it says which account it is about, and its link leads to
// the page of the family.
func (v *voice) sayGuardian(said *words, base string) {
	said.Greeting = v.phrase("mail.greeting", nil)
	about := v.phrase("mail.guardian.about.nobody", nil)
	if name := greetName(v.letter.Facts); name != "" {
		about = v.phrase("mail.guardian.about", map[string]any{"Name": name})
	}
	said.Lead = about + " " + said.Lead
	said.Link, said.Button, said.Copy = base+"/family", v.phrase("mail.guardian.button", nil), v.phrase("mail.link.copy", nil)
	said.Life, said.Second, said.SecondLink, said.Ignore = "", "", "", ""
	said.Why = v.phrase("mail.guardian.why", v.params)
}

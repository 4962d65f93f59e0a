package mailer_test

import (
	"html"
	"maps"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

const (
	publicURL = "https://id.example.org"
	secret    = "s3cret-Token_of-this-letter"
	recipient = "ann@example.org"
)

// at returns the time when the mails of the tests were put into the outbox.
func at() time.Time { return time.Date(2026, time.March, 4, 15, 6, 7, 8_000_000, time.UTC) }

func newMailer(t *testing.T, transport mailer.Transport) *mailer.Mailer {
	t.Helper()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	texts, err := mailer.ReadTemplates(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return &mailer.Mailer{
		Transport: transport, From: "accounts@id.example.org",
		ServiceName: "Latchkey", PublicURL: publicURL, Templates: texts,
	}
}

// traitsOf returns the row of a kind of mail in models.
func traitsOf(t *testing.T, kind string) models.MailTraits {
	t.Helper()
	for _, traits := range models.MailKinds() {
		if string(traits.Kind) == kind {
			return traits
		}
	}
	t.Fatalf("models have no kind of mail %s", kind)
	return models.MailTraits{}
}

// letter returns a letter of the kind with all facts, and with a secret if the
// kind has one.
func letter(t *testing.T, kind, locale string) mailer.Letter {
	t.Helper()
	traits := traitsOf(t, kind)
	l := mailer.Letter{
		ID: "7301-" + strings.ReplaceAll(kind, "_", "-"), Kind: kind, To: recipient, Locale: locale,
		ToStrangers: traits.ToStrangers, At: at(),
		Facts: mailer.Facts{
			Username: "annm", DisplayName: "Ann Müller", Email: "a…@example.net",
			Address: "203.0.113.7", Device: "Firefox on Windows", At: time.Date(2026, time.March, 4, 15, 6, 0, 0, time.UTC),
			What: "changed", Server: "Den & Co", Person: "bert", PersonName: "Bert Brandt", Note: "Come in!\nThe <b>door</b> is open.",
			Problems: `[{"name":"address","subject":"https://den.example.org:443","reason":"certificate_expired","until":"2026-03-01T00:00:00Z"},{"name":"quick_connect","reason":"off"}]`,
			Ends:     time.Date(2026, time.March, 11, 22, 59, 59, 0, time.UTC),
		},
	}
	if slices.Contains([]string{"invite", "invite_reminder", "invite_sign_up", "invited", "test", "setup"}, kind) { // these go to an address, not to an account
		l.Facts.Username, l.Facts.DisplayName = "", ""
	}
	switch kind {
	case "server_key":
		l.Facts.What = "renewed"
	case "webhook_off":
		l.Facts.What, l.Facts.Webhook = "failing", "Family chat"
	case "stay_changed":
		l.Facts.What = "paused_until"
	}
	if traits.Stops {
		l.Stop = "st0p-Token_of-this-letter"
	}
	if traits.HasSecret() {
		l.Secret = secret
		l.Facts.Until = time.Date(2026, time.March, 4, 16, 6, 0, 0, time.UTC)
	}
	return l
}

// links returns the first link in the mail of each kind.
func links() map[string]string {
	token := "?token=" + secret
	return map[string]string{
		"confirm":            "/confirm" + token,
		"already_registered": "/signin",
		"account_created":    "/reset" + token,
		"password_reset":     "/reset" + token,
		"password_changed":   "/forgot",
		"email_confirm":      "/account/email/confirm" + token,
		"email_asked":        "/account/password",
		"email_changed":      "/account/email/undo" + token,
		"email_arrived":      "/",
		"email_undone":       "/reset" + token,
		"family_asked":       "/family",
		"circle_asked":       "/circles",
		"circle_offered":     "/circles",
		"circle_waits":       "/circles",
		"circle_admitted":    "/servers",
		"pin_changed":        "/account/pin",
		"pin_reset":          "/account/pin/reset" + token,
		"new_device":         "/account/sessions/not-me" + token,
		"account_deleted":    "/",
		"link_asked":         "/invitations",
		"link_accepted":      "/servers",
		"link_removed":       "/servers",
		"link_ended":         "/servers",
		"stay_ending":        "/servers",
		"stay_ending_owner":  "/stay" + token,
		"stay_changed":       "/servers",
		"invited":            "/signup",
		"invite":             "/invite" + token,
		"service_message":    "/",
		"invite_sign_up":     "/invite" + token,
		"invite_reminder":    "/invite" + token,
		"server_handed_over": "/servers",
		"server_key":         "/servers",
		"local_password":     "/servers",
		"television":         "/account/sessions",
		"server_checks":      "/servers",
		"webhook_off":        "/webhooks",
		"test":               "/",
		"settings_changed":   "/admin/settings",
		"setup":              "/welcome/arrived" + token,
	}
}

func TestEveryMailOverSMTP(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(links())), mailer.Kinds()); diff != "" {
		t.Fatalf("links() in mailer/mailer_test.go needs a row for each kind of mailer/kinds.go (-rows +kinds):\n%s", diff)
	}
	for _, locale := range []string{"en", "de"} {
		for kind, link := range links() {
			t.Run(locale+"/"+kind, func(t *testing.T) {
				t.Parallel()
				sink := mailtest.NewSink(t)
				m := newMailer(t, sink.Transport(t))
				l := letter(t, kind, locale)
				if err := m.Send(t.Context(), l); err != nil {
					t.Fatal(err)
				}
				got := sink.Wait(t, 1)
				if len(got) != 1 {
					t.Fatalf("got %d mails, want 1", len(got))
				}
				checkEnvelope(t, got[0])
				mail := mailtest.Parse(t, got[0].Data)
				checkHeaders(t, mail, l)
				checkWords(t, mail, l, publicURL+link)
			})
		}
	}
}

func checkEnvelope(t *testing.T, got mailtest.Received) {
	t.Helper()
	if got.Hello != "accounts.example.org" || got.From != "accounts@id.example.org" ||
		!slices.Equal(got.To, []string{recipient}) {
		t.Errorf("got the envelope EHLO %s, MAIL FROM %s, RCPT TO %v, want the service's name and sender and one recipient", got.Hello, got.From, got.To)
	}
}

// senderOf returns the header From of the mail for a letter. In the tests with hostile facts the name
// of the person must not be in it.
func senderOf(l mailer.Letter) string {
	from := netmail.Address{Name: "Latchkey", Address: "accounts@id.example.org"}
	if inSomebodysName(l.Kind) && l.Facts.PersonName == "Bert Brandt" {
		from.Name = map[string]string{"en": "Bert Brandt via Latchkey", "de": "Bert Brandt über Latchkey"}[l.Locale]
	}
	return from.String()
}

// inSomebodysName reports whether mails of a kind are written in the name of a person.
func inSomebodysName(kind string) bool {
	return slices.Contains([]string{"circle_asked", "family_asked", "invite", "invite_reminder", "invited", "link_asked", "server_handed_over"}, kind)
}

func checkHeaders(t *testing.T, mail *mailtest.Mail, l mailer.Letter) {
	t.Helper()
	want := map[string]string{
		"From":           senderOf(l),
		"To":             "<" + recipient + ">",
		"Date":           "Wed, 04 Mar 2026 15:06:07 +0000",
		"Message-Id":     "<" + l.ID + "@id.example.org>",
		"Auto-Submitted": "auto-generated",
		"Mime-Version":   "1.0",
	}
	if l.Stop != "" {
		want["List-Unsubscribe"] = "<" + publicURL + "/mail/stop?token=" + l.Stop + ">"
		want["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
	}
	for name, values := range mail.Header {
		if len(values) != 1 {
			t.Errorf("got %d headers %s, want 1", len(values), name)
		}
		if name != "Subject" && name != "Content-Type" && want[name] != values[0] {
			t.Errorf("%s: %s, want %q", name, values[0], want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("missing headers: %v", want)
	}
	if sender := mail.Header["From"]; !strings.Contains(mail.Subject, "Latchkey") && !strings.Contains(sender[0], "Latchkey") {
		t.Errorf("got the subject %q from %q, want the name of the service in one of them", mail.Subject, sender)
	}
	if diff := cmp.Diff([]string{"text/plain", "text/html"}, mail.Types); diff != "" {
		t.Errorf("parts: %s", diff)
	}
}

func checkWords(t *testing.T, mail *mailtest.Mail, l mailer.Letter, link string) {
	t.Helper()
	if got := mail.FirstLink(); got != link {
		t.Errorf("first link of the text: %s, want %s", got, link)
	}
	if got := mail.FirstLinkHTML(); got != link {
		t.Errorf("first link of the HTML: %s, want %s", got, link)
	}
	if !strings.Contains(mail.Text, "\n"+link+"\n") {
		t.Error("the link is not alone on a line of the text, want that")
	}
	if l.Secret != "" && strings.Contains(mail.Subject, l.Secret) {
		t.Error("got the secret in the subject, want it only in the link")
	}
	greeting, other := "Hello", "Hallo"
	if l.Locale == "de" {
		greeting, other = other, greeting
	}
	if !strings.Contains(mail.HTML, `<html lang="`+l.Locale+`" dir="`) {
		t.Error("the HTML has no language, want the language of the letter")
	}
	for part, content := range map[string]string{"subject": mail.Subject, "text": mail.Text, "HTML": mail.HTML} {
		for _, bad := range []string{"{{", "}}", "<no value>", "%!", "ZgotmplZ", other} {
			if strings.Contains(content, bad) {
				t.Errorf("the %s contains %q, want it nowhere:\n%s", part, bad, content)
			}
		}
		if key := regexp.MustCompile(`(mail|date)\.[a-z]+`).FindString(content); key != "" {
			t.Errorf("the %s contains the key %s, want its text", part, key)
		}
		if part != "subject" && !strings.Contains(content, greeting) {
			t.Errorf("the %s lacks %q, want it there", part, greeting)
		}
	}
	for _, bad := range []string{"<img", "<script", "src=", "url(", "@import"} {
		if strings.Contains(mail.HTML, bad) {
			t.Errorf("the HTML contains %q, want it nowhere", bad)
		}
	}
}

func TestAMailOfVariantsNeedsOne(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"", "stolen"} {
		var box mailtest.Recorder
		l := letter(t, "pin_changed", "en")
		l.Facts.What = what
		err := newMailer(t, &box).Send(t.Context(), l)
		if !mailer.Permanent(err) || len(box.Sent()) > 0 {
			t.Errorf("a change of the PIN that is %q: error %v, %d mails; want a permanent error and no mail", what, err, len(box.Sent()))
		}
	}
}

// The data of a mail may lack a name to greet, a device and a time. The mail is sent without them.
func TestUnknownFactsAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, kind := range mailer.Kinds() {
		l := letter(t, kind, "en")
		l.Facts = mailer.Facts{What: l.Facts.What}
		if err := newMailer(t, new(mailtest.Recorder)).Send(t.Context(), l); err != nil {
			t.Errorf("%s without facts: error %v, want none", kind, err)
		}
	}
}

// A mail says who runs the service if the operator wants that, in the reader's language.
func TestMailSaysWhoRunsTheService(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{"en": "Latchkey is run by Anna & Tom.", "de": "Latchkey wird betrieben von Anna & Tom."} {
		for _, operator := range []string{"Anna & Tom", ""} {
			var box mailtest.Recorder
			m := newMailer(t, &box)
			m.OperatorName = operator
			if err := m.Send(t.Context(), letter(t, "confirm", locale)); err != nil {
				t.Fatal(err)
			}
			sent := box.Sent()[0]
			if text := strings.ReplaceAll(sent.Text, "\n", " "); strings.Contains(text, want) != (operator != "") ||
				strings.Contains(html.UnescapeString(sent.HTML), want) != (operator != "") {
				t.Errorf("%s, operator %q: got the mail\n%s", locale, operator, text)
			}
		}
	}
}

func TestLettersThatCanNeverWork(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*mailer.Letter)
	}{
		{"unknown kind", func(l *mailer.Letter) { l.Kind = "newsletter" }},
		{"no recipient", func(l *mailer.Letter) { l.To = "" }},
		{"two recipients", func(l *mailer.Letter) { l.To = "ann@example.org,eve@example.org" }},
		{"no id", func(l *mailer.Letter) { l.ID = "" }},
		{"id with a line end", func(l *mailer.Letter) { l.ID = "1\r\nBcc: eve@example.org" }},
		{"id that is a path", func(l *mailer.Letter) { l.ID = "../1" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var box mailtest.Recorder
			l := letter(t, "confirm", "en")
			tt.spoil(&l)
			if err := newMailer(t, &box).Send(t.Context(), l); !mailer.Permanent(err) {
				t.Errorf("error %v, want a permanent one", err)
			}
			if len(box.Sent()) > 0 {
				t.Error("the mail was sent, want it refused")
			}
		})
	}
}

func TestASecretWhereNoneBelongs(t *testing.T) {
	t.Parallel()
	l := letter(t, "account_deleted", "en")
	l.Secret = secret
	if err := newMailer(t, new(mailtest.Recorder)).Send(t.Context(), l); !mailer.Permanent(err) {
		t.Errorf("error %v, want a permanent one", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, url string
		ok        bool
	}{
		{"accounts@example.org", publicURL, true},
		{"The House <accounts@example.org>", publicURL, true},
		{"", publicURL, false},
		{"accounts", publicURL, false},
		{"a@example.org, b@example.org", publicURL, false},
		{"accounts@example.org", "", false},
		{"accounts@example.org", "id.example.org", false},
	}
	for _, tt := range tests {
		m := newMailer(t, nil)
		m.From, m.PublicURL = tt.from, tt.url
		if err := m.Check(); (err == nil) != tt.ok {
			t.Errorf("Check with %q and %q: got error %v, want the outcome of the table", tt.from, tt.url, err)
		}
	}
}

func TestRetriesAreTheSameMail(t *testing.T) {
	t.Parallel()
	var box mailtest.Recorder
	m := newMailer(t, &box)
	for range 2 {
		if err := m.Send(t.Context(), letter(t, "password_reset", "de")); err != nil {
			t.Fatal(err)
		}
	}
	sent := box.Wait(t, 2)
	if diff := cmp.Diff(sent[0], sent[1]); diff != "" {
		t.Errorf("two letters from the same facts differ (-first +second):\n%s", diff)
	}
	if got, want := mailtest.FirstLink(sent[0]), publicURL+"/reset?token="+secret; got != want {
		t.Errorf("link %s, want %s", got, want)
	}
}

package mailer_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// hostile returns texts with which people may try to smuggle something into a mail. The keys are
// the names of the tests.
func hostile() map[string]string {
	return map[string]string{
		"line ends":     "Ann\r\nBcc: eve@example.net\r\n\r\nHi",
		"bare feed":     "Ann\nTo: eve@example.net",
		"bare return":   "Ann\rRCPT TO:<eve@example.net>\r",
		"end of data":   "Ann\r\n.\r\nMAIL FROM:<eve@example.net>",
		"nul":           "Ann\x00eve",
		"2047 word":     "=?utf-8?q?Ann=0d=0aBcc:_eve@example.net?=",
		"2047 base64":   "=?utf-8?b?QW5uDQpCY2M6IGV2ZUBleGFtcGxlLm5ldA==?=",
		"markup":        `<a href="https://evil.example.net/">win</a><script>alert(1)</script>`,
		"attribute":     `" onmouseover="alert(1)`,
		"template":      "{{.Link}}{{template \"layout\"}}",
		"link":          "Win now: https://evil.example.net/x",
		"bare link":     "evil.example.net",
		"other dot":     "evil。example。net",
		"mail address":  "eve@example.net",
		"scheme":        "tel:0900123456",
		"right to left": "\u202egro.elpmaxe\u202c",
		"zero width":    "ev\u200bil",
		"broken":        "\xff\xfe",
		"long":          strings.Repeat("Buy gold ", 5_000),
	}
}

func TestHostileFactsAreInert(t *testing.T) {
	t.Parallel()
	for name, value := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.NewSink(t)
			m := newMailer(t, sink.Transport(t))
			for _, kind := range []string{"confirm", "email_asked", "new_device", "link_asked", "link_accepted", "invited", "invite", "server_handed_over"} {
				l := letter(t, kind, "en")
				for _, fact := range texts(&l.Facts) {
					if *fact != "" {
						*fact = value
					}
				}
				if err := m.Send(t.Context(), l); err != nil {
					t.Fatal(err)
				}
				got := sink.Wait(t, 1)
				checkInert(t, got[len(got)-1], l, publicURL+links()[kind])
			}
			if got := sink.Mails(); len(got) != 8 {
				t.Errorf("%d mails, want 8", len(got))
			}
		})
	}
}

// texts returns pointers to the facts that people choose.
func texts(f *mailer.Facts) []*string {
	return []*string{&f.Username, &f.DisplayName, &f.Email, &f.Address, &f.Device, &f.What, &f.Server, &f.Person, &f.PersonName, &f.Note}
}

func checkInert(t *testing.T, got mailtest.Received, l mailer.Letter, link string) {
	t.Helper()
	checkEnvelope(t, got)
	head, _, _ := bytes.Cut(got.Data, []byte("\r\n\r\n"))
	for line := range strings.Lines(string(head)) {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		if name == "bcc" || name == "cc" {
			t.Errorf("got the header %s, want none of this name", line)
		}
	}
	mail := mailtest.Parse(t, got.Data)
	checkHeaders(t, mail, l)
	if mail.FirstLink() != link || mail.FirstLinkHTML() != link {
		t.Errorf("first links %s and %s, want %s", mail.FirstLink(), mail.FirstLinkHTML(), link)
	}
	for _, bad := range []string{"<script", "<a href=\"https://evil", "\" onmouseover", "\u202e", "\u200b", "\x00", "Buy gold Buy gold"} {
		if strings.Contains(mail.Text, bad) && bad[0] != '"' && bad[0] != '<' || strings.Contains(mail.HTML, bad) {
			t.Errorf("got %q in the mail, want it left out:\n%s", bad, mail.Text)
		}
	}
	if inSomebodysName(l.Kind) && (strings.Contains(mail.Subject, "evil") || strings.Contains(mail.Subject, "Ann")) {
		t.Errorf("got the subject %q, want no name in it", mail.Subject)
	}
	if strings.Contains(mail.Text, "https://evil") {
		t.Errorf("got a foreign link in the text, want it left out:\n%s", mail.Text)
	}
	if slices.Contains([]string{"confirm", "link_asked", "invited", "invite"}, l.Kind) && strings.Contains(mail.Text+mail.HTML, "evil.") {
		t.Errorf("got a word of a stranger in the mail, want it left out:\n%s", mail.Text)
	}
}

func TestHostileRecipientsAreRefused(t *testing.T) {
	t.Parallel()
	tests := []string{
		"", "ann", "@example.org", "ann@", "ann@example", "ann@.org", "ann@example..org", "ann@example.org.",
		".ann@example.org", "ann.@example.org", "a..n@example.org",
		`"ann"@example.org`, `"ann eve"@example.org`, "Ann <ann@example.org>", "<ann@example.org>",
		"ann@example.org, eve@example.org", "ann@example.org eve@example.org", "ann@example.org;eve@example.org",
		"ann@example.org\r\nBcc: eve@example.org", "ann@example.org\n", " ann@example.org", "ann\x00@example.org",
		"ann(comment)@example.org", "ann@[127.0.0.1]", "ann@exa mple.org", "änn@example.org", "ann@exämple.org",
		"=?utf-8?q?ann?=@example.org", "ann@eve@example.org", "ann@-example.org", "ann@example-.org",
		strings.Repeat("a", 65) + "@example.org",
		"ann@" + strings.Repeat("a", 64) + ".org",
		"ann@" + strings.Repeat("abcdefgh.", 30) + "org",
	}
	sink := mailtest.NewSink(t)
	m := newMailer(t, sink.Transport(t))
	for _, to := range tests {
		l := letter(t, "confirm", "en")
		l.To = to
		if err := m.Send(t.Context(), l); !mailer.Permanent(err) {
			t.Errorf("%q: %v, want a permanent error", to, err)
		}
		direct := mailer.Message{ID: "1", Kind: "test", To: to}
		direct.From.Address = "accounts@example.org"
		if err := m.Transport.Send(t.Context(), direct); !mailer.Permanent(err) {
			t.Errorf("transport, %q: %v, want a permanent error", to, err)
		}
	}
	if sink.Tries() != 0 {
		t.Errorf("got %d connections to the mail server, want none", sink.Tries())
	}
}

func TestGoodRecipients(t *testing.T) {
	t.Parallel()
	for _, to := range []string{
		"ann@example.org", "a@b.io", "Ann.Miller+tv@mail.example.org", "o'brien@example.org",
		"ann@xn--exmple-cua.org", "x_{}|~!#$%&*/=^?`-@example.org",
	} {
		if err := mailer.CheckAddress(to); err != nil {
			t.Errorf("%s: got error %v, want none", to, err)
		}
	}
}

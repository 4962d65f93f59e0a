package mailer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// hurried makes a transport give up each step after a short time. Tests use it with mail servers
// that never answer.
func hurried(transport *mailer.SMTP) {
	const soon = 150 * time.Millisecond
	transport.Times = mailer.Times{
		Connect: waittest.Patience, Greeting: soon, Command: soon, Data: soon, Block: soon, Taken: soon, Goodbye: soon,
	}
}

func TestFaultyMailServers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		faults    mailtest.Faults
		permanent bool
		says      string
	}{
		{"hangs before the greeting", mailtest.Faults{Hang: true}, false, "did not answer in time: the greeting may take 150ms"},
		{"is busy", mailtest.Faults{Banner: "421 4.3.2 try later"}, false, "answered the greeting with 421"},
		{"wants nobody", mailtest.Faults{Banner: "554 no service here"}, false, "554"},
		{"is no mail server", mailtest.Faults{Banner: "HTTP/1.1 400 Bad Request"}, false, "failed at the greeting"},
		{"greylists", mailtest.Faults{Recipient: map[string]int{recipient: 451}}, false, "451"},
		{"has no such mailbox", mailtest.Faults{Recipient: map[string]int{recipient: 550}}, true, "5.1.1 mailbox says 550"},
		{"wants us to sign in first", mailtest.Faults{Recipient: map[string]int{recipient: 530}}, false, "530"},
		{"refuses the mail", mailtest.Faults{Content: 554}, true, "5.6.0 mail refused"},
		{"is full", mailtest.Faults{Content: 452}, false, "mail refused"},
		{"cuts the line", mailtest.Faults{CutData: true}, false, "it may have the mail"},
		{"dribbles", mailtest.Faults{Dribble: 40 * time.Millisecond}, false, "did not answer in time"},
		{"crawls", mailtest.Faults{Dribble: time.Second}, false, "did not answer in time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.NewSink(t)
			transport := sink.Transport(t)
			if tt.faults.Hang || tt.faults.Dribble > 0 {
				hurried(transport)
			}
			m := newMailer(t, transport)
			sink.Fail(tt.faults)
			err := m.Send(t.Context(), letter(t, "confirm", "en"))
			if err == nil || mailer.Permanent(err) != tt.permanent || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v (permanent: %t), want permanent %t and %q", err, mailer.Permanent(err), tt.permanent, tt.says)
			}
			if err != nil && (strings.Contains(err.Error(), mailtest.Password) || strings.Contains(err.Error(), recipient)) {
				t.Errorf("the error quotes the password or the recipient, want neither: %v", err)
			}
			before := len(sink.Mails())
			sink.Fail(mailtest.Faults{})
			if err := newMailer(t, sink.Transport(t)).Send(t.Context(), letter(t, "confirm", "en")); err != nil {
				t.Errorf("after the fault: got error %v, want none", err)
			}
			if got := len(sink.Mails()); got != before+1 {
				t.Errorf("%d mails after the fault, want %d", got, before+1)
			}
		})
	}
}

func TestATakenMailIsSentWhateverComesAfter(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	sink.Fail(mailtest.Faults{CutAfter: true})
	if err := newMailer(t, sink.Transport(t)).Send(t.Context(), letter(t, "confirm", "en")); err != nil {
		t.Errorf("the server accepted the mail and Send returned error %v, want none", err)
	}
	sink.Wait(t, 1)
}

func TestServerDownAndUp(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	m := newMailer(t, sink.Transport(t))
	sink.Down()
	if err := m.Send(t.Context(), letter(t, "confirm", "en")); err == nil || mailer.Permanent(err) {
		t.Errorf("while down: %v, want a temporary error", err)
	}
	sink.Up(t)
	if err := m.Send(t.Context(), letter(t, "confirm", "en")); err != nil {
		t.Errorf("afterwards: got error %v, want none", err)
	}
	sink.Wait(t, 1)
}

func TestTLSFromTheFirstByte(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewTLSSink(t)
	if err := newMailer(t, sink.Transport(t)).Send(t.Context(), letter(t, "confirm", "en")); err != nil {
		t.Fatal(err)
	}
	checkEnvelope(t, sink.Wait(t, 1)[0])
}

func TestTLSFromTheFirstByteHangs(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewTLSSink(t)
	sink.Fail(mailtest.Faults{Hang: true})
	transport := sink.Transport(t)
	hurried(transport)
	if err := newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en")); err == nil || mailer.Permanent(err) || !mailer.ServerAway(err) {
		t.Errorf("error %v, want a temporary one about the server", err)
	}
}

func TestConnectionsThatMustNotBe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*mailer.SMTP)
	}{
		{"unknown certificate", func(s *mailer.SMTP) { s.TLS = nil }},
		{"certificate of another host", func(s *mailer.SMTP) { s.TLS.ServerName = "mail.example.org" }},
		{"wrong password", func(s *mailer.SMTP) { s.Password = "wrong" }},
		{"no password", func(s *mailer.SMTP) { s.Username, s.Password = "", "" }},
		{"old TLS only", func(s *mailer.SMTP) { s.TLS.MaxVersion = tls.VersionTLS11 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := mailtest.NewSink(t)
			transport := sink.Transport(t)
			tt.spoil(transport)
			err := newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en"))
			if err == nil || mailer.Permanent(err) {
				t.Errorf("error %v, want a temporary one", err)
			}
			if len(sink.Mails()) > 0 {
				t.Error("the mail was sent, want it refused")
			}
		})
	}
}

func TestSendStopsWithItsContext(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	sink.Fail(mailtest.Faults{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		if !waittest.Becomes(func() bool { return sink.Tries() > 0 }) {
			t.Error("no connection to the mail server was made, want one")
		}
	}()
	err := newMailer(t, sink.Transport(t)).Send(ctx, letter(t, "confirm", "en"))
	if err == nil || mailer.Permanent(err) || mailer.ServerAway(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a temporary one that blames the end of the context", err)
	}
}

func TestOneBadAddressHarmsNoOther(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	sink.Fail(mailtest.Faults{Recipient: map[string]int{"gone@example.org": 550}})
	m := newMailer(t, sink.Transport(t))
	bad := letter(t, "confirm", "en")
	bad.To = "gone@example.org"
	if err := m.Send(t.Context(), bad); !mailer.Permanent(err) {
		t.Errorf("error %v, want a permanent one", err)
	}
	if err := m.Send(t.Context(), letter(t, "confirm", "en")); err != nil {
		t.Error(err)
	}
	if got := sink.Wait(t, 1); len(got) != 1 {
		t.Errorf("%d mails, want 1", len(got))
	}
}

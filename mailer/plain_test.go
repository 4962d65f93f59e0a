package mailer_test

import (
	"net"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// TestPlainRelay sends through a relay without TLS on this machine. The mail is sent only if the
// operator asked for that by name. Otherwise nothing is sent, and the error says how to ask for it.
func TestPlainRelay(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewPlainSink(t)
	if err := newMailer(t, sink.Transport(t)).Send(t.Context(), letter(t, "confirm", "en")); err != nil {
		t.Fatal(err)
	}
	checkEnvelope(t, sink.Wait(t, 1)[0])
	careful, err := mailer.ParseTransport(strings.Replace(sink.URL(), "smtp+plain:", "smtp:", 1), "accounts.example.org")
	if err != nil {
		t.Fatal(err)
	}
	err = newMailer(t, careful).Send(t.Context(), letter(t, "confirm", "en"))
	if err == nil || mailer.Permanent(err) || !mailer.ServerAway(err) || !strings.Contains(err.Error(), "smtp+plain://") {
		t.Errorf("smtp:// to a relay without TLS: got error %v, want a temporary one that tells of smtp+plain://", err)
	}
	if n := len(sink.Mails()); n != 1 {
		t.Errorf("%d mails came, want only the one that was asked for without TLS", n)
	}
}

// TestPlainStaysAtHome tries to send without TLS to addresses outside: no connection is opened.
func TestPlainStaysAtHome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host  string
		plain mailer.Plain
		says  string
	}{
		{"192.168.7.25", mailer.PlainLoopback, "?network=private"},
		{"203.0.113.9", mailer.PlainLoopback, "to this machine alone"},
		{"203.0.113.9", mailer.PlainPrivate, "never over the internet"},
		{"2001:db8::25", mailer.PlainPrivate, "never over the internet"},
		{"::ffff:203.0.113.9", mailer.PlainPrivate, "never over the internet"},
	} {
		transport := &mailer.SMTP{Host: tt.host, Port: 25, Plain: tt.plain}
		err := newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en"))
		if err == nil || mailer.Permanent(err) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got error %v, want one that says %q", tt.host, err, tt.says)
		}
	}
}

// privateAddress returns an address that this machine has in a private network, or "".
func privateAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range addresses {
		if network, ok := one.(*net.IPNet); ok && network.IP.IsPrivate() {
			return network.IP.String()
		}
	}
	return ""
}

// TestPlainInPrivateNetwork sends without TLS to an address that this machine has in a private
// network. The mail is sent only if the operator asked for that. If the machine has no address
// in a private network, only TestPlainAllows checks the rule.
func TestPlainInPrivateNetwork(t *testing.T) {
	t.Parallel()
	host := privateAddress(t)
	if host == "" {
		t.Skip("this machine has no address in a private network")
	}
	sink := mailtest.NewPlainSinkAt(t, host)
	for query, want := range map[string]int{"": 0, "?network=private": 1} {
		transport, err := mailer.ParseTransport(sink.URL()+query, "accounts.example.org")
		before := len(sink.Mails())
		if err == nil {
			err = newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en"))
		}
		if got := len(sink.Mails()) - before; got != want || (err == nil) != (want == 1) {
			t.Errorf("smtp+plain://%s%s: %d mails came with error %v, want %d", host, query, got, err, want)
		}
	}
}

// TestIPv6MailServers sends to mail servers whose host is an IPv6 address: with STARTTLS, with TLS
// from the first byte, and without TLS.
func TestIPv6MailServers(t *testing.T) {
	t.Parallel()
	probe, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	_ = probe.Close()
	for _, sink := range mailtest.NewIPv6Sinks(t) {
		transport := sink.Transport(t)
		transport.Hello = "2001:db8::1"
		if err := newMailer(t, transport).Send(t.Context(), letter(t, "confirm", "en")); err != nil {
			t.Errorf("%s: %v", sink.URL(), err)
			continue
		}
		if hello := sink.Wait(t, 1)[0].Hello; hello != "[IPv6:2001:db8::1]" {
			t.Errorf("we greeted with %q, want [IPv6:2001:db8::1]", hello)
		}
	}
}

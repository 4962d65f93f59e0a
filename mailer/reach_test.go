package mailer_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// Reach signs in and sends nothing; a wrong password is an error.
func TestReachSendsNothing(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	transport := sink.Transport(t)
	m := &mailer.Mailer{Transport: transport, From: "Latchkey <latchkey@example.org>"}
	if err := m.Reach(t.Context()); err != nil {
		t.Errorf("a server that is in order: %v, want no error", err)
	}
	wrong := sink.Transport(t)
	wrong.Password = "another"
	if err := (&mailer.Mailer{Transport: wrong}).Reach(t.Context()); err == nil {
		t.Error("a wrong password: no error, want one")
	}
	if len(sink.Mails()) != 0 || m.Domain() != "example.org" {
		t.Errorf("%d mails and the domain %q, want none and example.org", len(sink.Mails()), m.Domain())
	}
	if err := (&mailer.Mailer{Transport: mailer.Directory{Path: t.TempDir()}}).Reach(t.Context()); err != nil {
		t.Errorf("a folder: %v, want no error", err)
	}
}

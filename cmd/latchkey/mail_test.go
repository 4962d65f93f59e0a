package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// mailCommand runs a mail command in a process that trusts the certificate of the sink.
func mailCommand(t *testing.T, sink *mailtest.Sink, arguments ...string) (said string, err error) {
	t.Helper()
	p := launch(t, trust(t, sink), append([]string{"--dev", "--data-dir=" + t.TempDir(), "--log-level=debug"}, arguments...)...)
	err = p.wait()
	return p.said.String(), err
}

// TestMailTest sends a test mail over STARTTLS with a user and a password, in
// both languages.
func TestMailTest(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	subjects := map[string]bool{}
	for _, language := range []string{"en", "de"} {
		said, err := mailCommand(t, sink, "mail", "test", "--language="+language, "--mail-url="+sink.URL(), "anna@example.org")
		if err != nil || !strings.Contains(said, "The mail server accepted the mail.") {
			t.Fatalf("%v, want with %q\n%s", err, "The mail server accepted the mail.", said)
		}
	}
	for _, received := range sink.Wait(t, 2) {
		m := mailtest.Parse(t, received.Data)
		subjects[m.Subject] = true
		if received.To[0] != "anna@example.org" || m.Header.Get("Auto-Submitted") == "" {
			t.Errorf("to %v, %v, want to anna@example.org, some Auto-Submitted", received.To, m.Header)
		}
	}
	if len(subjects) != 2 {
		t.Errorf("subjects %v, want one for each language", subjects)
	}
}

// TestMailTestFails checks that the command prints why a mail was not sent, without the password.
func TestMailTestFails(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	wrong := strings.Replace(sink.URL(), "sink%2Fsecret%401", "planted-password", 1)
	for name, test := range map[string]struct {
		arguments []string
		fault     mailtest.Faults
		want      string
	}{
		"wrong password": {[]string{"--mail-url=" + wrong, "anna@example.org"}, mailtest.Faults{}, "535"},
		"refused":        {[]string{"--mail-url=" + sink.URL(), "anna@example.org"}, mailtest.Faults{Recipient: map[string]int{"anna@example.org": 550}}, "550"},
		"no address":     {[]string{"--mail-url=" + sink.URL(), "anna"}, mailtest.Faults{}, "anna: "},
		"nobody there":   {[]string{"--mail-url=smtp://user:planted-password@127.0.0.1:1", "anna@example.org"}, mailtest.Faults{}, "refused"},
	} {
		sink.Fail(mailtest.Faults{})
		environment := trust(t, sink)
		sink.Fail(test.fault)
		p := launch(t, environment, append([]string{"mail", "test", "--dev", "--log-level=debug", "--data-dir=" + t.TempDir()}, test.arguments...)...)
		err, said := p.wait(), p.said.String()
		if err == nil || !strings.Contains(said, test.want) {
			t.Errorf("%s: %v, want an error with %q\n%s", name, err, test.want, said)
		}
		if strings.Contains(said, "planted-password") || strings.Contains(said, "sink%2Fsecret") || strings.Contains(said, mailtest.Password) {
			t.Errorf("%s: the password is shown, want without %q, without %q, without %q\n%s", name, "planted-password", "sink%2Fsecret", mailtest.Password, said)
		}
	}
	stranger := launch(t, nil, "mail", "test", "--dev", "--data-dir="+t.TempDir(), "--mail-url="+sink.URL(), "anna@example.org")
	if err := stranger.wait(); err == nil || !strings.Contains(stranger.said.String(), "certificate") {
		t.Errorf("a certificate that nobody vouches for: %v, want an error, with %q\n%s", err, "certificate", stranger.said)
	}
}

// TestMailQueue lists, retries and drops mails of a service that cannot send any.
func TestMailQueue(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t)
	s := newShell(t, "--dev")
	s.must(t, "account", "create", "anna", "anna@example.org")
	s.must(t, "account", "create", "berta", "berta@example.org")
	ids := regexp.MustCompile(`(?m)^\d+`).FindAllString(s.must(t, "mail", "list"), -1)
	if len(ids) != 2 {
		t.Fatalf("%d mails listed, want 2", len(ids))
	}
	if text := s.must(t, "mail", "list"); !lineWith(text, ids[1], "waits", "now", "not tried yet: the service does not run") {
		t.Errorf("the list does not say why the mail waits:\n%s", text)
	}
	if got, want := s.must(t, "mail", "drop", ids[0]), "Mail "+ids[0]+" is deleted.\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, command := range []string{"retry", "drop"} {
		s.refused(t, "there is no mail "+ids[0], "mail", command, ids[0])
		s.refused(t, `"first" is not the id of a mail`, "mail", command, "first")
	}

	folder := strings.TrimPrefix(s.flags[0], "--data-dir=")
	sink.Fail(mailtest.Faults{})
	environment := trust(t, sink)
	sink.Fail(mailtest.Faults{Content: 554})
	p := launch(t, environment, "serve", "--dev", "--listen=127.0.0.1:0", "--log-format=json", "--data-dir="+folder, "--mail-url="+sink.URL())
	p.waitServing()
	within(t, patience, "given up", func() bool { return lineWith(s.must(t, "mail", "list"), ids[1], "given up", "554") })
	sink.Fail(mailtest.Faults{})
	if got, want := s.must(t, "mail", "retry", ids[1]), "Mail "+ids[1]+" will be sent at once by the running service.\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if m := sink.Wait(t, 1)[0]; m.To[0] != "berta@example.org" {
		t.Errorf("a mail to %v, want berta@example.org", m.To)
	}
	within(t, patience, "an empty queue", func() bool { return len(regexp.MustCompile(`(?m)^\d+`).FindString(s.must(t, "mail", "list"))) == 0 })
	p.stop()
}

// TestMailFolder checks that the mails of development mode are in a folder, and that /dev/mail
// shows them.
func TestMailFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := newShell(t, "--dev", "--mail-url=dir:"+folder)
	s.must(t, "mail", "test", "anna@example.org")
	files, err := filepath.Glob(filepath.Join(folder, "*-test-*.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v, want one mail", files, err)
	}
	p := serve(t, "--mail-url=dir:"+folder)
	if a := newVisitor(p.address, 1).get(t, "/dev/mail"); a.status != http.StatusOK || !strings.Contains(a.body, "anna@example.org") {
		t.Errorf("/dev/mail does not show it: %d, want status %d, with %q", a.status, http.StatusOK, "anna@example.org")
	}
}

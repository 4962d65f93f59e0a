package mailer_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-media/latchkey/mailer"
	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

func TestParseTransport(t *testing.T) {
	t.Parallel()
	const hello = "id.example.org"
	tests := []struct {
		url  string
		want mailer.Transport
	}{
		{"smtp://mail.example.org", &mailer.SMTP{Host: "mail.example.org", Port: 587, Hello: hello}},
		{"smtps://mail.example.org/", &mailer.SMTP{Host: "mail.example.org", Port: 465, Hello: hello, ImplicitTLS: true}},
		{"smtp://ann%40example.org:p%2Fw@mail.example.org:2525", &mailer.SMTP{
			Host: "mail.example.org", Port: 2525, Hello: hello, Username: "ann@example.org", Password: "p/w",
		}},
		{"smtp://[::1]:25", &mailer.SMTP{Host: "::1", Port: 25, Hello: hello}},
		{"smtp+plain://localhost", &mailer.SMTP{Host: "localhost", Port: 25, Hello: hello, Plain: mailer.PlainLoopback}},
		{"smtp+plain://mailpit:1025?network=private", &mailer.SMTP{Host: "mailpit", Port: 1025, Hello: hello, Plain: mailer.PlainPrivate}},
		{"dir:./data/mail", mailer.Directory{Path: "./data/mail"}},
	}
	for _, tt := range tests {
		got, err := mailer.ParseTransport(tt.url, hello)
		if err != nil {
			t.Errorf("%s: got error %v, want none", tt.url, err)
		}
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(mailer.SMTP{})); diff != "" {
			t.Errorf("%s: %s", tt.url, diff)
		}
	}
}

func TestParseTransportRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "mail.example.org", "http://mail.example.org", "smtp:", "smtp://", "smtp://:587", "dir:",
		"smtp://ann:hunter2/x@mail.example.org", "smtp://ann:hunter2#x@mail.example.org", "smtp://ann:hunter2%@mail.example.org",
		"smtp://mail.example.org/hunter2", "smtp://mail.example.org?tls=hunter2", "smtp://mail.example.org#hunter2",
		"smtp://ann@mail.example.org", "smtp://:hunter2@mail.example.org",
		"smtp+plain://192.168.7.25", "smtp+plain://203.0.113.9?network=private", "smtp+plain://localhost?network=hunter2",
		"smtp://localhost?network=private",
		"smtp://mail.example.org:0", "smtp://mail.example.org:65536", "smtp://mail.example.org:x",
	} {
		transport, err := mailer.ParseTransport(url, "id.example.org")
		if err == nil || transport != nil {
			t.Errorf("%q: %v, %v; want an error", url, transport, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error quotes the password, want it hidden: %v", url, err)
		}
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data", "mail")
	m := newMailer(t, mailer.Directory{Path: folder})
	first, second := letter(t, "confirm", "en"), letter(t, "password_reset", "de")
	second.At = first.At.Add(time.Millisecond)
	for _, l := range []mailer.Letter{second, first, first} { // a retry replaces the file of the mail
		if err := m.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
		info, err := entry.Info()
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", entry.Name(), info.Mode(), err)
		}
	}
	want := []string{"1772636767008-confirm-7301-confirm.eml", "1772636767009-password_reset-7301-password-reset.eml"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	raw, err := os.ReadFile(filepath.Join(folder, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	mail := mailtest.Parse(t, raw)
	checkHeaders(t, mail, first)
	checkWords(t, mail, first, publicURL+links()["confirm"])
}

func TestDirectoryThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := newMailer(t, mailer.Directory{Path: filepath.Join(file, "mail")}).Send(t.Context(), letter(t, "confirm", "en"))
	if err == nil || mailer.Permanent(err) {
		t.Errorf("error %v, want a temporary one", err)
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	var box mailtest.Recorder
	m := newMailer(t, &box)
	down := errors.New("down")
	box.Fail(func(message mailer.Message) error {
		if message.Kind == "confirm" {
			return down
		}
		return nil
	})
	if err := m.Send(t.Context(), letter(t, "confirm", "en")); !errors.Is(err, down) {
		t.Errorf("error %v, want %v", err, down)
	}
	go func() { _ = m.Send(t.Context(), letter(t, "test", "en")) }()
	sent := box.Wait(t, 1)
	if kinds := slices.Collect(func(yield func(string) bool) {
		for _, message := range sent {
			if !yield(message.Kind) {
				return
			}
		}
	}); !slices.Equal(kinds, []string{"test"}) {
		t.Errorf("got the mails %v, want only the test mail", kinds)
	}
}

package mailer_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

var update = flag.Bool("update", false, "rewrite the golden mails in testdata")

func TestGoldenMails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, locale string }{
		{"confirm", "en"}, {"already_registered", "de"}, {"new_device", "de"}, {"invite", "en"}, {"invite", "de"}, {"link_asked", "de"}, {"server_handed_over", "en"},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			var box mailtest.Recorder
			if err := newMailer(t, &box).Send(t.Context(), letter(t, tt.kind, tt.locale)); err != nil {
				t.Fatal(err)
			}
			got := box.Sent()[0]
			golden(t, tt.kind+"."+tt.locale+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, tt.kind+"."+tt.locale+".html", got.HTML)
		})
	}
}

// A mail about an invite for the whole family says so.
func TestMailForAFamily(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "de"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			var box mailtest.Recorder
			one := letter(t, "invite", locale)
			one.Facts.Family = true
			if err := newMailer(t, &box).Send(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			got := box.Sent()[0]
			golden(t, "invite_family."+locale+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, "invite_family."+locale+".html", got.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update rewrites it):\n%s", path, diff)
	}
}

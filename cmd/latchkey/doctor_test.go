package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/health"
)

// doctorSays runs the doctor as a program for the service of a data folder, and returns its checks and its exit status.
func doctorSays(t *testing.T, want int, arguments ...string) map[string]health.Line {
	t.Helper()
	p := launch(t, nil, append([]string{"doctor", "--json", "--dev"}, arguments...)...)
	if err := p.wait(); !exitedWith(err, want) {
		t.Errorf("the doctor ended with %v, want exit status %d", err, want)
	}
	var report struct {
		State  health.State  `json:"state"`
		Checks []health.Line `json:"checks"`
	}
	if text := p.said.String(); json.Unmarshal([]byte(text), &report) != nil || doctorStatus(report.State) != want {
		t.Fatalf("the doctor says %s, want JSON whose state fits exit status %d", text, want)
	}
	checks := map[string]health.Line{}
	for _, one := range report.Checks {
		checks[one.Name] = one
		if strings.Contains(one.Found+one.Advice, "health.") || strings.Contains(one.Found+one.Advice, "{{") || (one.Advice == "") != (one.State == health.OK) {
			t.Errorf("%+v has not the texts that it needs", one)
		}
	}
	return checks
}

// The doctor asks the running service at its public address, and says what is wrong when nothing runs there.
func TestDoctor(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	service := launch(t, nil, "serve", "--dev", "--listen=127.0.0.1:0", "--log-format=json", "--data-dir="+folder)
	service.waitServing()
	up := doctorSays(t, doctorStatus(health.Problem), "--data-dir="+folder, "--public-url=http://"+service.address) // there is no backup yet
	for name, want := range map[string]string{
		"address": "ok", "proxy": "direct", "certificate": "none", "mail": "folder_development", "backup": "never", "database": "ok", "database_write": "ok",
		"clock": "same", "queue": "ok", "settings": "development", "agent": "none",
	} {
		if up[name].Reason != want {
			t.Errorf("%s found %q (%s), want %q", name, up[name].Reason, up[name].Found, want)
		}
	}
	service.stop()
	down := doctorSays(t, doctorStatus(health.Problem), "--data-dir="+folder, "--public-url=http://"+service.address)
	if down["address"].Reason != "no_answer" || down["proxy"].Reason != "not_reached" {
		t.Errorf("when nothing runs: %+v, %+v; want no answer", down["address"], down["proxy"])
	}
	s := newShell(t, "--dev", "--data-dir="+folder)
	text, _, err := s.run(t, "doctor")
	if err == nil || !lineWith(text, "✗ Backup: There was never a backup") || !lineWith(text, "    Set backup-folder") {
		t.Errorf("got %v and\n%s\nwant a line with what was found and one with what to do", err, text)
	}
	newShell(t).refused(t, "secret-key", "doctor")
}

// The mail server that refuses the password is a finding, and the password is in no text.
func TestDoctorHidesSecrets(t *testing.T) {
	t.Parallel()
	s := newShell(t, "--dev", "--mail-url=smtp://user:planted-secret@127.0.0.1:1")
	text, problems, err := s.run(t, "doctor")
	if err == nil || !lineWith(text, "✗ Mail server:", "127.0.0.1:1") || strings.Contains(text+problems, "planted-secret") {
		t.Errorf("got %v and\n%s\nwant the mail server named, and no password", err, text)
	}
}

package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestConsoleSettings sets a setting by a command while the service runs. The service takes it over without a new start, and
// a flag stays stronger than the console.
func TestConsoleSettings(t *testing.T) {
	t.Parallel()
	flags := plain(t)
	p := launch(t, nil, append(flags, "--sign-up=open")...)
	p.waitServing()
	shell := newShell(t, append(flags[1:], "--sign-up=open")...)
	shell.must(t, "operator", "set", "service-name", "Zu Hause")
	within(t, patience, "the service takes the setting over", func() bool {
		return strings.Contains(newVisitor(p.address, 1).get(t, "/").body, "Zu Hause")
	})
	if said := shell.must(t, "operator", "settings", "--json"); !strings.Contains(said, `"origin": "the console"`) {
		t.Errorf("the settings are %s, want one that comes from the console", said)
	}
	if said := shell.must(t, "config"); !lineWith(said, "service-name", "Zu Hause", "the console") {
		t.Errorf("config says %s, want the setting of the console", said)
	}
	shell.refused(t, "comes from flag --sign-up", "operator", "set", "sign-up", "closed")
	shell.refused(t, "is not one of", "operator", "set", "connect-servers", "magic")
	shell.refused(t, "is no setting that can be set here", "operator", "set", "listen", ":1")
	shell.input = "geheim-7\n"
	shell.must(t, "operator", "set", "recaptcha-secret")
	if said := shell.must(t, "operator", "settings"); strings.Contains(said, "geheim-7") || !lineWith(said, "recaptcha-secret", "••••") {
		t.Errorf("the settings are %s, want a masked secret", said)
	}
	shell.must(t, "operator", "unset", "service-name")
	within(t, patience, "the service has the default again", func() bool {
		return !strings.Contains(newVisitor(p.address, 1).get(t, "/").body, "Zu Hause")
	})
	if got := p.get("/readyz"); got != http.StatusOK {
		t.Errorf("/readyz answers %d, want 200", got)
	}
	p.stop()
}

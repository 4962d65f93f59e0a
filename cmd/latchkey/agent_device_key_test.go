package main

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// signsOut ends the session of a television.
func (r *resident) signsOut(tv *television) {
	r.w.t.Helper()
	if err := r.w.nobody.As(tv.session).Sessions.SignOut(r.w.t.Context()); err != nil {
		r.w.t.Fatal(err)
	}
}

// TestOneDeviceIsSignedOut signs one television out beside Jellyfin, first while the agent runs and
// then while it is killed: its access key and its local token end, and the other television
// does not notice.
func TestOneDeviceIsSignedOut(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	jellyfin.AddUser("Grandma", "local password", false)
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildBesideJellyfin(owner, jellyfin, "")
	server, users := owner.owns("Grandma")
	owner.invites(rosa, server, users["Grandma"])
	den, kitchen := rosa.watch("den"), rosa.watchAnew("kitchen")
	if a, b := den.servers[0].AccessKey, kitchen.servers[0].AccessKey; len(a) != 32 || len(b) != 32 || a == b {
		t.Errorf("access keys %q and %q, want two of 32 digits", a, b)
	}
	for _, killed := range []bool{false, true} {
		_, token := den.mustExchange(h.connect)
		_, kept := kitchen.mustExchange(h.connect)
		if killed {
			h.agent.kill()
		}
		rosa.signsOut(den)
		if killed {
			h.agent = startAgent(t, h.folder, "--listen="+h.agent.address)
		}
		within(t, patience, "the television's token has ended", func() bool { return info(t, h.local, token) == http.StatusUnauthorized })
		if status, _, _ := den.exchange(h.connect); status != http.StatusUnauthorized {
			t.Errorf("agent killed %t: the exchange of the signed-out television: %d, want 401", killed, status)
		}
		if status := info(t, h.local, kept); status != http.StatusOK {
			t.Errorf("agent killed %t: System/Info of the other television: %d, want 200", killed, status)
		}
		if status, _, _ := kitchen.exchange(h.connect); status != http.StatusOK {
			t.Errorf("agent killed %t: the exchange of the other television: %d, want 200", killed, status)
		}
		den = rosa.watch("den")
	}
	w.service.stop()
	h.agent.waitTrouble("service_away")
	den.mustExchange(h.connect) // its first exchange, which the agent decides alone
	w.open()
	w.keepsSecrets(h.folder, w.service, h.agent)
}

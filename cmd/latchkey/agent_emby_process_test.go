package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/emby/embytest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// buildBesideEmby sets up an agent beside an Emby server, as an owner would. The environment is the one in
// which the agent runs.
func buildBesideEmby(owner *resident, emby *embytest.Server, environment []string) *house {
	t := owner.w.t
	t.Helper()
	h := &house{t: t, folder: filepath.Join(t.TempDir(), "agent"), local: emby.URL, environment: environment}
	said := command(t, strings.Join([]string{owner.w.url(), owner.claimCode(), "emby", emby.URL + "/web/index.html", "wrong-key", emby.APIKey, ""}, "\n")+"\n",
		"agent", "setup", "--data-dir="+h.folder)
	for _, want := range []string{
		"Media server: jellyfin, emby or builtin", "✓ It is the Emby server \"Attic\".", "✗ It refuses that key.", "✓ It accepts the API key.",
		"✓ Emby has no Quick Connect", "✓ Registered with the service as server ",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("setup does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, emby.APIKey) {
		t.Errorf("setup shows the API key, want it nowhere:\n%s", said)
	}
	h.start()
	h.connect = "http://" + h.agent.address
	ready(h.agent)
	return h
}

// TestGuestBesideEmby invites a guest, who signs in at Emby with the password of their page, and whose link
// ends at its time while the service is away. The agent is killed while it makes the guest, while it gives
// the password, and before the end.
func TestGuestBesideEmby(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Helper()
		emby := embytest.New(t)
		clock := filepath.Join(t.TempDir(), "ahead")
		setClock(t, clock, 0)
		w := newTown(t, "--database="+database)
		owner, rosa := w.signUp("anna"), w.signUp("rosa")
		h := buildBesideEmby(owner, emby, []string{clockFile + "=" + clock})
		again := func() { h.agent.kill(); h.start() }
		server, _ := owner.owns("root")

		half := make(chan struct{})
		emby.Before("postUsersByIdPassword", func() { h.agent.kill(); close(half) })
		invite, err := owner.Invites.Create(t.Context(), client.NewInvite{
			To: "rosa", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: server, EndsAt: time.Now().Add(2 * time.Hour)}},
		})
		w.done(err)
		w.done(rosa.Invites.Accept(t.Context(), invite.ID))
		waittest.Receive(t, half, "the agent is killed while it makes the guest")
		h.start()
		var place client.LocalPasswordPlace
		within(t, patience, "the guest may have a password", func() bool {
			place, err = rosa.LocalPasswords.Place(t.Context(), server)
			return err == nil && place.LocalUser == "rosa" && place.Refused == ""
		})
		if left := emby.Named("rosa"); len(left) != 1 {
			t.Fatalf("%d local users of the guest, want one", len(left))
		}
		guest := emby.Named("rosa")[0]

		const password = "tapo-rimu-sake-lodi-wefa"
		w.remember(password, emby.APIKey, emby.Password(guest))
		half = make(chan struct{})
		emby.Before("postUsersByIdPassword", func() { h.agent.kill(); close(half) })
		asked, err := rosa.LocalPasswords.Ask(t.Context(), server, seal(t, place, password))
		w.done(err)
		waittest.Receive(t, half, "the agent is killed while it gives the password")
		h.start()
		within(t, patience, "the password is given", func() bool {
			now, err := rosa.LocalPasswords.Get(t.Context(), asked.ID)
			return err == nil && now.Status == "done"
		})
		if emby.SignIn("rosa", password, "television") == "" {
			t.Fatal("the guest cannot sign in with the password of the page")
		}
		again()
		h.connect = "http://" + h.agent.address
		ready(h.agent)
		tv := rosa.watch("television-2")
		if localUser, token := tv.mustExchange(h.connect); localUser != guest || token == "" {
			t.Errorf("an app for Emby Connect is local user %s, want %s", localUser, guest)
		}

		w.service.kill()
		setClock(t, clock, time.Hour)
		again()
		ready(h.agent)
		if emby.SignIn("rosa", password, "television") == "" {
			t.Error("the guest was ended too early")
		}
		setClock(t, clock, 3*time.Hour)
		again()
		within(t, patience, "the guest is ended while the service is away", func() bool {
			return emby.Policy(guest)["IsDisabled"] == true && len(emby.Tokens(guest)) == 0
		})
		if emby.SignIn("rosa", password, "television") != "" {
			t.Error("a guest whose link has ended signs in")
		}
		w.keepsSecrets(h.folder, w.service, h.agent)
		h.agent.stop()
	})
}

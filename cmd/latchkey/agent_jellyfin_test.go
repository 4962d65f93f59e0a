package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// buildBesideJellyfin sets up an agent beside a Jellyfin server, as an owner would. The parameter
// outside is the address at which people reach the server, or "". The flags are for the setup.
func buildBesideJellyfin(owner *resident, jellyfin *jellyfintest.Server, outside string, flags ...string) *house {
	t := owner.w.t
	t.Helper()
	h := &house{t: t, folder: filepath.Join(t.TempDir(), "agent"), local: jellyfin.URL}
	said := command(t, strings.Join([]string{owner.w.url(), owner.claimCode(), "", jellyfin.URL + "/", jellyfin.APIKey, outside}, "\n")+"\n",
		append([]string{"agent", "setup", "--data-dir=" + h.folder}, flags...)...)
	for _, want := range []string{"✓ It accepts the API key.", "✓ Quick Connect is on.", "✓ Registered with the service as server "} {
		if !strings.Contains(said, want) {
			t.Errorf("setup does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, jellyfin.APIKey) {
		t.Errorf("setup shows the API key, want it without %q:\n%s", jellyfin.APIKey, said)
	}
	h.agent = startAgent(t, h.folder)
	h.connect = "http://" + h.agent.address
	ready(h.agent)
	command(t, "", "agent", "allow", "--data-dir="+h.folder, "--listed")
	return h
}

// TestBesideJellyfin makes a link and a guest beside each version of Jellyfin.
func TestBesideJellyfin(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			jellyfin := jellyfintest.New(t, version)
			grandma := jellyfin.AddUser("Grandma", "local password", false)
			w := newTown(t)
			owner, rosa := w.signUp("anna"), w.signUp("rosa")
			h := buildBesideJellyfin(owner, jellyfin, "")
			server, users := owner.owns("Grandma", "root")
			owner.invites(rosa, server, users["Grandma"])
			tv := h.walk(rosa)
			if localUser, _ := tv.mustExchange(h.connect); localUser != grandma {
				t.Errorf("the television is local user %s, want %s", localUser, grandma)
			}
			h.signOutEverywhere(rosa)
			h.outage(w, rosa)
			h.removal(owner, rosa, server, tv)
			h.guest(w, owner, server)
			w.remember(jellyfin.APIKey)
			w.keepsSecrets(h.folder, w.service, h.agent)
		})
	}
}

// TestBesideJellyfinBelowAPath makes a link and a guest beside a Jellyfin that has a base URL. All
// addresses that apps get contain this path, and a proxy may leave it on the requests to the agent.
func TestBesideJellyfinBelowAPath(t *testing.T) {
	t.Parallel()
	const base = "/films/jellyfin"
	jellyfin := jellyfintest.New(t, "10.11", jellyfintest.Base(base))
	grandma := jellyfin.AddUser("Grandma", "local password", false)
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildBesideJellyfin(owner, jellyfin, "https://Films.example.org.//films/jellyfin/")
	server, users := owner.owns("Grandma", "root")
	owner.invites(rosa, server, users["Grandma"])
	h.connect += "/Films//Jellyfin"
	tv := h.walk(rosa)
	if localUser, _ := tv.mustExchange(h.connect + "/emby"); localUser != grandma {
		t.Errorf("the television is local user %s, want %s", localUser, grandma)
	}
	h.guest(w, owner, server)
	told, err := rosa.Servers.List(t.Context())
	if err != nil || len(told.Servers) != 1 {
		t.Fatalf("servers %+v with error %v, want one", told, err)
	}
	var outside bool
	for _, address := range told.Servers[0].Addresses {
		outside = outside || address.URL == "https://films.example.org:443"+base
		if !strings.HasSuffix(address.URL, base) {
			t.Errorf("an app is told the address %s, want it to end with %s", address.URL, base)
		}
	}
	if !outside || tv.servers[0].URL != "https://films.example.org:443"+base {
		t.Errorf("apps are told %+v and %+v, want https://films.example.org:443%s in both", told.Servers[0].Addresses, tv.servers, base)
	}
}

// TestOldJellyfin checks that Jellyfin 10.8 is refused, in setup and when the agent runs, and that
// the error says what to do.
func TestOldJellyfin(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.8")
	w := newTown(t)
	owner := w.signUp("anna")
	folder := filepath.Join(t.TempDir(), "agent")
	said := refused(t, "Update Jellyfin to 10.9 or newer:", strings.Join([]string{w.url(), owner.claimCode(), "jellyfin", jellyfin.URL, jellyfin.APIKey}, "\n")+"\n",
		"agent", "setup", "--data-dir="+folder)
	if !strings.Contains(said, "✗ ") || !strings.Contains(said, "the input ended before all questions were answered: media-server-url has no value") {
		t.Errorf("it does not ask again, want with %q, with %q:\n%s", "✗ ", "the input ended before all questions were answered: media-server-url has no value", said)
	}
	p := startAgent(t, folder, "--service="+w.url(), "--claim-code="+owner.claimCode(), "--media-server-url="+jellyfin.URL, "--api-key="+jellyfin.APIKey)
	if said := p.waitTrouble("media_server_too_old"); !strings.Contains(said, "too old") || !strings.Contains(said, "update it") {
		t.Errorf("it says %q, want with %q, with %q", said, "too old", "update it")
	}
	if n := tells(p, "media_server_too_old"); n != 1 || p.get("/readyz") != http.StatusServiceUnavailable {
		t.Errorf("%d lines and status %d of /readyz, want one line and 503", n, p.get("/readyz"))
	}
	p.stop()
}

// TestQuickConnectOff checks that setup waits until the admin switches Quick Connect on.
func TestQuickConnectOff(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	jellyfin.SetQuickConnect(false)
	w := newTown(t)
	owner := w.signUp("anna")
	arguments := []string{
		"agent", "setup", "--data-dir=" + filepath.Join(t.TempDir(), "agent"), "--service=" + w.url(), "--claim-code=" + owner.claimCode(),
		"--media-server=jellyfin", "--media-server-url=" + jellyfin.URL, "--api-key=" + jellyfin.APIKey,
	}
	said := refused(t, "Quick Connect is off", "\n", arguments...)
	if !strings.Contains(said, "Careful: other users of this machine can see the API key") || strings.Count(said, "Quick Connect is off") != 2 {
		t.Errorf("setup said\n%s\nwant it to wait for Quick Connect", said)
	}
	jellyfin.SetQuickConnect(true)
	if said := command(t, "", arguments...); !strings.Contains(said, "Registered") {
		t.Errorf("%s, want it to contain %q", said, "Registered")
	}
}

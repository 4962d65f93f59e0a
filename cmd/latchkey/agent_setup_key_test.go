package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// keyHouse is a registered agent beside the builtin media server, with one link.
type keyHouse struct {
	t      *testing.T
	owner  *resident
	folder string
	server client.ID
	agent  *process
}

// buildKeyHouse sets an agent up and starts it.
func buildKeyHouse(t *testing.T) *keyHouse {
	t.Helper()
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := &keyHouse{t: t, owner: owner, folder: filepath.Join(t.TempDir(), "agent")}
	command(t, "", "agent", "setup", "--data-dir="+h.folder, "--media-server=builtin", "--listen=127.0.0.1:0", "--server-name=Den",
		"--service="+w.url(), "--claim-code="+owner.claimCode())
	command(t, "a good local password\n", "agent", "users", "add", "--data-dir="+h.folder, "Milo")
	command(t, "", "agent", "allow", "--data-dir="+h.folder, "--listed")
	h.agent = startAgent(t, h.folder)
	ready(h.agent)
	var users map[string]client.ID
	h.server, users = owner.owns("Milo")
	owner.invites(rosa, h.server, users["Milo"])
	h.hasLink()
	return h
}

// status returns the state that the agent prints.
func (h *keyHouse) status() string {
	h.t.Helper()
	return command(h.t, "", "agent", "status", "--data-dir="+h.folder)
}

// hasLink waits until the agent has the link of the person.
func (h *keyHouse) hasLink() {
	h.t.Helper()
	within(h.t, patience, "the link", func() bool {
		return strings.Contains(command(h.t, "", "agent", "users", "--data-dir="+h.folder), "rosa")
	})
}

// stolenKey lets the owner replace a stolen key, and waits until the service refuses the agent. It
// returns the new key.
func (h *keyHouse) stolenKey() string {
	h.t.Helper()
	made, err := h.owner.Servers.ReplaceStolenKey(h.t.Context(), h.server)
	if err != nil {
		h.t.Fatal(err)
	}
	h.owner.w.remember(made.Key)
	within(h.t, patience, "the agent is refused", func() bool {
		return strings.Contains(h.status(), "no longer accepts the agent's server key")
	})
	return made.Key
}

// The owner of a server ends a stolen key and pastes the new one into the setup, while the
// agent runs. The server stays registered, with its link.
func TestSetupTakesNewServerKey(t *testing.T) {
	t.Parallel()
	h := buildKeyHouse(t)
	before := h.status()
	if !lineWith(before, "registered", "as server "+string(h.server)) {
		t.Fatalf("status\n%s\nwant it registered as server %s", before, h.server)
	}
	key := h.stolenKey()
	// A page or a chat may add blanks and invisible characters.
	said := command(t, "  \u200b"+key+"\u00a0 \n", "agent", "setup", "--force", "--data-dir="+h.folder)
	for _, want := range []string{"or the new server key", "✓ The server key is stored", "stays registered as server " + string(h.server)} {
		if !strings.Contains(said, want) {
			t.Errorf("setup does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "✓ Registered") || strings.Contains(said, "is kept in ") {
		t.Errorf("setup has registered the server anew, want it to stay registered:\n%s", said)
	}
	within(t, patience, "the running agent uses the key", func() bool { return !strings.Contains(h.status(), "trouble") })
	h.hasLink()
	if owned, err := h.owner.Servers.Owned(t.Context()); err != nil || len(owned) != 1 {
		t.Errorf("%v, %d servers, want 1", err, len(owned))
	}
	file, err := os.ReadFile(filepath.Join(h.folder, "agent.yaml"))
	if err != nil || strings.Contains(string(file), "lkv_") || strings.Contains(string(file), "claim-code") {
		t.Errorf("%v; the file of settings holds the key or a claim code, want neither:\n%s", err, file)
	}
	h.owner.w.keepsSecrets(h.folder, h.owner.w.service, h.agent)
}

// If a key is wrong, setup names the fault and asks for a key again. If no correct key follows, it ends with an
// error, and the registration stays as it was.
func TestSetupRefusesWrongServerKeys(t *testing.T) {
	t.Parallel()
	h := buildKeyHouse(t)
	setup := []string{"agent", "setup", "--force", "--data-dir=" + h.folder}
	replaced, err := h.owner.Servers.ReplaceKey(t.Context(), h.server)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := h.owner.Servers.ReplaceKey(t.Context(), h.server)
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.owner.w.nobody.Servers.Register(t.Context(), client.NewServer{Name: "Attic", SystemID: "a77", ClaimCode: h.owner.claimCode()})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		replaced.Key: "was replaced by a newer one", other.Key: "the key of another server", "lkv_nonsense": "does not accept this server key",
	} {
		said := refused(t, want, key+"\n", setup...)
		if !strings.Contains(said, "the input ended before all questions were answered") {
			t.Errorf("%s, want that it needs another answer", said)
		}
		refused(t, want, "", append(setup, "--claim-code="+key)...) // as in a script
	}
	unregistered := []string{"--service=" + h.owner.w.url(), "--data-dir=" + filepath.Join(t.TempDir(), "agent"), "--media-server=builtin"}
	refused(t, "needs a claim code", newest.Key+"\n", append([]string{"agent", "setup"}, unregistered...)...)
	if said := command(t, "", append(setup, "--claim-code="+newest.Key)...); !strings.Contains(said, "✓ The server key is stored") {
		t.Errorf("setup said\n%s\nwant the newest key stored", said)
	}
}

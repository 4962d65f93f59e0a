package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// seal seals a password as the script of the page does.
func seal(t *testing.T, place client.LocalPasswordPlace, password string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(place.PasswordKey)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := ecdh.P256().NewPublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := own.ECDH(agent)
	if err != nil {
		t.Fatal(err)
	}
	point := own.PublicKey().Bytes()
	key, err := hkdf.Key(sha256.New, shared, point, "latchkey local password "+string(place.LinkID), 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, iv := make([]byte, 512), make([]byte, gcm.NonceSize())
	copy(plain, password)
	_, _ = rand.Read(iv) // never fails
	return base64.RawURLEncoding.EncodeToString(gcm.Seal(append(point, iv...), iv, plain, nil))
}

// TestFaultKillWhileALocalPasswordChanges kills the agent or the service at each step of a local
// password. In the end the local user has the password that the person has chosen, or, if the person
// has signed out everywhere meanwhile, a random password that nobody knows.
func TestFaultKillWhileALocalPasswordChanges(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	w := newTown(t)
	owner, rosa := w.signUp("anna"), w.signUp("rosa")
	h := buildBesideJellyfin(owner, jellyfin, "")
	server, _ := owner.owns()
	owner.invites(rosa, server, "")
	var place client.LocalPasswordPlace
	within(t, patience, "the guest may choose a password", func() bool {
		var err error
		place, err = rosa.LocalPasswords.Place(t.Context(), server)
		return err == nil && place.PasswordKey != "" && place.LocalUser != "" && place.Refused == ""
	})
	has := func() string { user, _ := jellyfin.User("rosa"); return user.Password }
	restartAgent := func() { h.agent.kill(); jellyfin.Mend(); h.agent = startAgent(t, h.folder) }
	restartService := func() { w.service.kill(); jellyfin.Mend(); w.open() }
	everywhere := func() {
		h.agent.kill()
		jellyfin.Mend()
		if err := rosa.Sessions.EndAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		rosa.signIn()
		h.agent = startAgent(t, h.folder)
	}
	for _, row := range []struct {
		name   string
		breaks func(string, int, http.HandlerFunc)
		kill   func()
		random bool // whether a random password replaces it
	}{
		{"the agent, before the media server has it", jellyfin.Break, restartAgent, false},
		{"the agent, after the media server has it", jellyfin.BreakAfter, restartAgent, false},
		{"the service, before the media server has it", jellyfin.Break, restartService, false},
		{"the service, after the media server has it", jellyfin.BreakAfter, restartService, false},
		{"the agent, and the person signs out, before", jellyfin.Break, everywhere, true},
		{"the agent, and the person signs out, after", jellyfin.BreakAfter, everywhere, true},
	} {
		before, password := has(), "the password of "+row.name
		reached := make(chan struct{})
		row.breaks("UpdateUserPassword", 1, func(w http.ResponseWriter, r *http.Request) {
			close(reached)
			jellyfintest.Slow(w, r)
		})
		asked, err := rosa.LocalPasswords.Ask(t.Context(), server, seal(t, place, password))
		if err != nil {
			t.Fatal(err)
		}
		waittest.Receive(t, reached, "the agent gives the password")
		row.kill()
		within(t, patience, row.name+": the password is settled", func() bool {
			if row.random {
				return has() != before && has() != password
			}
			now, err := rosa.LocalPasswords.Get(t.Context(), asked.ID)
			return err == nil && now.Status == "done" && has() == password
		})
	}
	h.agent.stop()
}

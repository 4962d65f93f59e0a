package main

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// TestTheServiceKnowsTheSeed reads the data of the seed with the operations of the service:
// sessions, servers with their access keys, codes, server keys and passwords.
func TestTheServiceKnowsTheSeed(t *testing.T) {
	t.Parallel()
	small, _, address := smallTown(t)
	store, err := models.New(models.Options{
		Database: address, Connections: 2, Keys: small.keys, Hashing: secret.ProductionHashing(1), Limits: models.ProductionLimits(),
		Lives: models.DefaultLives(), SignUp: models.SignUpOpen, Servers: models.ServersOpen, Languages: []string{"en"},
		Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	for _, i := range []int{0, 1, 42, 99} {
		session, err := store.Sessions.Look(t.Context(), small.token(i))
		if err != nil || session.AccountID != small.accountID(i) {
			t.Fatalf("session %d: got the account %d and %v, want %d", i, session.AccountID, err, small.accountID(i))
		}
		if _, tag, err := store.Sessions.LookTag(t.Context(), small.token(i)); err != nil || tag == "" {
			t.Errorf("account %d: got the tag %q and %v, want some tag", i, tag, err)
		}
		for state, want := range map[string]int{models.LinkAccepted: 3, models.LinkPending: 1} {
			found, err := store.Links.Locate(t.Context(), session.AccountID, state)
			if err != nil || len(found) != want || len(found[0].Addresses) != addressesEach {
				t.Errorf("account %d: got %d %s links and %v, want %d with two addresses each", i, len(found), state, err, want)
			}
		}
	}
	deviceID, userCode := code(5)
	if approved, err := store.Devices.EmbyPoll(t.Context(), deviceID, userCode); approved || err != nil {
		t.Errorf("a code: got %v and %v, want that it waits", approved, err)
	}
	if server, err := store.ServerKeys.Look(t.Context(), serverKey(7)); err != nil || server.ID != small.serverID(7) {
		t.Errorf("a server key: got the server %d and %v, want %d", server.ID, err, small.serverID(7))
	}
	_, err = store.Sessions.SignIn(t.Context(), models.SignIn{NameOrEmail: username(2), Password: benchPassword}, models.Caller{Address: "203.0.113.9"})
	if err != nil {
		t.Errorf("sign in: got %v", err)
	}
}

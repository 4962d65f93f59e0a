package builtin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/secret"
)

func TestMint(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	alice, bob := k.add("alice", "x", true), k.add("bob", "x", false)
	first, second := k.mint(alice), k.mint(alice)
	other, err := k.Mint(t.Context(), strings.ToUpper(alice.ID), device("d2"))
	if err != nil || other.LocalUserID != alice.ID {
		t.Fatalf("token %+v (error %v), want one for %s", other, err, alice.ID)
	}
	bobs := k.mint(bob)
	for name, c := range map[string]struct {
		token string
		want  bool
	}{
		"an earlier one of the device": {first, false}, "the last one": {second, true}, "of another device": {other.Value, true}, "of another local user": {bobs, true},
		"none": {"", false}, "a wrong one": {strings.Repeat("0", 32), false}, "with dashes": {second[:8] + "-" + second[8:], false},
	} {
		if got := k.good(c.token); got != c.want {
			t.Errorf("%s: valid %v, want %v", name, got, c.want)
		}
	}
	for token, want := range map[string]bool{second: true, bobs: false} {
		if got, err := k.Administrator(t.Context(), token); err != nil || got != want {
			t.Errorf("administrator %v (error %v), want %v", got, err, want)
		}
	}
	for _, token := range []string{first, ""} {
		if got, err := k.Administrator(t.Context(), token); got || !errors.Is(err, mediaserver.ErrTokenEnded) {
			t.Errorf("administrator %v (error %v), want false and %v", got, err, mediaserver.ErrTokenEnded)
		}
	}
	if err := k.Revoke(t.Context(), second); err != nil || k.good(second) || !k.good(other.Value) {
		t.Errorf("revoke: error %v, want none, and only that token to end", err)
	}
	if err := k.Revoke(t.Context(), second); err != nil {
		t.Errorf("revoke again: error %v, want none", err)
	}
}

// If many tokens are made at the same time for one device, only one of them stays valid,
// even if two processes make them.
func TestMintRaces(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "x", false)
	servers := []*builtin.Server{k.Server, k.open(k.opt)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var tokens []string
	for i := range 64 {
		wg.Go(func() {
			token, err := servers[i%2].Mint(t.Context(), user.ID, device("tv"))
			if err != nil {
				t.Errorf("error %v, want none", err)
			}
			mu.Lock()
			defer mu.Unlock()
			tokens = append(tokens, token.Value)
		})
	}
	wg.Wait()
	live := 0
	for _, token := range tokens {
		if k.good(token) {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d of %d tokens are valid, want 1", live, len(tokens))
	}
}

// A disabled local user keeps no token, even if tokens are made at the same moment.
func TestDisabledKeepNoToken(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "x", false)
	before := k.mint(user)
	var wg sync.WaitGroup
	var mu sync.Mutex
	tokens := []string{before}
	for i := range 16 {
		wg.Go(func() {
			token, err := k.Mint(t.Context(), user.ID, device(fmt.Sprint("d", i)))
			if err != nil && !errors.Is(err, mediaserver.ErrNotAllowed) {
				t.Errorf("error %v, want none or %v", err, mediaserver.ErrNotAllowed)
			}
			mu.Lock()
			defer mu.Unlock()
			tokens = append(tokens, token.Value)
		})
	}
	wg.Go(func() {
		if err := k.SetDisabled(t.Context(), user.ID, true); err != nil {
			t.Errorf("disable: error %v, want none", err)
		}
	})
	wg.Wait()
	if err := k.SetDisabled(t.Context(), user.ID, false); err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if k.good(token) {
			t.Error("a token is valid after the local user was disabled")
		}
	}
	if err := k.SetDisabled(t.Context(), user.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Mint(t.Context(), user.ID, device("d")); !errors.Is(err, mediaserver.ErrNotAllowed) {
		t.Errorf("a token for a disabled local user: error %v, want %v", err, mediaserver.ErrNotAllowed)
	}
}

func TestLookTokenPlan(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	plan, err := k.Plan(t.Context(), builtin.LookToken, secret.Sum("x"))
	if err != nil || len(plan) != 2 {
		t.Fatalf("plan %q (error %v), want two steps", plan, err)
	}
	for _, step := range plan {
		if !strings.HasPrefix(step, "SEARCH") || !strings.Contains(step, "INDEX") {
			t.Errorf("step %q, want a search in an index", step)
		}
	}
}

// The use of a token is stored every ten minutes, and not at each use.
func TestUseIsNoted(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "x", false)
	token := k.mint(user)
	used := func() time.Time {
		found, err := k.User(t.Context(), user.ID)
		if err != nil {
			t.Fatal(err)
		}
		return found.UsedAt
	}
	start := k.now()
	k.pass(9 * time.Minute)
	want(t, k.get("/Users/Me", token), 200)
	if got := used(); !got.Equal(start) {
		t.Errorf("after nine minutes: used at %v, want %v", got, start)
	}
	k.pass(time.Minute)
	want(t, k.get("/Users/Me", token), 200)
	if got := used(); !got.Equal(k.now()) {
		t.Errorf("after ten minutes: used at %v, want %v", got, k.now())
	}
	want(t, k.get("/Users/Me", token), 200)
	n, err := k.Count(t.Context(), "SELECT COUNT(*) FROM access_tokens WHERE used_at = ?", k.now())
	if err != nil || n != 1 {
		t.Errorf("%d tokens were used now (error %v), want 1", n, err)
	}
}

// One local user cannot fill the file with devices.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "x", false)
	oldest := k.mint(user)
	const fill = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 299)
INSERT INTO access_tokens (token_hash, local_user_id, device_id, device_name, client, version, address, created_at, used_at)
SELECT randomblob(32), ?, 'n' || i, '', '', '', '', ?, ? FROM n RETURNING 1`
	later := k.now().Add(time.Minute)
	if _, err := k.Count(t.Context(), fill, user.ID, later, later); err != nil {
		t.Fatal(err)
	}
	if !k.good(oldest) {
		t.Fatal("the oldest of 300 tokens has ended")
	}
	k.pass(time.Hour)
	token, err := k.Mint(t.Context(), user.ID, device("one more"))
	if err != nil || !k.good(token.Value) || k.good(oldest) {
		t.Errorf("the newest token is valid: %v, the oldest: %v (error %v); want true and false", k.good(token.Value), k.good(oldest), err)
	}
}

func TestMintGivesUp(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	user := k.add("alice", "x", false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Mint(ctx, user.ID, device("d")); err == nil {
		t.Error("a token was made after the caller had gone away")
	}
}

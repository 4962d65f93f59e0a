package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

// hot returns the look-ups of the requests that every television makes all the time, each
// with the number of its statements and a bound of its allocations on SQLite.
func (k *kit) hot() map[string]hotLookUp {
	ctx, a := k.t.Context(), k.account()
	session := k.signIn(a)
	k.change(a, addressOf(newName()))
	owner := k.account()
	for range 3 {
		k.link(k.server(owner), a)
	}
	m, code := k.server(owner), k.begin("dev")
	return map[string]hotLookUp{
		"look up a session":         {1, 81, func() error { _, err := k.Sessions.Look(ctx, session.Token); return err }},
		"look up a visitor":         {1, 91, func() error { _, err := k.Sessions.LookVisitor(ctx, session.Token); return err }},
		"look up a user":            {1, 82, func() error { _, err := k.Sessions.LookUser(ctx, session.Token); return err }},
		"look up one's own account": {1, 106, func() error { _, err := k.Sessions.LookOwnAccount(ctx, session.Token); return err }},
		"locate three servers":      {1, 231, func() error { _, _, err := k.Links.LocateTagged(ctx, session.Session); return err }},
		"tag of three servers":      {1, 68, func() error { _, _, err := k.Sessions.LookTag(ctx, session.Token); return err }},
		"poll a device code":        {1, 46, func() error { _, err := k.Devices.EmbyPoll(ctx, "dev", code); return err }},
		"look up a server key":      {1, 99, func() error { _, err := k.ServerKeys.Look(ctx, m.key); return err }},
	}
}

type hotLookUp struct {
	statements int
	allocs     float64
	look       func() error
}

// A look-up runs a fixed number of statements on either engine. One more statement would
// cost something in every request of every television.
func TestHotLookUpsRunFewStatements(t *testing.T) {
	eachInvite(t, func(k *kit) {
		said := k.listen()
		for name, hot := range k.hot() {
			k.must(hot.look())
			said.take()
			k.must(hot.look())
			if got := said.take(); len(got) != hot.statements {
				k.t.Errorf("%s: got %d statements %+v, want %d", name, len(got), got, hot.statements)
			}
		}
	})
}

// A look-up allocates no more than its bound, which is a tenth above what it needs.
func TestHotLookUpsAllocateLittle(t *testing.T) { //nolint:paralleltest // it counts the allocations of the whole process
	store, clock := modelstest.New(t, modelstest.Unlimited)
	k := &kit{store, t, clock}
	for name, hot := range k.hot() {
		got := testing.AllocsPerRun(100, func() { k.must(hot.look()) })
		t.Logf("%s: %.0f allocations", name, got)
		if got > hot.allocs {
			t.Errorf("%s: got %.0f allocations, want at most %.0f", name, got, hot.allocs)
		}
	}
}

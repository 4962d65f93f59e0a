package models_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// hashes records the cost of each hash that a store begins, as "memory×iterations".
type hashes struct {
	mu    sync.Mutex
	costs []string
}

func (h *hashes) count(o *models.Options) {
	o.Hashing.Began = func(memory, iterations uint32) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.costs = append(h.costs, fmt.Sprintf("%d×%d", memory, iterations))
	}
}

// take returns the costs since the last call.
func (h *hashes) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	costs := h.costs
	h.costs = nil
	return costs
}

// TestSignInsCostTheirHashes counts the hashes of whole sign-ins and their cost, on a store
// whose cost of a hash was raised after the accounts were made.
func TestSignInsCostTheirHashes(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const before, today = "64×1", "128×2"
		clock, work := modelstest.NewClock(), &hashes{}
		open := func(adjust ...modelstest.Adjust) *kit {
			store := modelstest.Open(t, address, clock, append(adjust, modelstest.Loose, work.count)...)
			models.Impatient(store)
			return &kit{store, t, clock}
		}
		old := open()
		ann, ben := old.account(), old.account()
		k := open(func(o *models.Options) { o.Hashing.Memory, o.Hashing.Iterations = 128, 2 })
		fresh := k.account()
		expelled := k.account()
		k.must(k.Operators.Disable(t.Context(), expelled.Username))
		for _, c := range []struct {
			what, name, password string
			right                bool
			want                 []string
		}{
			{"an unknown name", "nobody", goodPassword, false, []string{today}},
			{"an unknown address", "nobody@example.org", goodPassword, false, []string{today}},
			{"a wrong password", fresh.Username, otherPassword, false, []string{today}},
			{"a wrong password of a disabled account", expelled.Username, otherPassword, false, []string{today}},
			{"the right password", fresh.Username, goodPassword, true, []string{today}},
			{"a wrong password against an older hash", ann.Username, otherPassword, false, []string{before}},
			{"the right password against an older hash", ann.Username, goodPassword, true, []string{before, today}},
			{"the right password after the upgrade", ann.Username, goodPassword, true, []string{today}},
			{"a wrong password after the upgrade", ann.Username, otherPassword, false, []string{today}},
			{"another older hash, by address", ben.Email, goodPassword, true, []string{before, today}},
		} {
			work.take()
			if _, err := k.trySignIn(c.name, c.password); (err == nil) != c.right {
				t.Errorf("%s: sign-in gave error %v, want success %t", c.what, err, c.right)
			}
			if got := work.take(); !slices.Equal(got, c.want) {
				t.Errorf("%s: hashes of cost %v, want %v", c.what, got, c.want)
			}
		}
	})
}

// TestUnknownNamesCostTheSameWork counts the hashes and the statements of operations
// that a stranger can ask for, for names with an account and without one. The counts
// stand in for the time of the answer.
func TestUnknownNamesCostTheSameWork(t *testing.T) {
	work := &hashes{}
	var mu sync.Mutex // both engines write to work
	each(t, func(k *kit) {
		mu.Lock()
		defer mu.Unlock()
		ctx, person, expelled := k.t.Context(), k.account(), k.account()
		k.must(k.Operators.Disable(ctx, expelled.Username))
		waiting := newName()
		k.signUp(waiting)
		said := k.listen()
		for what, ask := range map[string]func(name string) error{
			"a sign-in": func(name string) error { _, err := k.trySignIn(name, otherPassword); return err },
			"a sign-in by MD5": func(name string) error {
				_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: name, MD5: models.PlainMD5(otherPassword), Kind: models.SessionDevice}, home)
				return err
			},
			"a request for a reset": func(name string) error { return k.Recovery.Request(ctx, name, home, false) },
			"two requests for a reset while strangers use up all others": func(name string) error {
				return errors.Join(models.UseUpResets(ctx, k.Store, home.Address), k.Recovery.Request(ctx, name, home, false), k.Recovery.Request(ctx, name, home, false))
			},
		} {
			cost := func(name string) string {
				k.t.Helper()
				k.clock.Advance(2 * time.Hour) // so that the tries before do not count
				said.takeAll()
				work.take()
				err := ask(name)
				var texts []string
				for _, s := range said.takeAll() {
					texts = append(texts, s.text)
				}
				return fmt.Sprintf("error %v\nhashes %v\nstatements %q", err, work.take(), texts)
			}
			for unknown, known := range map[string][]string{
				newName():            {person.Username, expelled.Username, waiting},
				addressOf(newName()): {person.Email, expelled.Email, addressOf(waiting)},
			} {
				want := cost(unknown)
				for _, name := range known {
					if diff := cmp.Diff(want, cost(name)); diff != "" {
						k.t.Errorf("%s with the name %s costs other work (-%s +%s):\n%s", what, name, unknown, name, diff)
					}
				}
			}
		}
	}, work.count)
}

package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

func TestQuickConnectRaces(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("many parallel codes leave one try open", func(k *kit) {
			m, _, session := k.quickHome()
			for _, err := range parallel(crowd, func(i int) error {
				_, err := k.QuickConnects.Ask(ctx, session, m.ID, fmt.Sprint(100000+i), home)
				return err
			}) {
				k.must(err)
			}
			if open := k.openQuick(m); len(open) != 1 {
				k.t.Errorf("%d tries are open, want 1", len(open))
			}
		})
		k.run("one code sent many times at once makes one try", func(k *kit) {
			m, _, session := k.quickHome()
			last := k.last(m)
			ids := make([]int64, crowd)
			for _, err := range parallel(crowd, func(i int) error {
				asked, err := k.QuickConnects.Ask(ctx, session, m.ID, "123456", home)
				ids[i] = asked.ID
				return err
			}) {
				k.must(err)
			}
			if slices.Sort(ids); ids[0] != ids[crowd-1] || k.last(m) != last+1 {
				k.t.Errorf("got tries from %d to %d and %d changes, want one try and one change", ids[0], ids[crowd-1], k.last(m)-last)
			}
		})
		k.run("exactly one of many answers counts", func(k *kit) {
			m, person, session := k.quickHome()
			asked := k.quick(session, m, "123456")
			k.oneWinner(parallel(crowd, func(i int) error {
				if i%2 == 0 {
					return k.QuickConnects.Complete(ctx, m.Server, asked.ID)
				}
				return k.QuickConnects.Fail(ctx, m.Server, asked.ID, models.QuickCodeWrong)
			}), models.ErrNotFound)
			got, err := k.QuickConnects.Get(ctx, person.ID, asked.ID)
			k.must(err)
			if done := k.events(person)[models.EventQuickConnected]; (done == 1) != (got.State == models.QuickDone) || done > 1 {
				k.t.Errorf("got %d events and the state %s, want one event if it is done and otherwise none", done, got.State)
			}
		})
		k.run("signing out everywhere ends all tries", func(k *kit) {
			for range 4 {
				m, person, session := k.quickHome()
				parallel(16, func(i int) error {
					if i == 8 {
						return k.Sessions.EndAll(ctx, person.ID, home)
					}
					_, err := k.QuickConnects.Ask(ctx, session, m.ID, fmt.Sprint(100000+i), home)
					return err
				})
				if open := k.openQuick(m); len(open) != 0 {
					k.t.Fatalf("got the open tries %+v, want none", open)
				}
			}
		})
		k.run("a removed server has no tries", func(k *kit) {
			for range 4 {
				m, _, session := k.quickHome()
				parallel(16, func(i int) error {
					if i == 8 {
						return k.Servers.Remove(ctx, m.OwnerID, m.ID, home)
					}
					_, err := k.QuickConnects.Ask(ctx, session, m.ID, fmt.Sprint(100000+i), home)
					return err
				})
				if n := k.texts("SELECT COUNT(*) FROM quick_connects WHERE server_id = ?", m.ID)[0][0]; n != "0" {
					k.t.Fatalf("%s rows are left, want 0", n)
				}
			}
		})
		k.run("a deleted account has no tries", func(k *kit) {
			for range 4 {
				m, person, session := k.quickHome()
				parallel(16, func(i int) error {
					if i == 8 {
						return k.Accounts.Delete(ctx, person.ID, goodPassword, home)
					}
					_, err := k.QuickConnects.Ask(ctx, session, m.ID, fmt.Sprint(100000+i), home)
					return err
				})
				if n := k.texts("SELECT COUNT(*) FROM quick_connects WHERE account_id = ?", person.ID)[0][0]; n != "0" {
					k.t.Fatalf("%s rows are left, want 0", n)
				}
			}
		})
	})
}

// A dump of the database does not show a code without the secret key, and the sealed code
// of one row cannot be opened in another.
func TestStolenDatabaseShowsNoQuickCode(t *testing.T) {
	eachInvite(t, func(k *kit) {
		m, _, session := k.quickHome()
		k.quick(session, m, "135790")
		dump := k.dump()
		sum := secret.Sum("135790")
		if strings.Contains(dump, "135790") || strings.Contains(dump, string(sum[:])) {
			k.t.Error("the dump contains the code or its plain hash, want neither")
		}
		thief, err := secret.NewKeys(thiefsKey, "")
		k.must(err)
		row := k.texts("SELECT id, code FROM quick_connects")[0]
		for _, purpose := range []string{"quick connect code", "access key", ""} {
			if code, err := thief.Open(purpose, row[0], row[1]); err == nil {
				k.t.Errorf("another secret key opens the code %q, want an error", code)
			}
		}
		// In another row the code cannot be opened, so the agent does not get it.
		other := k.quickMember(m, k.account())
		moved := k.quick(other, m, "246801")
		k.exec("UPDATE quick_connects SET code = ? WHERE id = ?", row[1], moved.ID)
		if open := k.openQuick(m); len(open) != 1 || open[0].Code != "135790" {
			k.t.Errorf("got the open tries %+v, want only the one in its own row", open)
		}
		k.isQuick(moved, models.QuickFailed, models.QuickExpired)
	})
}

package models_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// The people who could use a removed server get a mail, whether the owner or an
// operator removed it.
func TestRemovedServerTellsItsPeople(t *testing.T) {
	for name, remove := range map[string]func(k *kit, owner models.Account, m media) error{
		"owner": func(k *kit, owner models.Account, m media) error {
			return k.Servers.Remove(k.t.Context(), owner.ID, m.ID, home)
		},
		"operator": func(k *kit, _ models.Account, m media) error {
			return k.OperatedServers.Remove(k.t.Context(), models.CommandLine, m.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachServer(t, func(k *kit) {
				ctx, owner := k.t.Context(), k.account()
				m, kept := k.server(owner), k.server(owner)
				guest, waits, gone, silent := k.linked(m), k.account(), k.linked(m), k.linked(m)
				k.ask(m, waits)
				k.linked(kept)
				k.must(k.Accounts.SetLocale(ctx, guest.ID, "de"))
				k.must(k.Operators.Disable(ctx, gone.Username))
				k.exec("UPDATE accounts SET email = '', email_key = '' WHERE id = ?", silent.ID)
				k.letters()
				k.must(remove(k, owner, m))
				if n := k.texts("SELECT COUNT(*) FROM outbox")[0][0]; n != "1" {
					k.t.Errorf("%s mails are owed, want 1", n)
				}
				letters := k.letters()
				if len(letters) != 1 {
					k.t.Fatalf("got the mails %+v, want 1", letters)
				}
				letter := k.only(letters, models.MailLinkEnded, guest.Email)
				if letter.Locale != "de" || letter.Facts.Server != "Den" || letter.Facts.Person != owner.Username || !letter.Facts.At.Equal(k.Now().Truncate(time.Second)) {
					k.t.Errorf("got the mail %+v, want German, the server, its owner and the time of now", letter)
				}
				for _, one := range []struct {
					models.Account
					want int
				}{{guest, 1}, {gone, 1}, {silent, 1}, {waits, 0}} {
					if got := k.events(one.Account)[models.EventLinkRemoved]; got != one.want {
						k.t.Errorf("%s: %d events, want %d", one.Username, got, one.want)
					}
				}
				by := map[string]models.EventKind{"owner": models.EventServerRemoved, "operator": models.EventServerRemovedByOperator}[name]
				if got := k.events(owner); got[by] != 1 {
					k.t.Errorf("events of the owner %v, want one of %s", got, by)
				}
			})
		})
	}
}

// The server has more people than one statement can insert mails for.
func TestRemovedServerWithManyPeople(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		m := k.server(owner)
		k.linked(m)
		const people = 450
		for i := int64(1)<<40 + 1; i < 1<<40+people; i++ { // far from the ids that the Store makes
			name := fmt.Sprintf("crowd%d", i)
			k.exec(`INSERT INTO accounts (id, username, username_key, display_name, email, email_key, password_hash, password_version,
 password_changed_at, pin_hash, locale, created_at, confirmed_at) SELECT id + ?, ?, ?, display_name, ?, ?, password_hash, password_version,
 password_changed_at, pin_hash, locale, created_at, confirmed_at FROM accounts WHERE id = ?`, i, name, name, addressOf(name), addressOf(name), owner.ID)
			k.exec(`INSERT INTO links (id, server_id, account_id, type, state, access_key, requested_by, created_at)
SELECT id + ?, server_id, ?, type, state, access_key, requested_by, created_at FROM links WHERE requested_by = 'boss'
 AND id = (SELECT first FROM (SELECT MIN(id) AS first FROM links) x)`, i, owner.ID+i)
		}
		k.letters()
		k.must(k.Servers.Remove(k.t.Context(), owner.ID, m.ID, home))
		if n := len(k.letters()); n != people {
			k.t.Errorf("%d mails, want %d", n, people)
		}
	})
}

// A server without an owner and without links is deleted after a month without a call.
func TestSweepServers(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		idle, called, used, banned, claimed := k.stray(), k.stray(), k.stray(), k.stray(), k.server(owner)
		asked := k.ask(used, k.account())
		k.disableServer(banned)
		left := func() []int64 {
			k.t.Helper()
			list, err := k.OperatedServers.List(ctx, models.ServersAsk{After: 0, Most: 100})
			k.must(err)
			var ids []int64
			for _, one := range list {
				ids = append(ids, one.ID)
			}
			return ids
		}
		sweep := func(want ...media) {
			k.t.Helper()
			k.must(k.Sweep(ctx))
			var ids []int64
			for _, m := range want {
				ids = append(ids, m.ID)
			}
			if got := left(); !slices.Equal(got, ids) {
				k.t.Errorf("left are %v, want %v", got, ids)
			}
		}
		k.clock.Advance(30*24*time.Hour - time.Millisecond)
		k.must(k.Agents.Touch(ctx, called.Server))
		sweep(idle, called, used, banned, claimed)
		k.clock.Advance(time.Millisecond)
		sweep(called, used, banned, claimed)
		for _, table := range []string{"server_keys", "server_addresses"} {
			if n := k.texts("SELECT COUNT(*) FROM "+table+" WHERE server_id = ?", idle.ID)[0][0]; n != "0" {
				k.t.Errorf("%s rows are left in %s, want 0", n, table)
			}
		}
		_, err := k.ServerKeys.Look(ctx, idle.key)
		k.is(err, models.ErrNoServer)
		k.must(k.EmbyServers.Cancel(ctx, used.Server, asked.AccountID))
		k.clock.Advance(30 * 24 * time.Hour)
		sweep(banned, claimed)
	})
}

// A sweep deletes more servers than fit into one step.
func TestSweepManyServers(t *testing.T) {
	eachServer(t, func(k *kit) {
		m := k.stray()
		for i := range 10 {
			k.exec(`INSERT INTO servers (id, system_id, owner_id, name, own_name, kind, version, key_version, created_at, last_seen_at)
SELECT id + ?, system_id, owner_id, name, own_name, kind, version, key_version, created_at, last_seen_at FROM servers`, 1<<i)
		}
		k.clock.Advance(30 * 24 * time.Hour)
		k.must(k.Sweep(k.t.Context()))
		if n := k.texts("SELECT COUNT(*) FROM servers")[0][0]; n != "0" {
			k.t.Errorf("%s of 1024 servers are left, such as %d; want 0", n, m.ID)
		}
	})
}

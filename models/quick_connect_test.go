package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

func TestIsQuickCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"123456": true, "123 456": true, " 12-34 56 ": true, "123–456": true, "1\u00a02 3456": true, "000000": true, "123.456": true,
		"１２３４５６": true, "١٢٣٤٥٦": true, "१२३ ४५६": true, "\u200e123456\u200b": true, "1\ufe0f\u20e323456": true,
		"": false, "12345": false, "1234567": false, "12345x": false, "BCDF-GHJK": false,
		"-": false, "123456" + strings.Repeat(" ", 125): false, "+12345": false,
	} {
		if models.IsQuickCode(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
}

func TestQuickConnectApprovesACode(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.quickHome()
		servers, err := k.QuickConnects.Servers(ctx, person.ID)
		if err != nil || len(servers) != 1 || servers[0].ID != m.ID || servers[0].Name != "Den" || servers[0].LocalUser != "" {
			k.t.Fatalf("got the servers %+v with error %v, want the one that can approve codes", servers, err)
		}
		last := k.last(m)
		asked := k.quick(session, m, " 123-456")
		if asked.State != models.QuickAsked || asked.ServerName != "Den" || asked.Code != "" || !asked.ExpiresAt.Equal(k.Now().Add(10*time.Minute)) {
			k.t.Errorf("got the try %+v, want it asked, without its code, for ten minutes", asked)
		}
		changes := k.changes(m, last)
		if len(changes) != 1 || changes[0].Kind != models.ChangeQuickConnectAsked || changes[0].AccountID != person.ID || changes[0].LinkID != servers[0].LinkID {
			k.t.Errorf("got the changes %+v, want one of the account and its link", changes)
		}
		// The same code belongs to the same try and makes no new change for the agent.
		if again := k.quick(session, m, "123456"); again.ID != asked.ID || k.last(m) != last+1 {
			k.t.Errorf("the same code gave %+v, want the same try and no new change", again)
		}
		open := k.openQuick(m)
		if len(open) != 1 || open[0].ID != asked.ID || open[0].Code != "123456" || open[0].LinkID != servers[0].LinkID || open[0].AccountID != person.ID {
			k.t.Fatalf("got the open tries %+v, want one with the code, link and account", open)
		}
		other := k.agent(k.account())
		if open := k.openQuick(other); len(open) != 0 {
			k.t.Errorf("the agent of another server sees %+v, want no try", open)
		}
		k.is(k.QuickConnects.Complete(ctx, other.Server, asked.ID), models.ErrNotFound)
		k.is(k.QuickConnects.Fail(ctx, other.Server, asked.ID, models.QuickCodeWrong), models.ErrNotFound)
		_, err = k.QuickConnects.Get(ctx, k.account().ID, asked.ID)
		k.is(err, models.ErrNotFound)
		k.hasField(k.QuickConnects.Fail(ctx, m.Server, asked.ID, models.QuickExpired), "reason", "quick_reason_invalid")
		k.isQuick(asked, models.QuickAsked, "")
		k.must(k.QuickConnects.Complete(ctx, m.Server, asked.ID))
		k.isQuick(asked, models.QuickDone, "")
		k.is(k.QuickConnects.Fail(ctx, m.Server, asked.ID, models.QuickCodeWrong), models.ErrNotFound)
		events, err := k.History.List(ctx, person.ID, 1)
		if err != nil || events[0].Kind != models.EventQuickConnected || events[0].Address != home.Address || events[0].Device != home.Device {
			k.t.Errorf("got the events %+v with error %v, want one with the network address and device", events, err)
		}
		// Another code replaces the one that waits. A try that has ended stays as it is.
		first, second := k.quick(session, m, "111111"), k.quick(session, m, "222222")
		k.isQuick(first, models.QuickFailed, models.QuickReplaced)
		k.is(k.QuickConnects.Complete(ctx, m.Server, first.ID), models.ErrNotFound)
		k.must(k.QuickConnects.Fail(ctx, m.Server, second.ID, models.QuickCodeWrong))
		k.isQuick(second, models.QuickFailed, models.QuickCodeWrong)
		k.isQuick(asked, models.QuickDone, "")
		if n := k.texts("SELECT COUNT(*) FROM quick_connects WHERE code <> ''")[0][0]; n != "0" {
			k.t.Errorf("%s codes are kept after the tries ended, want 0", n)
		}
		if got := k.events(person)[models.EventQuickConnected]; got != 1 {
			k.t.Errorf("got %d events, want 1", got)
		}
	})
}

// Servers without Quick Connect are not offered, and a server that is not offered is
// refused as if it did not exist.
func TestQuickConnectOffersOnlyServersThatCanDoIt(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		m, emby, cannot := k.agent(owner), k.server(owner), k.agent(owner)
		k.canQuick(m)
		person, pending := k.member(owner, m), k.account()
		k.link(emby, person)
		k.must(k.Invites.Accept(ctx, person.ID, k.invite(owner, person.Username, cannot).ID, home))
		_, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: pending.Username, LocalUserID: "u-anna"})
		k.must(err)
		session := k.signIn(person).Session
		refused := func(session models.Session, id int64) {
			k.t.Helper()
			_, err := k.QuickConnects.Ask(ctx, session, id, "123456", home)
			k.hasField(err, "server_id", "quick_server_unknown")
		}
		offers := func(a models.Account, want ...int64) {
			k.t.Helper()
			servers, err := k.QuickConnects.Servers(ctx, a.ID)
			k.must(err)
			var got []int64
			for _, s := range servers {
				got = append(got, s.ID)
			}
			if !slices.Equal(got, want) {
				k.t.Errorf("offered %v, want %v", got, want)
			}
		}
		offers(person, m.ID)
		offers(pending)
		offers(owner)
		for _, id := range []int64{emby.ID, cannot.ID, 1, 0} {
			refused(session, id)
		}
		refused(k.signIn(pending).Session, m.ID)
		_, err = k.QuickConnects.Ask(ctx, session, m.ID, "12345", home)
		k.hasField(err, "code", "quick_code_invalid")
		asked := k.quick(session, m, "123456")

		k.run("the server is disabled", func(k *kit) {
			k.disableServer(m)
			offers(person)
			refused(session, m.ID)
			k.isQuick(asked, models.QuickFailed, models.QuickNotAllowed)
			k.must(k.OperatedServers.Enable(ctx, models.CommandLine, m.ID))
			k.isQuick(asked, models.QuickAsked, "")
		})
		k.run("the agent no longer reports it", func(k *kit) {
			k.report(k.again(m), report())
			offers(person)
			refused(session, m.ID)
			k.canQuick(m)
			offers(person, m.ID)
		})
		k.run("the person has left", func(k *kit) {
			k.must(k.Links.Remove(ctx, person.ID, k.linkWith(person, m), home))
			offers(person)
			k.isQuick(asked, models.QuickFailed, models.QuickNotAllowed)
			if open := k.openQuick(m); len(open) != 0 {
				k.t.Errorf("got the open tries %+v, want none", open)
			}
			// A new link does not bring the old try back either.
			k.must(k.Invites.Accept(ctx, person.ID, k.invite(owner, person.Username, m).ID, home))
			k.isQuick(asked, models.QuickFailed, models.QuickNotAllowed)
			if open := k.openQuick(m); len(open) != 0 {
				k.t.Errorf("got the open tries %+v, want none", open)
			}
		})
		k.run("the link has ended", func(k *kit) {
			asked := k.quick(session, m, "654321")
			end := k.Now().Add(time.Minute)
			k.must(k.People.SetTerms(ctx, owner.ID, m.ID, k.linkWith(person, m), models.Terms{EndsAt: &end}))
			k.clock.Advance(time.Minute)
			offers(person)
			refused(session, m.ID)
			k.isQuick(asked, models.QuickFailed, models.QuickNotAllowed)
			if open := k.openQuick(m); len(open) != 0 {
				k.t.Errorf("got the open tries %+v, want none", open)
			}
		})
	})
}

// linkWith returns the id of an account's link to a server.
func (k *kit) linkWith(a models.Account, m media) int64 {
	k.t.Helper()
	link, err := k.Links.ByServer(k.t.Context(), a.ID, m.ID)
	k.must(err)
	return link.ID
}

// A person sees the name of their local user at a server if it is known.
func TestQuickConnectShowsTheLocalUser(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, anna := k.account(), k.account()
		m := k.agent(owner)
		k.canQuick(m)
		k.invited(owner, m, anna, "u-anna")
		servers, err := k.QuickConnects.Servers(k.t.Context(), anna.ID)
		if err != nil || len(servers) != 1 || servers[0].LocalUser != "Anna" {
			k.t.Errorf("got the servers %+v with error %v, want one with the local user Anna", servers, err)
		}
	})
}

// Everything that ends the access of a person to an account also ends the open tries of the
// account.
func TestQuickConnectEnds(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		for name, end := range map[string]func(k *kit, a models.Account, session models.Session){
			"sign out everywhere": func(k *kit, a models.Account, _ models.Session) { k.must(k.Sessions.EndAll(ctx, a.ID, home)) },
			"end the others": func(k *kit, a models.Account, _ models.Session) {
				k.must(k.Sessions.EndOthers(ctx, k.signIn(a).Session, home))
			},
			"reset": func(k *kit, a models.Account, _ models.Session) {
				k.must(k.Recovery.ResetPassword(ctx, k.resetSecret(a), otherPassword, home))
			},
			"new password": func(k *kit, _ models.Account, session models.Session) {
				_, err := k.Accounts.ChangePassword(ctx, session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
				k.must(err)
			},
			"disabled": func(k *kit, a models.Account, _ models.Session) { k.must(k.Operators.Disable(ctx, a.Username)) },
		} {
			k.run(name, func(k *kit) {
				m, person, session := k.quickHome()
				bystander := k.account()
				other := k.quickMember(m, bystander)
				k.quick(other, m, "999999")
				asked := k.quick(session, m, "123456")
				end(k, person, session)
				k.isQuick(asked, models.QuickFailed, models.QuickExpired)
				if open := k.openQuick(m); len(open) != 1 || open[0].AccountID != bystander.ID {
					k.t.Errorf("got the open tries %+v, want only that of the other account", open)
				}
				k.is(k.QuickConnects.Complete(ctx, m.Server, asked.ID), models.ErrNotFound)
				if n := k.texts("SELECT COUNT(*) FROM quick_connects WHERE account_id = ? AND code <> ''", person.ID)[0][0]; n != "0" {
					k.t.Error("the code of the ended try is kept, want it erased")
				}
			})
		}
		k.run("the session has ended", func(k *kit) {
			m, person, session := k.quickHome()
			k.must(k.Sessions.End(ctx, person.ID, session.ID, home))
			_, err := k.QuickConnects.Ask(ctx, session, m.ID, "123456", home)
			k.is(err, models.ErrNoSession)
			theirs := k.signIn(k.account()).Session
			theirs.AccountID = person.ID // the session of another account does not count for this one
			_, err = k.QuickConnects.Ask(ctx, theirs, m.ID, "123456", home)
			k.is(err, models.ErrNoSession)
		})
		k.run("the account's row is disabled", func(k *kit) {
			m, person, session := k.quickHome()
			k.quick(session, m, "123456")
			k.exec("UPDATE accounts SET disabled_at = created_at WHERE id = ?", person.ID)
			if open := k.openQuick(m); len(open) != 0 {
				k.t.Errorf("got the open tries %+v, want none", open)
			}
			_, err := k.QuickConnects.Ask(ctx, session, m.ID, "123457", home)
			k.is(err, models.ErrNotFound)
		})
		k.run("the account is deleted", func(k *kit) {
			m, person, session := k.quickHome()
			k.quick(session, m, "123456")
			k.must(k.Accounts.Delete(ctx, person.ID, goodPassword, home))
			if n := k.texts("SELECT COUNT(*) FROM quick_connects WHERE account_id = ?", person.ID)[0][0]; n != "0" || len(k.openQuick(m)) != 0 {
				k.t.Errorf("%s rows are left or a try is open, want neither", n)
			}
		})
		k.run("the server is removed", func(k *kit) {
			m, person, session := k.quickHome()
			asked := k.quick(session, m, "123456")
			k.must(k.Servers.Remove(ctx, m.OwnerID, m.ID, home))
			_, err := k.QuickConnects.Get(ctx, person.ID, asked.ID)
			k.is(err, models.ErrNotFound)
			if n := k.texts("SELECT COUNT(*) FROM quick_connects WHERE server_id = ?", m.ID)[0][0]; n != "0" {
				k.t.Errorf("%s rows are left, want 0", n)
			}
		})
	})
}

// quickMember links an account to a server of another owner, and signs it in.
func (k *kit) quickMember(m media, a models.Account) models.Session {
	k.t.Helper()
	owner, err := k.Accounts.Get(k.t.Context(), m.OwnerID)
	k.must(err)
	k.must(k.Invites.Accept(k.t.Context(), a.ID, k.invite(owner, a.Username, m).ID, home))
	return k.signIn(a).Session
}

// A try expires even without a sweep. The sweep erases the code of the try long before it
// deletes the row.
func TestQuickConnectExpires(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.quickHome()
		asked := k.quick(session, m, "123456")
		k.clock.Advance(10*time.Minute - time.Millisecond)
		if len(k.openQuick(m)) != 1 {
			k.t.Error("the try ended early, want it open until its time")
		}
		k.clock.Advance(time.Millisecond)
		k.isQuick(asked, models.QuickFailed, models.QuickExpired)
		if len(k.openQuick(m)) != 0 {
			k.t.Error("the agent gets an expired try, want none")
		}
		k.is(k.QuickConnects.Complete(ctx, m.Server, asked.ID), models.ErrNotFound)
		k.is(k.QuickConnects.Fail(ctx, m.Server, asked.ID, models.QuickCodeWrong), models.ErrNotFound)
		again := k.quick(session, m, "123456")
		if again.ID == asked.ID {
			k.t.Error("the same code gave the expired try, want a new one")
		}
		k.isQuick(asked, models.QuickFailed, models.QuickExpired)
		other := k.quick(k.quickMember(m, k.account()), m, "654321")
		k.clock.Advance(10*time.Minute - time.Millisecond)
		late := k.quick(session, m, "222222")
		k.clock.Advance(time.Millisecond)
		k.must(k.Sweep(ctx))
		rows := k.texts("SELECT id, code, state FROM quick_connects WHERE id IN (?, ?) ORDER BY id", other.ID, late.ID)
		if len(rows) != 2 || rows[0][1] != "" || rows[0][2] != models.QuickFailed || rows[1][1] == "" || rows[1][2] != models.QuickAsked {
			k.t.Errorf("got the rows %v, want the expired one without a code and the new one with it", rows)
		}
		k.isQuick(again, models.QuickFailed, models.QuickReplaced)
		k.isQuick(asked, models.QuickFailed, models.QuickExpired)
		k.clock.Advance(time.Hour)
		k.must(k.Sweep(ctx))
		_, err := k.QuickConnects.Get(ctx, person.ID, asked.ID)
		k.is(err, models.ErrNotFound)
		k.clock.Advance(time.Hour)
		k.must(k.Sweep(ctx))
		if n := k.texts("SELECT COUNT(*) FROM quick_connects")[0][0]; n != "0" {
			k.t.Errorf("%s rows are left, want 0", n)
		}
	})
}

// Tries are counted before the code is checked, right or wrong: by account, by source and
// by server. A person who is not linked to a server does not use up the tries of the
// server.
func TestQuickConnectLimits(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		from := func(i int) models.Caller { return models.Caller{Address: fmt.Sprintf("203.0.%d.%d", i/250, i%250)} }
		next := 0
		try := func(session models.Session, serverID int64, code string) error {
			next++
			_, err := k.QuickConnects.Ask(ctx, session, serverID, code, from(next))
			return err
		}
		m, _, session := k.quickHome()
		k.run("by account", func(k *kit) {
			asked := k.quick(session, m, "100000")
			k.must(k.QuickConnects.Complete(ctx, m.Server, asked.ID)) // a right code gives no try back
			k.hasField(try(session, m.ID, "12"), "code", "quick_code_invalid")
			k.hasField(try(session, 1, "123456"), "server_id", "quick_server_unknown")
			for range 3 { // the text that cannot be a code did not count as a try
				k.must(try(session, m.ID, "100001"))
			}
			for _, code := range []string{"100001", "100002"} {
				k.is(try(session, m.ID, code), models.ErrThrottled)
			}
			k.hasField(try(session, m.ID, "12"), "code", "quick_code_invalid")
			k.is(try(session, 1, "123456"), models.ErrThrottled)
			if open := k.openQuick(m); len(open) != 1 || open[0].Code != "100001" {
				k.t.Errorf("got the open tries %+v, want one with the first code", open)
			}
		})
		k.run("by account in an hour", func(k *kit) {
			for range 3 {
				k.clock.Advance(10 * time.Minute)
				for i := range 5 {
					k.must(try(session, m.ID, fmt.Sprint(200000+i)))
				}
			}
			k.clock.Advance(10 * time.Minute)
			k.is(try(session, m.ID, "300000"), models.ErrThrottled)
		})
		k.run("by server", func(k *kit) {
			k.clock.Advance(time.Hour)
			for range 6 {
				one := k.quickMember(m, k.account())
				for i := range 5 {
					k.must(try(one, m.ID, fmt.Sprint(400000+i)))
				}
			}
			k.is(try(k.quickMember(m, k.account()), m.ID, "500000"), models.ErrThrottled)
			k.clock.Advance(time.Hour)
			for range 8 { // other people
				stranger := k.signIn(k.account()).Session
				for range 5 {
					k.hasField(try(stranger, m.ID, "600000"), "server_id", "quick_server_unknown")
				}
			}
			k.must(try(k.quickMember(m, k.account()), m.ID, "600000"))
		})
		k.run("by source", func(k *kit) {
			k.clock.Advance(time.Hour)
			far := models.Caller{Address: "2001:db8:1:2::7"}
			for i := range 10 {
				_, err := k.QuickConnects.Ask(ctx, k.quickMember(m, k.account()), m.ID, fmt.Sprint(700000+i), far)
				k.must(err)
			}
			_, err := k.QuickConnects.Ask(ctx, k.quickMember(m, k.account()), m.ID, "700000", models.Caller{Address: "2001:db8:1:2::8"})
			k.is(err, models.ErrThrottled)
		})
	}, limitedQuick)
}

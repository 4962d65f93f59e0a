package models_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

func sum(text string) secret.Hash { return sha256.Sum256([]byte(text)) }

func TestReportReplacesTheLastOne(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		same := report()
		slices.Reverse(same.LocalUsers)
		slices.Reverse(same.Libraries)
		if got, err := k.Agents.Report(ctx, m.Server, same); got.Changed || err != nil {
			k.t.Errorf("the same report: changed %t, error %v; want no change", got.Changed, err)
		}
		if u := k.localUser(owner, m, "u-root"); !u.Administrator || u.Disabled || u.Name != "Root" {
			k.t.Errorf("got the local user %+v, want an enabled administrator called Root", u)
		}
		// An unchanged report writes nothing except its time, and that only after a while.
		k.clock.Advance(10 * time.Minute)
		m = k.again(m)
		said := k.listen()
		said.take()
		if got, err := k.Agents.Report(ctx, m.Server, same); got.Changed || err != nil || len(said.take()) != 0 {
			k.t.Errorf("the same report: changed %t, error %v; want no change and no statement", got.Changed, err)
		}
		k.must(k.Agents.Flush(ctx))
		if got := k.again(m).LastSeenAt; !got.Equal(k.Now()) {
			k.t.Errorf("last seen at %v, want %v", got, k.Now())
		}
		k.invited(owner, m, anna, "u-anna")
		fewer := report()
		fewer.Name, fewer.LocalUsers, fewer.Libraries = "Attic", fewer.LocalUsers[2:], []models.Library{{ExternalID: "l-films", Name: "Movies"}, {ExternalID: "l-new", Name: "New"}}
		if got, err := k.Agents.Report(ctx, m.Server, fewer); !got.Changed || err != nil {
			k.t.Errorf("another report: changed %t, error %v; want a change", got.Changed, err)
		}
		users, err := k.Servers.LocalUsers(ctx, owner.ID, m.ID)
		k.must(err)
		if len(users) != 2 || users[0].GoneAt.IsZero() || users[0].LinkedTo != anna.Username || users[1].Name != "Root" {
			k.t.Errorf("got the local users %+v, want the linked one marked as gone, and Root", users)
		}
		libraries, err := k.Servers.Libraries(ctx, owner.ID, m.ID)
		k.must(err)
		if diff := cmp.Diff(fewer.Libraries, libraries); diff != "" {
			k.t.Errorf("libraries (-want +got): %s", diff)
		}
		if this := k.again(m); this.Name != "Attic" || !this.KeyExpiresAt.IsZero() {
			k.t.Errorf("got the server %+v, want the name Attic and a key without an end", this.Server)
		}
		k.report(k.again(m), report()) // the local user is back
		if u := k.localUser(owner, m, "u-anna"); !u.GoneAt.IsZero() || u.LinkedTo != anna.Username {
			k.t.Errorf("got the local user %+v, want it back and linked", u)
		}
		waiting := report() // the agent lets nobody in as Anna and Ben
		waiting.LocalUsers[0].NotAllowed, waiting.LocalUsers[1].NotAllowed = true, true
		k.report(k.again(m), waiting)
		waiting.LocalUsers[1].NotAllowed = false
		k.report(k.again(m), waiting)
		if u := k.localUser(owner, m, "u-anna"); !u.NotAllowed || k.localUser(owner, m, "u-ben").NotAllowed {
			k.t.Errorf("got the local user %+v, want only Anna not to be allowed", u)
		}
		people, err := k.People.List(ctx, owner.ID, m.ID, 0, 10)
		k.must(err)
		if len(people) != 1 || !people[0].LocalUser.NotAllowed {
			k.t.Errorf("got the people %+v, want Anna's local user not to be allowed", people)
		}
		bad := report()
		bad.LocalUsers = append(bad.LocalUsers, bad.LocalUsers[0])
		_, err = k.Agents.Report(ctx, m.Server, bad)
		k.isKind(err, models.KindInvalid)
		key, until, err := k.ServerKeys.RotateOwn(ctx, m.Server, "", home)
		k.must(err)
		if this := k.again(m); !this.KeyExpiresAt.Equal(until) || key == m.key {
			k.t.Errorf("until %v, want %v", this.KeyExpiresAt, until)
		}
		k.again(media{m.Server, key})
		state, err := k.Agents.State(ctx, m.Server)
		if err != nil || state.Owner != owner.Username || len(state.Addresses) != 2 {
			k.t.Errorf("got the state %+v with error %v, want the owner and two addresses", state, err)
		}
	})
}

func TestRepeatedRequestActsOnce(t *testing.T) {
	const key = "0123456789abcdef-once"
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		// Many parallel requests with one key register one server.
		in := den
		in.IdempotencyKey = key
		keys := make([]string, 16)
		for _, err := range parallel(len(keys), func(i int) error {
			done, err := k.Registrations.Register(ctx, in, home)
			keys[i] = done.Key
			return err
		}) {
			k.must(err)
		}
		if len(slices.Compact(slices.Clone(keys))) != 1 || keys[0] == "" {
			k.t.Errorf("got the keys %v, want the same one from every request", keys)
		}
		if this := k.again(media{key: keys[0]}); this.Name != den.Name {
			k.t.Errorf("got the server %+v, want its reported name", this)
		}
		in.Name = "Another"
		_, err := k.Registrations.Register(ctx, in, home)
		k.is(err, models.ErrOtherRequest)
		// An invite that is repeated with the same key is made once.
		offer := models.NewInvite{To: anna.Username, Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID}}, IdempotencyKey: key}
		ids := make([]int64, 8)
		for _, err := range parallel(len(ids), func(i int) error {
			made, err := k.Invites.Create(ctx, owner.ID, offer, home)
			ids[i] = made.ID
			return err
		}) {
			k.must(err)
		}
		if len(slices.Compact(ids)) != 1 {
			k.t.Errorf("got the invites %v, want the same one from every request", ids)
		}
		if n := len(kinds(k.letters(), anna.Email)); n != 1 {
			k.t.Errorf("got %d mails, want 1", n)
		}
		offer.Note = "x"
		_, err = k.Invites.Create(ctx, owner.ID, offer, home)
		k.is(err, models.ErrOtherRequest)
		// A repeated sign-up returns another secret for the same account.
		up := models.SignUp{Username: newName(), Email: "once@example.org", Password: goodPassword, Locale: "en", IdempotencyKey: key}
		first, err := k.Accounts.SignUp(ctx, up, home)
		k.must(err)
		second, err := k.Accounts.SignUp(ctx, up, home)
		k.must(err)
		if first == second {
			k.t.Error("the repeated request gave the same secret, want a new one")
		}
		for _, pending := range []string{first, second} {
			if got, err := k.Emails.Pending(ctx, pending); err != nil || got.Username != up.Username {
				k.t.Errorf("got the sign-up %+v with error %v, want the first one", got, err)
			}
		}
		if n := len(kinds(k.letters(), "once@example.org")); n != 1 {
			k.t.Errorf("got %d mails, want 1", n)
		}
		up.Password = otherPassword
		_, err = k.Accounts.SignUp(ctx, up, home)
		k.is(err, models.ErrOtherRequest)
		k.clock.Advance(24 * time.Hour)
		k.must(k.Sweep(ctx))
		if left := k.texts("SELECT mac FROM idempotency"); len(left) != 0 {
			k.t.Errorf("%d idempotency keys are left, want 0", len(left))
		}
	})
}

// A report does three things, even if it is the same as the report before: a reported
// address that the owner has removed comes back, an address that was kept only to stay
// hidden is deleted, and an address that the owner added stays.
func TestUnchangedReportRestores(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		const wan, lan, own = "http://media.example.test:8096", "http://192.168.1.2:8096", "https://own.example.test:443"
		again := func(in models.Report, want string) {
			k.t.Helper()
			k.report(k.again(m), in)
			if got := urls(k.detail(owner, m).Addresses); got != want {
				k.t.Errorf("addresses %s, want %s", got, want)
			}
		}
		k.must(k.addAddress(owner, m, own))
		k.must(k.Addresses.Remove(ctx, owner.ID, m.ID, k.addressID(owner, m, lan)))
		if got := urls(k.detail(owner, m).Addresses); strings.Contains(got, lan) {
			k.t.Errorf("got the addresses %s, want the removed one gone", got)
		}
		again(report(), lan+" "+wan+" "+own)
		// A hidden address stays hidden, also while it is not reported and when it comes back.
		k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), true))
		again(report(), "("+lan+") "+wan+" "+own)
		k.isKind(k.addAddress(owner, m, lan), models.KindConflict)
		away := report()
		away.LAN = nil
		again(away, "("+lan+") "+wan+" "+own)
		again(report(), "("+lan+") "+wan+" "+own)
		again(away, "("+lan+") "+wan+" "+own)
		k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), false))
		again(away, wan+" "+own)
		// If the server begins to report an address that the owner added, that address comes back
		// after the owner removes it.
		k.must(k.addAddress(owner, m, lan))
		again(report(), wan+" "+own+" "+lan)
		again(away, wan+" "+own+" "+lan)
		again(report(), wan+" "+own+" "+lan)
		k.must(k.Addresses.Remove(ctx, owner.ID, m.ID, k.addressID(owner, m, lan)))
		again(report(), lan+" "+wan+" "+own)
	})
}

// A local user that no longer exists is kept only as long as a row refers to it.
func TestGoneLocalUserIsForgotten(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna, ben := k.t.Context(), k.account(), k.account(), k.account()
		m := k.agent(owner)
		k.invited(owner, m, anna, "u-anna")
		offer := k.offer(owner, m, ben, "u-ben")
		less := report()
		less.LocalUsers = less.LocalUsers[2:]
		k.report(m, less)
		names := func(want ...string) {
			k.t.Helper()
			k.must(k.Sweep(ctx))
			users, err := k.Servers.LocalUsers(ctx, owner.ID, m.ID)
			k.must(err)
			var got []string
			for _, u := range users {
				got = append(got, u.Name)
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				k.t.Errorf("local users %v, want %v", got, want)
			}
		}
		names("Anna", "Ben", "Root")
		k.must(k.People.Remove(ctx, owner.ID, m.ID, k.located(anna, models.LinkAccepted)[0].ID))
		names("Ben", "Root")
		k.must(k.Invites.Withdraw(ctx, owner.ID, offer.ID, home))
		names("Root")
		k.report(k.again(m), less) // the same report brings no local user back
		names("Root")
	})
}

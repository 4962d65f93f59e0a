package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// works fails the test unless each key in want works if its value is true, and does not
// work if its value is false.
func (k *kit) works(m media, want map[string]bool) {
	k.t.Helper()
	for key, works := range want {
		found, err := k.ServerKeys.Look(k.t.Context(), key)
		if works && (err != nil || found.ID != m.ID) || !works && !errors.Is(err, models.ErrNoServer) {
			k.t.Errorf("key %.8s…: server %d with error %v, want it to work: %t", key, found.ID, err, works)
		}
	}
}

// use looks the server up by a key, and writes this use to the database as the worker does.
func (k *kit) use(m media, key string) {
	k.t.Helper()
	k.again(media{m.Server, key})
	k.must(k.ServerKeys.Flush(k.t.Context()))
}

// keyMail returns what the only owed mail about server keys says to an owner.
func (k *kit) keyMail(owner models.Account) models.MailFacts {
	k.t.Helper()
	return k.letter(models.MailServerKey, owner.Email).Facts
}

// Thieves may have any key of a server, old or new. The owner ends all keys at once, and
// gets a fresh key that nobody else has seen.
func TestStolenKeysEndAtOnce(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		second, _, err := k.ServerKeys.RotateOwn(ctx, m.Server, "", home)
		k.must(err)
		third, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
		k.must(err)
		k.works(m, map[string]bool{m.key: true, second: true, third: true})
		_, err = k.ServerKeys.RotateStolen(ctx, stranger.ID, m.ID, home)
		k.is(err, models.ErrNotFound)
		k.letters()
		fresh, err := k.ServerKeys.RotateStolen(ctx, owner.ID, m.ID, home)
		k.must(err)
		k.works(m, map[string]bool{m.key: false, second: false, third: false, fresh: true})
		if facts := k.keyMail(owner); facts.What != "ended" || facts.Server != "Den" || facts.Address != home.Address {
			k.t.Errorf("the mail has the facts %+v, want ended keys of Den", facts)
		}
		if n := k.events(owner)[models.EventServerKeysEnded]; n != 1 {
			k.t.Errorf("%d endings in the history, want 1", n)
		}
		for _, key := range []string{m.key, second, third} {
			k.is(k.Registrations.Claim(ctx, stranger.ID, m.ID, key, home), models.ErrNotFound)
		}
		k.must(k.Sweep(ctx))
		k.works(m, map[string]bool{fresh: true})
	})
}

// A thief with the server key can replace it only a limited number of times a day. The owner
// gets a mail about each time, because these mails have no daily limit.
func TestRotationByKeyIsMailed(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		k.letters()
		thief := models.Caller{Address: "203.0.113.66", Device: "curl"}
		key := m.key
		for i := range 10 {
			var err error
			key, _, err = k.ServerKeys.RotateOwn(ctx, k.again(media{m.Server, key}).Server, "", thief)
			k.must(err)
			if facts := k.keyMail(owner); facts.What != "renewed" || facts.Server != "Den" || facts.Address != thief.Address || facts.Device != thief.Device {
				k.t.Errorf("rotation %d: the mail has the facts %+v, want the server and the thief's address", i, facts)
			}
		}
		_, _, err := k.ServerKeys.RotateOwn(ctx, k.again(media{m.Server, key}).Server, "", thief)
		k.isKind(err, models.KindThrottled)
		if n := k.events(owner)[models.EventServerKeyRenewed]; n != 10 {
			k.t.Errorf("%d rotations by the key in the history, want 10", n)
		}
		history, err := k.History.List(ctx, owner.ID, 100)
		k.must(err)
		for _, event := range history {
			if event.Kind == models.EventServerKeyRenewed && (event.Address != thief.Address || event.Device != thief.Device) {
				k.t.Errorf("the history has the rotation %+v, want the address and the program of the thief", event)
			}
		}
		// The limit that stops the thief does not stop the owner.
		fresh, err := k.ServerKeys.RotateStolen(ctx, owner.ID, m.ID, home)
		k.must(err)
		k.works(m, map[string]bool{key: false, fresh: true})
	})
}

// A server that lost the answer to its rotation repeats the call with the old key and the
// same Idempotency-Key, and gets the same new key. With the old key but without that
// Idempotency-Key, a thief gets nothing.
func TestLostRotationIsRepeated(t *testing.T) {
	const lost = "0123456789abcdef-lost"
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		first, until, err := k.ServerKeys.RotateOwn(ctx, m.Server, lost, home)
		k.must(err)
		for _, this := range []models.Server{m.Server, k.again(m).Server} {
			again, untilAgain, err := k.ServerKeys.RotateOwn(ctx, this, lost, home)
			if this.KeyExpiresAt.IsZero() { // looked up before, so its key seems to be the present one
				k.is(err, models.ErrNoServer)
				continue
			}
			if err != nil || again != first || !untilAgain.Equal(until) {
				k.t.Errorf("again until %v with error %v, want the same key until %v", untilAgain, err, until)
			}
		}
		for _, guess := range []string{"", lost + "0"} {
			_, _, err := k.ServerKeys.RotateOwn(ctx, k.again(m).Server, guess, home)
			k.is(err, models.ErrNoServer)
		}
		fromOther, _, err := k.ServerKeys.RotateOwn(ctx, other.Server, lost, home)
		k.must(err)
		k.works(other, map[string]bool{fromOther: true})
		if n := k.events(owner)[models.EventServerKeyRenewed]; n != 2 {
			k.t.Errorf("%d rotations in the history, want 2", n)
		}
	})
}

// A replaced key still works for a day, but a thief who has it cannot claim a server that
// has no owner.
func TestReplacedKeyClaimsNothing(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, thief, owner := k.t.Context(), k.account(), k.account()
		m := k.stray()
		fresh, _, err := k.ServerKeys.RotateOwn(ctx, k.again(m).Server, "", home)
		k.must(err)
		k.is(k.Registrations.Claim(ctx, thief.ID, m.ID, m.key, home), models.ErrNotFound)
		k.must(k.Registrations.Claim(ctx, owner.ID, m.ID, fresh, home))
	})
}

// The owner sees the keys that work, and ends the replaced ones before their time.
func TestOwnerSeesKeys(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, stranger := k.t.Context(), k.account(), k.account()
		m := k.server(owner)
		made := k.Now()
		k.clock.Advance(time.Hour)
		used := k.Now()
		k.use(m, m.key)
		k.clock.Advance(30 * time.Minute) // the use is noted to the hour
		k.use(m, m.key)
		next, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
		k.must(err)
		rotated := k.Now()
		want := []models.WorkingKey{{CreatedAt: rotated}, {CreatedAt: made, UsedAt: used, EndsAt: rotated.Add(models.KeyOverlap)}}
		list := func() []models.WorkingKey {
			k.t.Helper()
			keys, err := k.ServerKeys.List(ctx, owner.ID, m.ID)
			k.must(err)
			return keys
		}
		if diff := cmp.Diff(want, list()); diff != "" {
			k.t.Errorf("keys (-want +got): %s", diff)
		}
		_, err = k.ServerKeys.List(ctx, stranger.ID, m.ID)
		k.is(err, models.ErrNotFound)
		k.is(k.ServerKeys.EndReplaced(ctx, stranger.ID, m.ID, home), models.ErrNotFound)
		k.works(m, map[string]bool{m.key: true})
		k.letters()
		k.must(k.ServerKeys.EndReplaced(ctx, owner.ID, m.ID, home))
		k.works(m, map[string]bool{m.key: false, next: true})
		k.must(k.ServerKeys.Flush(ctx))
		if facts := k.keyMail(owner); facts.What != "ended" {
			k.t.Errorf("the mail has the facts %+v, want ended keys", facts)
		}
		k.must(k.ServerKeys.EndReplaced(ctx, owner.ID, m.ID, home)) // nothing is left to end, so nothing is mailed
		if left := k.letters(); len(left) != 0 {
			k.t.Errorf("%d more mails, want none", len(left))
		}
		if n := k.events(owner)[models.EventServerKeysEnded]; n != 1 {
			k.t.Errorf("%d endings in the history, want 1", n)
		}
		if keys := list(); len(keys) != 1 || !keys[0].EndsAt.IsZero() || keys[0].UsedAt.IsZero() {
			k.t.Errorf("keys %+v, want the newest one alone, used", keys)
		}
	})
}

// The former owner of a server still knows its key. That key ends as soon as the server
// uses a new key of its own, and not before.
func TestFormerOwnersKeyEndsByItself(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, former, heir := k.t.Context(), k.account(), k.account()
		m := k.agent(former)
		k.must(k.Servers.HandOver(ctx, former.ID, m.ID, heir.Username, home))
		this := k.again(m)
		if !this.KeyHandedOver || !this.KeyExpiresAt.IsZero() {
			k.t.Errorf("the key is handed over: %t, until %v; want true, without an end", this.KeyHandedOver, this.KeyExpiresAt)
		}
		if kinds := k.changeKinds(m, 0); kinds[len(kinds)-1] != models.ChangeHandedOver {
			k.t.Errorf("changes %v, want the hand-over at the end", kinds)
		}
		keys, err := k.ServerKeys.List(ctx, heir.ID, m.ID)
		k.must(err)
		if len(keys) != 1 || !keys[0].HandedOver {
			k.t.Errorf("keys %+v, want one that the former owner knows", keys)
		}
		k.letters()
		own, _, err := k.ServerKeys.RotateOwn(ctx, this.Server, "", home)
		k.must(err)
		if facts := k.keyMail(heir); facts.What != "renewed" {
			k.t.Errorf("the mail has the facts %+v, want a renewed key", facts)
		}
		k.works(m, map[string]bool{m.key: true}) // the new key may not have arrived
		k.use(m, m.key)
		k.works(m, map[string]bool{m.key: true})
		k.use(m, own)
		k.works(m, map[string]bool{m.key: false, own: true})
		facts := k.keyMail(heir)
		if facts.What != "former" || facts.Server != "Den" || facts.Address != "" {
			k.t.Errorf("the mail has the facts %+v, want the end of the former owner's key", facts)
		}
		if n := k.events(heir)[models.EventServerFormerKeyEnded]; n != 1 {
			k.t.Errorf("%d endings in the heir's history, want 1", n)
		}
		if k.events(former)[models.EventServerFormerKeyEnded]+k.events(former)[models.EventServerKeyRenewed] != 0 {
			k.t.Error("the keys of the heir are in the former owner's history, want nothing there")
		}
		if this := k.again(media{m.Server, own}); this.KeyHandedOver {
			k.t.Error("the server's own key counts as handed over, want not")
		}
	})
}

// After a hand-over the former owner replaces the server key before the agent does. The
// heir gets a mail about it, and shuts the former owner out with a new key.
func TestFormerOwnerWhoReplacesTheKeyIsShutOut(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, former, heir := k.t.Context(), k.account(), k.account()
		m := k.agent(former)
		k.must(k.Servers.HandOver(ctx, former.ID, m.ID, heir.Username, home))
		k.letters()
		stolen, _, err := k.ServerKeys.RotateOwn(ctx, k.again(m).Server, "", models.Caller{Address: "203.0.113.66"})
		k.must(err)
		if facts := k.keyMail(heir); facts.What != "renewed" || facts.Address != "203.0.113.66" {
			k.t.Errorf("the mail has the facts %+v, want the former owner's address", facts)
		}
		_, _, err = k.ServerKeys.RotateOwn(ctx, k.again(m).Server, "", home)
		k.is(err, models.ErrNoServer) // the agent is late
		k.use(m, stolen)
		k.works(m, map[string]bool{m.key: false, stolen: true})
		if facts := k.keyMail(heir); facts.What != "former" { // so its text must not promise that the server has this key
			k.t.Errorf("the mail has the facts %+v, want the end of the older key", facts)
		}
		keys, err := k.ServerKeys.List(ctx, heir.ID, m.ID)
		k.must(err)
		if len(keys) != 1 || !keys[0].Inherited || keys[0].HandedOver {
			k.t.Errorf("keys %+v, want one that was made with a key that the former owner knows", keys)
		}
		fresh, err := k.ServerKeys.RotateStolen(ctx, heir.ID, m.ID, home)
		k.must(err)
		k.works(m, map[string]bool{m.key: false, stolen: false, fresh: true})
		_, err = k.ServerKeys.RotateStolen(ctx, former.ID, m.ID, home)
		k.is(err, models.ErrNotFound)
		if this := k.again(media{m.Server, fresh}); this.KeyHandedOver {
			k.t.Error("the heir's new key counts as handed over, want not")
		}
	})
}

// The server uses its newest key, and is handed over again before that use is written to
// the database. Then the use must not end any key: the former owner now knows the key that
// was used, and the server does not have a newer one yet.
func TestHandOverBetweenUseAndWrite(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, former, heir, next := k.t.Context(), k.account(), k.account(), k.account()
		m := k.agent(former)
		k.must(k.Servers.HandOver(ctx, former.ID, m.ID, heir.Username, home))
		own, _, err := k.ServerKeys.RotateOwn(ctx, k.again(m).Server, "", home)
		k.must(err)
		k.again(media{m.Server, own})
		k.must(k.Servers.HandOver(ctx, heir.ID, m.ID, next.Username, home))
		k.must(k.ServerKeys.Flush(ctx))
		k.works(m, map[string]bool{m.key: true, own: true})
		last, _, err := k.ServerKeys.RotateOwn(ctx, k.again(media{m.Server, own}).Server, "", home)
		k.must(err)
		k.use(m, last)
		k.works(m, map[string]bool{m.key: false, own: false, last: true})
	})
}

package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A person reads how to get in at a server that they may use, and at no other one.
func TestStartOfAServer(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, _ := k.quickHome()
		stranger := k.account()
		k.must(k.Servers.Change(ctx, m.OwnerID, m.ID, models.ServerChange{StartNote: new(" Ask me\r\nfor the VPN.\u202e ")}))
		start, err := k.Links.Start(ctx, person.ID, m.ID)
		k.must(err)
		if start.ServerID != m.ID || start.Note != "Ask me\nfor the VPN." || !start.QuickConnect || len(start.Addresses) == 0 || !start.FirstDeviceAt.IsZero() {
			k.t.Errorf("start %+v, want the server with its note, its addresses, Quick Connect, and no device yet", start)
		}
		k.must(k.Addresses.Hide(ctx, m.OwnerID, m.ID, start.Addresses[0].ID, true))
		fewer, err := k.Links.Start(ctx, person.ID, m.ID)
		k.must(err)
		if len(fewer.Addresses) != len(start.Addresses)-1 {
			k.t.Errorf("%d addresses after one was hidden, want %d", len(fewer.Addresses), len(start.Addresses)-1)
		}
		for _, one := range []struct{ account, server int64 }{{stranger.ID, m.ID}, {m.OwnerID, m.ID}, {person.ID, m.ID + 1}} {
			_, err = k.Links.Start(ctx, one.account, one.server)
			k.is(err, models.ErrNotFound)
		}
	})
}

// The note of an owner has at most 500 characters, and only the owner writes it.
func TestStartNote(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, _ := k.quickHome()
		change := func(account int64, note string) error {
			return k.Servers.Change(ctx, account, m.ID, models.ServerChange{StartNote: &note})
		}
		k.must(change(m.OwnerID, strings.Repeat("ä", 500)))
		k.hasField(change(m.OwnerID, strings.Repeat("ä", 501)), "start_note", "note_invalid")
		k.is(change(person.ID, "mine"), models.ErrNotFound)
		k.must(change(m.OwnerID, ""))
		start, err := k.Links.Start(ctx, person.ID, m.ID)
		k.must(err)
		if start.Note != "" {
			k.t.Errorf("note %q after it was removed, want none", start.Note)
		}
	})
}

// The first device that a code has signed in is kept with the link; later ones and wrong codes
// change nothing.
func TestStartKnowsTheFirstDevice(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.quickHome()
		first := func() time.Time {
			start, err := k.Links.Start(ctx, person.ID, m.ID)
			k.must(err)
			return start.FirstDeviceAt
		}
		k.must(k.QuickConnects.Fail(ctx, m.Server, k.quick(session, m, "111111").ID, models.QuickCodeWrong))
		if at := first(); !at.IsZero() {
			k.t.Errorf("first device at %v after a wrong code, want none", at)
		}
		k.must(k.QuickConnects.Complete(ctx, m.Server, k.quick(session, m, "222222").ID))
		at := first()
		if !at.Equal(k.Now()) {
			k.t.Errorf("first device at %v, want now, %v", at, k.Now())
		}
		k.clock.Advance(time.Minute)
		k.must(k.QuickConnects.Complete(ctx, m.Server, k.quick(session, m, "333333").ID))
		if again := first(); !again.Equal(at) {
			k.t.Errorf("first device at %v after the second one, want still %v", again, at)
		}
	})
}

// A person and the owner see which media server it is, as the agent reports it. An unknown name counts
// as no name.
func TestServerMedia(t *testing.T) {
	each(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		person := k.member(owner, m)
		for _, row := range []struct{ reported, want string }{{models.MediaEmby, models.MediaEmby}, {"plex", ""}, {models.MediaJellyfin, models.MediaJellyfin}, {"", ""}} {
			in := report()
			in.Media = row.reported
			k.report(k.again(m), in)
			start, err := k.Links.Start(k.t.Context(), person.ID, m.ID)
			k.must(err)
			place, err := k.LocalPasswords.Place(k.t.Context(), person.ID, m.ID)
			k.must(err)
			owned, err := k.Servers.Get(k.t.Context(), owner.ID, m.ID)
			k.must(err)
			if start.Media != row.want || place.Media != row.want || owned.Media != row.want {
				k.t.Errorf("reported %q: %q, %q and %q, want %q", row.reported, start.Media, place.Media, owned.Media, row.want)
			}
		}
	})
}

package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// The time zone of the host does not matter, even if it changes: a time that is written in
// one zone is read correctly in another, and lifetimes stay the same.
func TestTimeZoneDoesNotMatter(t *testing.T) {
	zones := map[string]*time.Location{
		"east": time.FixedZone("east", 14*3600), "west": time.FixedZone("west", -12*3600), "odd": time.FixedZone("odd", 5*3600+2700+13),
	}
	each(t, func(k *kit) {
		ctx := k.t.Context()
		for from, there := range zones {
			for to, here := range zones {
				k.run(from+" to "+to, func(k *kit) {
					k.clock.Zone(there)
					a := k.account()
					in := k.signIn(a)
					reset := k.resetSecret(a)
					undo := k.change(a, addressOf(newName()))
					pending := k.signUp(newName())
					k.letters()
					k.must(k.Operators.SendReset(ctx, a.Username))
					begin := k.clock.Now()
					k.clock.Zone(here)
					got := k.get(a)
					if got.CreatedAt.Location() != time.UTC || !got.CreatedAt.Equal(a.CreatedAt) || !got.CreatedAt.Equal(in.Session.CreatedAt) {
						k.t.Errorf("created at %v, before at %v, session at %v; want the same time in UTC", got.CreatedAt, a.CreatedAt, in.Session.CreatedAt)
					}
					session, err := k.Sessions.Look(ctx, in.Token)
					k.must(err)
					if !session.ExpiresAt.Equal(in.Session.ExpiresAt) || session.ExpiresAt.Location() != time.UTC {
						k.t.Errorf("session until %v, want %v", session.ExpiresAt, in.Session.ExpiresAt)
					}
					_, err = k.Recovery.Look(ctx, reset)
					k.is(err, models.ErrTokenSpent) // the change of address ended the link
					link := k.letter(models.MailPasswordReset, got.Email)
					if !link.At.Equal(begin) || link.At.Location() != time.UTC || !link.Facts.Until.Equal(begin.Add(time.Hour)) {
						k.t.Errorf("the mail is of %v and valid until %s, want UTC and an hour of life", link.At, link.Facts.Until)
					}
					k.clock.Advance(time.Hour - time.Millisecond)
					_, err = k.Recovery.Look(ctx, link.Secret)
					k.must(err)
					k.clock.Advance(time.Millisecond)
					_, err = k.Recovery.Look(ctx, link.Secret)
					k.is(err, models.ErrTokenSpent)
					k.must(k.Sweep(ctx))
					k.clock.Advance(71*time.Hour - time.Millisecond)
					_, err = k.Emails.LookUndo(ctx, undo)
					k.must(err)
					k.is(k.Accounts.Delete(ctx, a.ID, goodPassword, home), models.ErrDeletionWaits)
					k.clock.Advance(time.Millisecond)
					_, err = k.Emails.LookUndo(ctx, undo)
					k.is(err, models.ErrTokenSpent)
					_, err = k.Sessions.Look(ctx, in.Token)
					k.must(err)
					_, err = k.Emails.Pending(ctx, pending)
					k.must(err)
					k.clock.Advance(96 * time.Hour)
					_, err = k.Emails.Pending(ctx, pending)
					k.is(err, models.ErrTokenSpent)
					k.must(k.Accounts.Delete(ctx, a.ID, goodPassword, home))
				})
			}
		}
	})
}

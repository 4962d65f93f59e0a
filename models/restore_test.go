package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// setBack sets the counter of the database back, as restoring a backup does.
func (k *kit) setBack() { k.exec("UPDATE restores SET counter = 1") }

// The service regards a database as restored only if its counter is behind the copy of its
// own mark, or if it has no mark although a copy exists.
func TestRestoredDatabaseIsNoticed(t *testing.T) {
	each(t, func(k *kit) {
		raise := func(known models.DatabaseMark, want bool) models.DatabaseMark {
			k.t.Helper()
			mark, restored, err := k.Restores.Raise(k.t.Context(), known)
			k.must(err)
			if restored != want || mark.Name == "" || (mark.Name == known.Name && mark.Counter <= known.Counter) {
				k.t.Errorf("raised %+v to %+v, restored %v, want a higher counter and restored %v", known, mark, restored, want)
			}
			return mark
		}
		mark := raise(models.DatabaseMark{}, false)
		for range 3 {
			mark = raise(mark, false)
		}
		raise(models.DatabaseMark{Name: mark.Name, Counter: 1}, false) // a copy of another process
		raise(models.DatabaseMark{Name: "other", Counter: 1 << 40}, false)
		peer := raise(mark, false)
		k.setBack()
		mark = raise(mark, true)
		raise(mark, false)
		raise(peer, false) // another process notices nothing a second time
		k.exec("DELETE FROM restores")
		raise(mark, true) // a backup from before the table existed
	})
}

// After a restore, sessions, mailed links, invites and access keys from before it no longer
// work, but a sign-up can still be confirmed. A second run does not end what was made after
// the restore.
func TestRestoredDatabaseEndsWhatLivesAgain(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, agents := k.server(owner), k.agent(owner)
		person, waiting := k.account(), newName()
		k.link(m, person)
		k.link(agents, person)
		k.signUp(waiting)
		confirm := k.letter(models.MailConfirm, addressOf(waiting)).Secret
		in := k.signIn(person)
		reset := k.resetSecret(k.get(person))
		k.must(k.Operators.SendReset(ctx, owner.Username)) // owed, not sent
		invited := k.account()
		invite := k.invite(owner, invited.Username, m)
		before := map[string]string{}
		for _, row := range k.query("SELECT id, access_key FROM links") {
			before[row.text(0)] = row.text(1)
		}
		k.clock.Advance(time.Minute)

		if done, err := k.Restores.Finish(ctx); err != nil || done {
			k.t.Fatalf("done %v, error %v, want nothing to do", done, err)
		}
		k.must(k.Restores.Declare(ctx))
		if done, err := k.Restores.Finish(ctx); err != nil || !done {
			k.t.Fatalf("done %v, error %v, want it done", done, err)
		}
		_, err := k.Sessions.Look(ctx, in.Token)
		k.is(err, models.ErrNoSession)
		k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
		k.is(k.Invites.Accept(ctx, invited.ID, invite.ID, home), models.ErrNotFound)
		for _, letter := range k.letters() {
			if letter.Kind == models.MailPasswordReset {
				k.t.Errorf("the mail %+v was sent, want no mail with a link that works once", letter)
			}
		}
		for _, row := range k.query("SELECT id, access_key FROM links") {
			if before[row.text(0)] == row.text(1) {
				k.t.Errorf("link %s has the access key that it had, want another one", row.text(0))
			}
		}
		changes, err := k.Changes.List(ctx, agents.Server, 0, 100)
		k.must(err)
		kinds := map[models.ChangeKind]bool{}
		for _, change := range changes {
			kinds[change.Kind] = true
		}
		if !kinds[models.ChangeDevicesEnded] || !kinds[models.ChangeLink] {
			k.t.Errorf("the agent's feed has %v, want that devices ended and a link changed", kinds)
		}
		if got := k.events(person)[models.EventRestored]; got != 1 {
			k.t.Errorf("%d events of the restore, want 1", got)
		}
		k.must(k.Emails.Confirm(ctx, confirm, home)) // the sign-up waits again, so its link must work

		again := k.signIn(person)
		if done, err := k.Restores.Finish(ctx); err != nil || done {
			k.t.Errorf("done %v, error %v, want nothing left to do", done, err)
		}
		_, err = k.Sessions.Look(ctx, again.Token)
		k.must(err)
		if got := k.Restores.Last(); !got.Equal(k.clock.Now()) {
			k.t.Errorf("restored last at %v, want %v", got, k.clock.Now())
		}
	})
}

// If the process crashes during [models.Restores.Finish], the next call continues. New
// sessions stay, and the access keys of each account are replaced only once.
func TestRestoreGoesOnAfterACrash(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		people := make([]models.Account, 25) // more than one transaction takes
		for i := range people {
			people[i] = k.linked(m)
		}
		old := k.signIn(people[0])
		k.clock.Advance(time.Minute)
		k.must(k.Restores.Declare(ctx))
		k.must(models.FinishOneStep(ctx, k.Store))
		k.clock.Advance(time.Minute)
		late := k.signIn(people[1])
		if done, err := k.Restores.Finish(ctx); err != nil || !done {
			k.t.Fatalf("done %v, error %v, want it done", done, err)
		}
		_, err := k.Sessions.Look(ctx, old.Token)
		k.is(err, models.ErrNoSession)
		_, err = k.Sessions.Look(ctx, late.Token)
		k.must(err)
		for _, person := range people {
			if got := k.events(person)[models.EventRestored]; got != 1 {
				k.t.Errorf("%s has %d events of the restore, want 1", person.Username, got)
			}
		}
	})
}

package models_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// operator makes an account that is an operator.
func (k *kit) operator() models.Account {
	k.t.Helper()
	a := k.account()
	k.must(k.Operators.SetOperator(k.t.Context(), a.Username, true))
	return k.get(a)
}

// acts returns what operators did, of the newest 100 acts, with the given ask.
func (k *kit) acts(ask models.ActsAsk) []models.Act {
	k.t.Helper()
	ask.Most = 100
	found, err := k.Console.Acts(k.t.Context(), ask)
	k.must(err)
	return found
}

// Every act on an account is recorded with the operator who did it, and in the history of the account, which names no
// operator.
func TestActsOfOperatorsAreRecorded(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, a := k.t.Context(), k.operator(), k.account()
		name := newName()
		k.signUp(name)
		pending, err := k.OperatedAccounts.List(ctx, models.AccountsAsk{Prefix: name, State: models.AccountsUnconfirmed, Most: 10})
		k.must(err)
		if len(pending) != 1 {
			k.t.Fatalf("found %+v, want the sign-up that waits", pending)
		}
		on := k.OperatedAccounts
		session := k.signIn(a)
		k.must(on.Confirm(ctx, op.ID, pending[0].ID))
		k.is(on.Confirm(ctx, op.ID, pending[0].ID), models.ErrTokenSpent)
		k.must(on.SendReset(ctx, op.ID, a.ID))
		k.must(on.EndSessions(ctx, op.ID, a.ID))
		if _, err := k.Sessions.Look(ctx, session.Token); !errors.Is(err, models.ErrNoSession) {
			k.t.Errorf("the session of the account is refused with %v, want ErrNoSession", err)
		}
		k.must(on.Unlock(ctx, op.ID, a.ID))
		k.must(on.SetOperator(ctx, op.ID, a.ID, true))
		k.must(on.SetOperator(ctx, op.ID, a.ID, false))
		k.must(on.Disable(ctx, op.ID, a.ID))
		k.is(on.SetOperator(ctx, op.ID, a.ID, true), models.ErrAccountNotActive)
		k.must(on.Enable(ctx, op.ID, a.ID))
		want := []models.ActKind{
			models.ActAccountEnabled, models.ActAccountDisabled, models.ActOperatorOff, models.ActOperatorOn, models.ActAccountUnlocked,
			models.ActSessionsEnded, models.ActResetSent,
		}
		var got []models.ActKind
		for _, act := range k.acts(models.ActsAsk{AccountID: a.ID}) {
			got = append(got, act.Kind)
			if act.Actor != op.Username || act.Account != a.Username {
				k.t.Errorf("the act %+v does not name %s and %s", act, op.Username, a.Username)
			}
		}
		if !slices.Equal(got, want) {
			k.t.Errorf("acts %v, want %v", got, want)
		}
		events := k.events(a)
		for _, kind := range []models.EventKind{
			models.EventOperatorReset, models.EventOperatorSignedOut, models.EventOperatorUnlocked, models.EventOperatorOn, models.EventOperatorOff,
			models.EventDisabled, models.EventEnabled,
		} {
			if events[kind] != 1 {
				k.t.Errorf("%d events %s in the history, want 1", events[kind], kind)
			}
		}
		all := k.acts(models.ActsAsk{})
		older := k.acts(models.ActsAsk{Before: all[2].ID})
		if len(older) != len(all)-3 || older[0].ID != all[3].ID {
			k.t.Errorf("%d acts before the third, want %d", len(older), len(all)-3)
		}

		// The row of an act stays after the account was deleted, and no longer names the person.
		k.must(on.Delete(ctx, op.ID, a.ID))
		gone := k.acts(models.ActsAsk{})[0]
		if gone.Kind != models.ActAccountDeleted || gone.AccountID != models.GoneAccount || gone.Account != "" || gone.Actor != op.Username {
			k.t.Errorf("the act is %+v, want a deletion by %s of an account that is gone", gone, op.Username)
		}
		if left := k.acts(models.ActsAsk{AccountID: a.ID}); len(left) != 0 {
			k.t.Errorf("acts %+v are kept with the id of an account that is gone", left)
		}
		k.must(k.Operators.Delete(ctx, op.Username))
		if by := k.acts(models.ActsAsk{})[1]; by.ActorID != models.GoneAccount || by.Actor != "" {
			k.t.Errorf("the act is %+v, want one by an operator who is gone", by)
		}
	})
}

// An operator cannot shut themselves out. Somebody who is not an operator any longer can do
// nothing.
func TestOperatorsCannotShutThemselvesOut(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a, other := k.t.Context(), k.operator(), k.account()
		on := k.OperatedAccounts
		k.is(on.Disable(ctx, a.ID, a.ID), models.ErrOperatorSelf)
		k.is(on.Delete(ctx, a.ID, a.ID), models.ErrOperatorSelf)
		k.is(on.SetOperator(ctx, a.ID, a.ID, false), models.ErrLastOperator)
		b := k.operator()
		k.must(on.Disable(ctx, a.ID, b.ID))
		k.is(on.SetOperator(ctx, a.ID, a.ID, false), models.ErrLastOperator) // a disabled operator does not count
		k.must(on.Enable(ctx, a.ID, b.ID))

		// Two operators who stop at the same time, or stop each other, leave one behind.
		var both sync.WaitGroup
		both.Go(func() { _ = on.SetOperator(ctx, a.ID, b.ID, false) })
		both.Go(func() { _ = on.SetOperator(ctx, b.ID, a.ID, false) })
		both.Wait()
		if k.get(a).Operator == k.get(b).Operator {
			k.t.Errorf("operators: %t and %t, want exactly one", k.get(a).Operator, k.get(b).Operator)
		}
		former := a
		if k.get(a).Operator {
			former = b
		}
		for name, err := range map[string]error{
			"disable": on.Disable(ctx, former.ID, other.ID), "delete": on.Delete(ctx, former.ID, other.ID), "unlock": on.Unlock(ctx, former.ID, other.ID),
			"lift": k.Console.LiftThrottles(ctx, former.ID, other.Username), "mail": k.OperatedMails.Drop(ctx, former.ID, 1),
			"server": k.OperatedServers.Remove(ctx, former.ID, 1),
		} {
			if !errors.Is(err, models.ErrOperatorsOnly) {
				k.t.Errorf("%s: %v, want ErrOperatorsOnly", name, err)
			}
		}
	})
}

// A mail is shown without its secret, and looking at it mints none.
func TestOperatorsLookAtMails(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, a := k.t.Context(), k.operator(), k.account()
		k.letters()
		k.must(k.OperatedAccounts.SendReset(ctx, op.ID, a.ID))
		list, err := k.OperatedMails.List(ctx, models.MailsAsk{State: models.MailsWaiting, Most: 10})
		k.must(err)
		if len(list) != 1 || list[0].Kind != models.MailPasswordReset {
			k.t.Fatalf("the queue has %+v, want one reset", list)
		}
		queued, letter, err := k.OperatedMails.Look(ctx, list[0].ID)
		k.must(err)
		if queued.ID != list[0].ID || letter.To != a.Email || letter.Secret != models.MailSecretLeftOut {
			k.t.Errorf("got %+v and %+v, want the mail to %s without its secret", queued, letter, a.Email)
		}
		if dead, err := k.OperatedMails.List(ctx, models.MailsAsk{State: models.MailsDead, Most: 10}); err != nil || len(dead) != 0 {
			k.t.Errorf("%d dead mails, error %v; want none", len(dead), err)
		}
		k.must(k.OperatedMails.Retry(ctx, op.ID, list[0].ID))
		k.must(k.Recovery.ResetPassword(ctx, k.letter(models.MailPasswordReset, a.Email).Secret, otherPassword, home))
		_, _, err = k.OperatedMails.Look(ctx, list[0].ID)
		k.is(err, models.ErrNotFound)

		k.must(k.OperatedAccounts.SendReset(ctx, op.ID, a.ID))
		list, err = k.OperatedMails.List(ctx, models.MailsAsk{Most: 10})
		k.must(err)
		for _, one := range list {
			k.must(k.OperatedMails.Drop(ctx, op.ID, one.ID))
		}
		k.is(k.OperatedMails.Drop(ctx, op.ID, list[0].ID), models.ErrNotFound)
		if left := k.letters(); len(left) != 0 {
			k.t.Errorf("the mails %+v are sent, want none", left)
		}
		if last := k.acts(models.ActsAsk{})[0]; last.Kind != models.ActMailDropped || last.Actor != op.Username {
			k.t.Errorf("the last act is %+v, want a mail that was dropped", last)
		}
	})
}

// Operators see which counters refuse a person, an address or a name, and lift them.
func TestOperatorsLiftThrottles(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, a := k.t.Context(), k.operator(), k.account()
		fail := func(name string) error {
			var err error
			for range 150 {
				if _, err = k.trySignIn(name, "not the password"); models.KindOf(err) == models.KindThrottled {
					break
				}
			}
			return err
		}
		what := func(subject string) []models.Throttled {
			k.t.Helper()
			found, err := k.Console.Throttles(ctx, subject)
			k.must(err)
			return found
		}
		if found := what(a.Email); len(found) != 0 {
			k.t.Errorf("the counters %+v refuse, want none", found)
		}
		nobody := newName()
		for _, subject := range []string{a.Username, nobody} {
			k.is(fail(subject), models.ErrThrottled)
			found := what(subject)
			if len(found) == 0 || found[0].What != "sign_in" || !found[0].Until.After(k.clock.Now()) {
				k.t.Errorf("%s: the counters %+v refuse, want the one of sign-ins", subject, found)
			}
		}
		if of, err := k.OperatedAccounts.Throttles(ctx, a.ID); err != nil || len(of) == 0 {
			k.t.Errorf("the counters %+v of the account refuse, error %v; want the one of sign-ins", of, err)
		}
		over, err := k.Console.Overview(ctx)
		k.must(err)
		if over.Throttles < 2 {
			k.t.Errorf("the overview counts %d counters that refuse, want at least 2", over.Throttles)
		}
		k.must(k.Console.LiftThrottles(ctx, op.ID, nobody))
		k.must(k.OperatedAccounts.Unlock(ctx, op.ID, a.ID))
		k.must(k.Console.LiftThrottles(ctx, op.ID, home.Address))
		for _, subject := range []string{a.Username, nobody, home.Address} {
			if found := what(subject); len(found) != 0 {
				k.t.Errorf("%s: the counters %+v refuse, want none", subject, found)
			}
		}
		_, err = k.trySignIn(a.Username, goodPassword)
		k.must(err)
	})
}

// Nobody lifts the counter of passwords that are typed again in a session: whoever finds an operator's browser open could
// guess the operator's password without an end.
func TestOperatorsDoNotLiftTheirOwnGuesses(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op := k.t.Context(), k.operator()
		open := k.signIn(op).Session
		guess := func(password string) error {
			_, err := k.Sessions.ConfirmPassword(ctx, open, password, home)
			return err
		}
		var err error
		for range 150 {
			if err = guess("not the password"); models.KindOf(err) == models.KindThrottled {
				break
			}
		}
		k.is(err, models.ErrThrottled)
		k.must(k.Console.LiftThrottles(ctx, op.ID, op.Username))
		k.must(k.Console.LiftThrottles(ctx, op.ID, home.Address))
		k.must(k.OperatedAccounts.Unlock(ctx, op.ID, op.ID))
		k.is(guess(goodPassword), models.ErrThrottled)
	})
}

// The overview counts what there is, and what happened on each of the last days.
func TestOverviewCounts(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op := k.t.Context(), k.operator()
		before, err := k.Console.Overview(ctx)
		k.must(err)
		a, b := k.account(), k.account()
		m := k.server(a)
		k.signIn(b)
		k.signUp(newName())
		k.must(k.OperatedAccounts.Disable(ctx, op.ID, b.ID))
		k.must(k.OperatedServers.Disable(ctx, op.ID, m.ID))
		k.must(k.OperatedAccounts.SendReset(ctx, op.ID, a.ID))
		after, err := k.Console.Overview(ctx)
		k.must(err)
		if len(after.Days) != 30 {
			k.t.Fatalf("%d days, want 30", len(after.Days))
		}
		for name, grown := range map[string][2]int{
			"accounts": {after.Accounts - before.Accounts, 3}, "unconfirmed": {after.AccountsUnconfirmed - before.AccountsUnconfirmed, 1},
			"disabled": {after.AccountsDisabled - before.AccountsDisabled, 1}, "operators": {after.Operators, 1},
			"servers": {after.Servers - before.Servers, 1}, "disabled servers": {after.ServersDisabled - before.ServersDisabled, 1},
			"sign-ups": {after.Days[29].SignUps - before.Days[29].SignUps, 3},
		} {
			if grown[0] != grown[1] {
				k.t.Errorf("%s: %d, want %d", name, grown[0], grown[1])
			}
		}
		if after.Days[29].SignIns <= before.Days[29].SignIns || after.Days[29].Mails <= before.Days[29].Mails || after.MailsWaiting == 0 {
			k.t.Errorf("today is %+v after %+v, and %d mails wait; want more sign-ins, more mails and some that wait", after.Days[29], before.Days[29], after.MailsWaiting)
		}
		k.clock.Advance(24 * 60 * 60 * 1e9)
		next, err := k.Console.Overview(ctx)
		k.must(err)
		if next.Days[28].SignUps != after.Days[29].SignUps || next.Days[28].Mails != after.Days[29].Mails || next.Days[29].SignUps != 0 {
			k.t.Errorf("a day later the days are %+v, want yesterday as it was: %+v", next.Days[28:], after.Days[29])
		}
	})
}

// Searching accounts by a beginning reads no whole table, on both engines.
func TestOperatorsSearchByIndexes(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op := k.t.Context(), k.operator()
		k.crowd(2500)
		said := k.listen()
		search := func(state string) func() error {
			return func() error {
				found, err := k.OperatedAccounts.List(ctx, models.AccountsAsk{Prefix: "filler249", State: state, Most: 20})
				if err == nil && len(found) == 0 {
					err = errors.New("found nobody")
				}
				return err
			}
		}
		acts := func() error {
			_, err := k.Console.Acts(ctx, models.ActsAsk{AccountID: op.ID, Most: 20})
			return err
		}
		for name, one := range map[string]struct {
			do    func() error
			index string
		}{
			"by name": {search(""), "accounts_username_key"}, "by address": {search(models.AccountsActive), "accounts_email_key"},
			"acts": {acts, "operator_acts"},
		} {
			k.must(one.do())
			k.checkPlans(name, said.take(), one.index)
		}
	})
}

// Looking at a mail writes nothing, and does not show what a person wrote to another one.
func TestLookingAtMailsWritesNothing(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, a := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		k.letters()
		_, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: "gina@example.net", Type: models.LinkGuest, Note: "between us", Servers: []models.InviteServer{{ServerID: m.ID}},
		}, home)
		k.must(err)
		k.must(k.Recovery.Request(ctx, a.Username, home, true))
		looked := map[models.MailKind]models.Letter{}
		list, err := k.OperatedMails.List(ctx, models.MailsAsk{Most: 10})
		k.must(err)
		for _, one := range list {
			_, letter, err := k.OperatedMails.Look(ctx, one.ID)
			k.must(err)
			looked[letter.Kind] = letter
		}
		if got := looked[models.MailInvite].Facts.Note; got != models.MailSecretLeftOut {
			k.t.Errorf("the note of the invite is shown as %q, want it left out", got)
		}
		if got := looked[models.MailPasswordReset].To; got != a.Email {
			k.t.Errorf("the reset goes to %q, want %s", got, a.Email)
		}
		again, err := k.OperatedMails.List(ctx, models.MailsAsk{Most: 10})
		k.must(err)
		if !slices.Equal(list, again) {
			k.t.Errorf("the queue was %+v and is %+v after looking, want it unchanged", list, again)
		}
	})
}

// The last operator cannot delete their own account either, and of two who do it at once one stays.
func TestLastOperatorCannotDeleteThemselves(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a, b := k.t.Context(), k.operator(), k.operator()
		errs := make(chan error, 2)
		for _, one := range []models.Account{a, b} {
			go func() { errs <- k.Accounts.Delete(ctx, one.ID, goodPassword, home) }()
		}
		gone, refused := <-errs, <-errs
		if gone != nil {
			gone, refused = refused, gone
		}
		k.must(gone)
		k.is(refused, models.ErrLastOperator)
		left := a
		if _, err := k.Accounts.Get(ctx, a.ID); models.KindOf(err) == models.KindNotFound {
			left = b
		}
		k.must(k.Operators.SetOperator(ctx, left.Username, false)) // the command line can
		k.must(k.Accounts.Delete(ctx, left.ID, goodPassword, home))
	})
}

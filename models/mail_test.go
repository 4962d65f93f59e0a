package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/latchkey-media/latchkey/models"
)

// claim leases all due mails to a worker.
func (k *kit) claim(worker string) []models.Owed {
	k.t.Helper()
	owed, err := k.Mail.Claim(k.t.Context(), worker, 100)
	k.must(err)
	return owed
}

// claimOne leases the only due mail to a worker.
func (k *kit) claimOne(worker string) models.Owed {
	k.t.Helper()
	owed := k.claim(worker)
	if len(owed) != 1 {
		k.t.Fatalf("%d mails are due, want 1", len(owed))
	}
	return owed[0]
}

// prepared returns the [models.Letter] of a mail, and fails the test if the mail is not to
// be sent.
func (k *kit) prepared(o models.Owed) models.Letter {
	k.t.Helper()
	letter, send, err := k.Mail.Prepare(k.t.Context(), o)
	k.must(err)
	if !send {
		k.t.Fatalf("the mail %s was dropped, want it sent", o.Kind)
	}
	return letter
}

// dropped checks that a mail is not sent, and is deleted.
func (k *kit) dropped(o models.Owed) {
	k.t.Helper()
	letter, send, err := k.Mail.Prepare(k.t.Context(), o)
	k.must(err)
	if send || letter.Secret != "" || letter.To != "" {
		k.t.Errorf("got the letter %+v, want none", letter)
	}
	for _, m := range k.queue() {
		if m.ID == o.ID {
			k.t.Errorf("the mail %s is still in the queue, want it gone", o.Kind)
		}
	}
}

// putOff stores that a mail could not be sent.
func (k *kit) putOff(owed models.Owed, cause string, permanent bool) {
	k.t.Helper()
	_, err := k.Mail.Failed(k.t.Context(), owed, cause, permanent)
	k.must(err)
}

// lease returns the only lease of a mail.
func (k *kit) lease() models.Lease {
	k.t.Helper()
	leases, err := k.Mail.Leases(k.t.Context())
	k.must(err)
	if len(leases) != 1 {
		k.t.Fatalf("%d mails are leased, want 1", len(leases))
	}
	return leases[0]
}

func (k *kit) queue() []models.QueuedMail {
	k.t.Helper()
	mails, err := k.Mail.List(k.t.Context(), 1000)
	k.must(err)
	return mails
}

func TestMailIsSentOnceAndTriedAgain(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("is the same at every retry by any worker", func(k *kit) {
			name := newName()
			k.signUp(name)
			owedAt := k.clock.Now()
			var letters []models.Letter
			for i := range 5 {
				one := k.claimOne(fmt.Sprint("worker ", i))
				if one.Attempts != i+1 {
					k.t.Errorf("attempt %d, want %d", one.Attempts, i+1)
				}
				letters = append(letters, k.prepared(one))
				k.putOff(one, "421 later", false)
				k.clock.Advance(2 * time.Hour)
			}
			for _, l := range letters {
				if l.ID != letters[0].ID || l.Secret != letters[0].Secret || l.Secret == "" || !l.At.Equal(owedAt) || l.To != addressOf(name) {
					k.t.Errorf("letter %+v, want %+v", l, letters[0])
				}
			}
			k.must(k.Emails.Confirm(ctx, letters[0].Secret, home)) // a link that arrived works
			if owed := k.claim("worker"); len(owed) != 0 {
				k.t.Errorf("got the mails %+v, want the mail to be sent again", owed)
			}
		})
		k.run("secrets differ from mail to mail", func(k *kit) {
			secrets := map[string]bool{}
			a := k.account()
			for range 5 {
				secrets[k.resetSecret(a)] = true
			}
			for range 5 {
				k.signUp(newName())
			}
			for _, l := range k.letters() {
				secrets[l.Secret] = true
			}
			if len(secrets) != 10 {
				k.t.Errorf("10 mails have %d different secrets, want 10", len(secrets))
			}
		})
		k.run("is replaced by a newer one", func(k *kit) {
			a := k.account()
			k.must(k.Recovery.Request(ctx, a.Username, home, false))
			first := k.claimOne("one")
			old := k.prepared(first)
			k.putOff(first, "421", false)
			k.clock.Advance(2 * time.Minute)
			k.must(k.Recovery.Request(ctx, a.Email, home, false))
			owed := k.claim("two")
			if len(owed) != 2 || owed[1].ID != first.ID {
				k.t.Fatalf("got the due mails %+v, want two, the one that was tried before behind the other", owed)
			}
			link := k.prepared(owed[0]).Secret
			k.dropped(owed[1])
			k.is(k.Recovery.ResetPassword(ctx, old.Secret, otherPassword, home), models.ErrTokenSpent)
			k.must(k.Recovery.ResetPassword(ctx, link, otherPassword, home))
			k.letters()
		})
		k.run("is dropped when its secret has expired", func(k *kit) {
			a := k.account()
			k.must(k.Recovery.Request(ctx, a.Username, home, false))
			k.clock.Advance(time.Hour)
			k.dropped(k.claimOne("worker"))
			k.must(k.PINs.Set(ctx, a.ID, "", "8305", home)) // a notice has no secret: it is late and still sent
			k.clock.Advance(25 * time.Hour)
			k.letter(models.MailPINChanged, a.Email)
			k.must(k.Operators.SendReset(ctx, a.Username)) // a dead mail with a link is not sent again
			dead := k.claimOne("worker")
			k.putOff(dead, "550", true)
			k.clock.Advance(time.Hour)
			k.is(k.Mail.Retry(ctx, dead.ID), models.ErrTokenSpent)
			k.must(k.Mail.Drop(ctx, dead.ID))
		})
		k.run("is dropped when its link was used", func(k *kit) {
			a := k.account()
			k.must(k.Recovery.Request(ctx, a.Username, home, false))
			one := k.claimOne("worker")
			link := k.prepared(one).Secret
			k.must(k.Recovery.ResetPassword(ctx, link, otherPassword, home)) // the mail arrived, but the mail server's answer did not
			k.putOff(one, "timeout", false)
			k.dropped(one)
			k.letters()
			a = k.account()
			k.must(k.Emails.RequestChange(ctx, a.ID, addressOf(newName()), goodPassword, home))
			var change models.Owed
			for _, o := range k.claim("worker") {
				if o.Kind == models.MailEmailConfirm {
					change = o
				} else {
					k.must(k.Mail.Sent(ctx, o.ID))
				}
			}
			k.must(k.confirmChange(k.prepared(change).Secret))
			k.dropped(change)
			k.letters()
		})
		k.run("is dropped when no account has the name", func(k *kit) {
			k.must(k.Recovery.Request(ctx, "nobody", home, false))
			k.dropped(k.claimOne("worker"))
		})
		k.run("is prepared by its worker only", func(k *kit) {
			k.signUp(newName())
			mine := k.claimOne("one")
			if owed := k.claim("two"); len(owed) != 0 {
				k.t.Errorf("two workers got the mails %+v, want each at one worker", owed)
			}
			leases, err := k.Mail.Leases(ctx)
			k.must(err)
			k.clock.Advance(models.MailLease / 3)
			if held, err := k.Mail.Renew(ctx, "one", []int64{mine.ID, 1}); err != nil || !slices.Equal(held, []int64{mine.ID}) {
				k.t.Errorf("renewed %v, error %v; want the mail", held, err)
			}
			if len(leases) != 1 || leases[0].Mail != mine.ID || leases[0].Owner != "one" || !leases[0].Until.Before(k.lease().Until) {
				k.t.Fatalf("leases %+v, then %+v; want the one of the first worker, and then a later end", leases, k.lease())
			}
			k.must(k.Mail.EndLease(ctx, leases[0])) // too late: it was renewed
			k.clock.Advance(time.Hour)
			if owed := k.claim("two"); len(owed) != 0 {
				k.t.Error("another worker took a mail whose lease nobody has ended, want it to wait")
			}
			k.must(k.Mail.EndLease(ctx, k.lease()))
			theirs := k.claimOne("two") // the first worker is dead or slow
			if _, send, err := k.Mail.Prepare(ctx, mine); err != nil || send {
				k.t.Errorf("both workers may send the mail, want one; error %v", err)
			}
			k.putOff(mine, "slow", true) // the outcome of the first worker no longer counts
			if mails := k.queue(); len(mails) != 1 || mails[0].Dead || mails[0].Attempts != 2 {
				k.t.Errorf("got the queue %+v, want one mail, not dead, with two attempts", mails)
			}
			k.prepared(theirs)
			k.must(k.Mail.Release(ctx, "one"))
			if owed := k.claim("three"); len(owed) != 0 {
				k.t.Errorf("the release of another worker freed the mails %+v, want none", owed)
			}
			k.must(k.Mail.Release(ctx, "two"))
			third := k.claimOne("three")
			if third.Attempts != 3 {
				k.t.Errorf("attempt %d, want 3", third.Attempts)
			}
			k.must(k.Mail.Sent(ctx, third.ID))
		})
		k.run("waits longer after each failure, and for a day", func(k *kit) {
			k.signUp(newName())
			begin := k.clock.Now()
			wait := 30 * time.Second
			for n := 1; ; n++ {
				one := k.claimOne("worker")
				k.putOff(one, "421 later", false)
				mail := k.queue()[0]
				if mail.Dead {
					if age := k.clock.Now().Sub(begin); age < 22*time.Hour || age > 24*time.Hour || mail.LastError != "421 later" {
						k.t.Errorf("after %v: got the mail %+v, want the other state", age, mail)
					}
					k.must(k.Mail.Drop(ctx, mail.ID))
					break
				}
				got := mail.DueAt.Sub(k.clock.Now())
				if got < wait*4/5-time.Second || got > wait*6/5+time.Second {
					k.t.Errorf("after failure %d the wait is %v, want %v give or take a fifth", n, got, wait)
				}
				if n > 40 {
					k.t.Fatal("the mail is still tried after many rounds, want it given up")
				}
				k.clock.Advance(got - time.Millisecond)
				if owed := k.claim("worker"); len(owed) != 0 {
					k.t.Error("the mail is due too early, want it to wait")
				}
				k.clock.Advance(time.Millisecond)
				wait = min(2*wait, time.Hour)
			}
		})
		k.run("is kept with the cause when it can never arrive", func(k *kit) {
			name := newName()
			k.signUp(name)
			cause := "550 na\xefve \x00 " + strings.Repeat("ü", 600) // servers answer in any bytes
			k.putOff(k.claimOne("worker"), cause, true)
			mail := k.queue()[0]
			if !mail.Dead || !strings.HasPrefix(mail.LastError, "550 na\ufffdve") || utf8.RuneCountInString(mail.LastError) != 500 {
				k.t.Errorf("got the mail %+v, want a dead one with a cause of 500 valid characters", mail)
			}
			k.clock.Advance(48 * time.Hour)
			if owed := k.claim("worker"); len(owed) != 0 {
				k.t.Errorf("got the due mails %+v, want no dead ones", owed)
			}
			k.must(k.Mail.Retry(ctx, mail.ID))
			one := k.claimOne("worker")
			if letter := k.prepared(one); letter.To != addressOf(name) || one.Attempts != 1 {
				k.t.Errorf("got the letter %+v at attempt %d, want the retried one at attempt 1", letter, one.Attempts)
			}
			k.must(k.Mail.Drop(ctx, mail.ID))
			k.is(k.Mail.Drop(ctx, mail.ID), models.ErrNotFound)
			k.is(k.Mail.Retry(ctx, mail.ID), models.ErrNotFound)
			k.must(k.Mail.Sent(ctx, mail.ID))
		})
		k.run("has the language and names of the time it is sent", func(k *kit) {
			a := k.account()
			k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
			k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: a.Username, DisplayName: "Ada", Locale: "de"}, home))
			if l := k.letter(models.MailPINChanged, a.Email); l.Locale != "de" || l.Facts.DisplayName != "Ada" {
				k.t.Errorf("got the letter %+v, want the name and language of now", l)
			}
		})
	})
}

// at most ten mails a day that strangers start reach an address. Notices to its
// owner and one reset an hour are always sent, and a mail that is not sent does not
// make the link of an earlier one invalid.
func TestMailsADayAreLimited(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		victim := k.account() // one mail
		other := k.account()
		stranger := func(i int) {
			k.clock.Advance(time.Minute)
			switch i % 3 {
			case 0:
				_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: newName(), Email: strings.ToUpper(victim.Email), Password: goodPassword}, home)
				k.must(err)
			case 1:
				k.must(k.Recovery.Request(ctx, victim.Username, home, false))
			case 2:
				if err := k.Emails.RequestChange(ctx, other.ID, victim.Email, goodPassword, home); err != nil {
					k.is(err, models.ErrThrottled)
				}
			}
		}
		var got []models.MailKind
		for i := range 30 {
			stranger(i)
			got = append(got, kinds(k.letters(), victim.Email)...)
		}
		resets := len(slices.DeleteFunc(slices.Clone(got), func(m models.MailKind) bool { return m != models.MailPasswordReset }))
		// Nine of the ten mails of the day were left. Above this limit, each of three
		// groups may have one more mail in this hour.
		if len(got) != 9+3 || resets == 0 {
			k.t.Fatalf("the victim got %d mails, want 12 with a reset among them: %v", len(got), got)
		}
		k.clock.Advance(2 * time.Hour)
		link := k.resetSecret(victim)
		got = nil
		for i := range 6 {
			stranger(i)
			got = append(got, kinds(k.letters(), victim.Email)...)
		}
		if len(got) != 1 || got[0] == models.MailPasswordReset { // one for the sign-ups; the reset of this hour was sent already
			k.t.Errorf("got the mails %v, want one above the limit, and no reset", got)
		}
		// The link that the owner got is still valid after the refused requests.
		k.must(k.Recovery.ResetPassword(ctx, link, otherPassword, home))
		k.letter(models.MailPasswordChanged, victim.Email)
		k.clock.Advance(24 * time.Hour)
		k.must(k.Recovery.Request(ctx, victim.Username, home, false))
		k.letter(models.MailPasswordReset, victim.Email)
	})
}

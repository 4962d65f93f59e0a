package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// addresses that differ by a tag after a plus are one mailbox.
func TestPlusAddressesAreOneMailbox(t *testing.T) {
	each(t, func(k *kit) {
		name := newName()
		signUp := func(tag string) {
			k.clock.Advance(time.Minute)
			_, err := k.Accounts.SignUp(k.t.Context(), models.SignUp{
				Username: newName(), Email: name + tag + "@example.org", Password: goodPassword,
			}, home)
			k.must(err)
		}
		for i := range 30 {
			signUp(fmt.Sprintf("+%d", i))
		}
		signUp("")
		got := 0
		for _, letter := range k.letters() {
			if strings.HasPrefix(letter.To, name) {
				got++
			}
		}
		if want := 10 + 1; got != want { // one more is sent every hour
			k.t.Errorf("%d mails to one mailbox in half an hour, want %d", got, want)
		}
		other := name + "x"
		k.signUp(other)
		k.letter(models.MailConfirm, addressOf(other))
	})
}

// An operator's password reset reaches the person even after strangers have used up the
// mails of the day and the additional reset of the hour.
func TestOperatorsResetAlwaysPasses(t *testing.T) {
	each(t, func(k *kit) {
		ctx, victim := k.t.Context(), k.account()
		for range 12 {
			k.clock.Advance(time.Minute)
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: newName(), Email: victim.Email, Password: goodPassword}, home)
			k.must(err)
		}
		k.must(k.Recovery.Request(ctx, victim.Username, home, false))
		k.letters()
		k.clock.Advance(2 * time.Minute)
		k.must(k.Recovery.Request(ctx, victim.Username, home, false))
		if got := kinds(k.letters(), victim.Email); len(got) != 0 {
			k.t.Fatalf("got the mails %v, want the day and the hour used up", got)
		}
		k.must(k.Operators.SendReset(ctx, victim.Username))
		letter := k.letter(models.MailPasswordReset, victim.Email)
		k.must(k.Recovery.ResetPassword(ctx, letter.Secret, otherPassword, home))
	})
}

// stranger returns a caller from a network in which no other caller of these tests is.
func stranger(n int) models.Caller {
	return models.Caller{Address: fmt.Sprintf("198.18.%d.1", n), Device: "Firefox on Windows"}
}

// floods are the ways in which strangers cause mails to the mailbox of name. Each function
// prepares something once, and returns the function that runs every hour.
var floods = map[string]func(k *kit, name string) func(hour int){
	"sign-ups from two networks": func(k *kit, name string) func(int) {
		return func(hour int) {
			k.signUpWith(name, stranger(1))
			k.signUpWith(fmt.Sprintf("%s+%d", name, hour), stranger(2))
		}
	},
	"changes of address of two accounts": func(k *kit, name string) func(int) {
		others := []models.Account{k.account(), k.account()}
		return func(int) {
			for i, other := range others {
				k.must(k.Emails.RequestChange(k.t.Context(), other.ID, addressOf(name), goodPassword, stranger(i)))
			}
		}
	},
	"invites of two owners": func(k *kit, name string) func(int) {
		owners := []models.Account{k.account(), k.account()}
		servers := []media{k.server(owners[0]), k.server(owners[1])}
		return func(int) {
			for i, owner := range owners {
				k.invite(owner, addressOf(name), servers[i])
			}
		}
	},
	"resets of a sign-up with a tag": func(k *kit, name string) func(int) {
		other := k.signUpWith(name+"+tag", stranger(3))
		return func(int) { k.must(k.Recovery.Request(k.t.Context(), other, stranger(3), false)) }
	},
}

// signUpWith signs up with a new username and the address of name, and returns the username.
func (k *kit) signUpWith(name string, caller models.Caller) string {
	k.t.Helper()
	username := newName()
	_, err := k.Accounts.SignUp(k.t.Context(), models.SignUp{Username: username, Email: addressOf(name), Password: goodPassword}, caller)
	k.must(err)
	return username
}

// strangers use up the mails of an address for the day, and go on every hour. One mail
// of each kind that the owner or somebody else really waits for still arrives every hour.
func TestMailsPassEveryHour(t *testing.T) {
	wanted := map[models.MailKind]func(k *kit, name string) (ask func(), is func(models.Letter) bool){
		models.MailConfirm: func(k *kit, name string) (func(), func(models.Letter) bool) {
			pending := k.signUp(name)
			return func() { k.must(k.Emails.Resend(k.t.Context(), pending, home)) },
				func(l models.Letter) bool { return l.Facts.Username == name }
		},
		models.MailEmailConfirm: func(k *kit, name string) (func(), func(models.Letter) bool) {
			a := k.account()
			return func() {
				k.must(k.Emails.RequestChange(k.t.Context(), a.ID, addressOf(name), goodPassword, home))
			}, func(l models.Letter) bool { return l.Facts.Username == a.Username }
		},
		models.MailInvite: func(k *kit, name string) (func(), func(models.Letter) bool) {
			owner := k.account()
			m := k.server(owner)
			return func() { k.invite(owner, addressOf(name), m) },
				func(l models.Letter) bool { return l.Facts.Person == owner.Username }
		},
		models.MailPasswordReset: func(k *kit, name string) (func(), func(models.Letter) bool) {
			k.signUp(name)
			k.must(k.Emails.Confirm(k.t.Context(), k.letter(models.MailConfirm, addressOf(name)).Secret, home))
			return func() { k.must(k.Recovery.Request(k.t.Context(), name, home, false)) },
				func(l models.Letter) bool { return l.Facts.Username == name }
		},
		models.MailAlreadyRegistered: func(k *kit, name string) (func(), func(models.Letter) bool) {
			k.signUp(name)
			k.must(k.Emails.Confirm(k.t.Context(), k.letter(models.MailConfirm, addressOf(name)).Secret, home))
			return func() { k.signUpWith(name, home) }, func(l models.Letter) bool { return l.To == addressOf(name) }
		},
	}
	eachServer(t, func(k *kit) {
		for kind, want := range wanted {
			k.run(string(kind), func(k *kit) {
				name := newName()
				ask, is := want(k, name)
				var every []func(int)
				for _, flood := range floods {
					every = append(every, flood(k, name))
				}
				for n := range 12 {
					k.signUpWith(name, stranger(100+n))
				}
				k.letters()
				for hour := range 23 {
					k.clock.Advance(time.Hour)
					for _, flood := range every {
						flood(hour)
					}
					strangers := k.toMailbox(name)
					ask()
					got := k.toMailbox(name)
					if len(got) != 1 || got[0].Kind != kind || !is(got[0]) {
						k.t.Errorf("hour %d: %d mails, want one of the kind %s", hour, len(got), kind)
					}
					if most := 2*3 + 1; len(strangers) > most {
						k.t.Errorf("hour %d: strangers caused %d mails, want %d at most", hour, len(strangers), most)
					}
				}
			})
		}
	}, func(o *models.Options) {
		o.Limits.ResendDay, o.Limits.EmailChangeDay = models.Limit{Hits: 1, Window: time.Minute}, models.Limit{Hits: 1, Window: time.Minute}
	})
}

// Only a few mails of strangers are sent every hour, no matter from how many networks they
// come.
func TestFewMailsOfStrangersPassEveryHour(t *testing.T) {
	each(t, func(k *kit) {
		name := newName()
		for n := range 12 {
			k.signUpWith(name, stranger(n))
		}
		if got, want := len(k.toMailbox(name)), 10+2; got != want {
			k.t.Errorf("%d mails at once, want %d", got, want)
		}
		for hour := range 3 {
			k.clock.Advance(time.Hour)
			for n := range 12 {
				k.signUpWith(name, stranger(n))
			}
			if got, want := len(k.toMailbox(name)), 3; got != want {
				k.t.Errorf("hour %d: %d mails, want %d", hour, got, want)
			}
		}
	})
}

// A mail that an operator started is always sent.
func TestOperatorsConfirmationAlwaysPasses(t *testing.T) {
	each(t, func(k *kit) {
		name := newName()
		for n := range 20 {
			k.signUpWith(name, stranger(n))
		}
		k.letters()
		_, err := k.Operators.Create(k.t.Context(), models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword})
		k.must(err)
		k.letter(models.MailConfirm, addressOf(name))
	})
}

// toMailbox sends all mails that are due and returns the mails to the address of name, with
// or without a tag.
func (k *kit) toMailbox(name string) []models.Letter {
	k.t.Helper()
	return slices.DeleteFunc(k.letters(), func(l models.Letter) bool {
		local, _, _ := strings.Cut(l.To, "@")
		local, _, _ = strings.Cut(local, "+")
		return local != name
	})
}

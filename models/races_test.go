package models_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models"
)

const many = 64

// F-15: exactly one of 64 parallel uses of one link succeeds, for each kind of link.
func TestFaultRacesForLinks(t *testing.T) {
	each(t, func(k *kit) {
		tried := 0
		for range faulttest.Either(1, 20) {
			tried += k.raceForLinks()
		}
		k.reportUnlessFailed("F-15", fmt.Sprintf("secrets of mailed links, each used %d times at once", many), tried)
	})
}

// raceForLinks uses one link of each kind many times at once, and returns the number of links.
func (k *kit) raceForLinks() (links int) {
	k.t.Helper()
	ctx := k.t.Context()
	spend := func(name string, use func(i int) error) {
		links++
		k.run(name, func(k *kit) { k.oneWinner(parallel(many, use), models.ErrTokenSpent) })
	}
	name := newName()
	k.signUp(name)
	link := k.letter(models.MailConfirm, addressOf(name)).Secret
	spend("confirm", func(int) error { return k.Emails.Confirm(ctx, link, home) })

	a := k.account()
	k.signIn(a)
	reset := k.resetSecret(a)
	passwords := make([]string, many)
	for i := range passwords {
		passwords[i] = fmt.Sprintf("the tigers number %d nap", i)
	}
	var winner atomic.Int64
	spend("reset", func(i int) error {
		err := k.Recovery.ResetPassword(ctx, reset, passwords[i], home)
		if err == nil {
			winner.Store(int64(i))
		}
		return err
	})
	_, err := k.trySignIn(a.Username, passwords[winner.Load()])
	k.must(err)
	if n := len(slices.DeleteFunc(k.letters(), func(l models.Letter) bool { return l.Kind != models.MailPasswordChanged })); n != 1 {
		k.t.Errorf("%d mails about the new password, want 1", n)
	}

	pin := k.pinResetSecret(a)
	spend("PIN reset", func(i int) error { return k.PINs.ResetByMail(ctx, pin, fmt.Sprintf("x%dk7w", 10+i), home) })

	b := k.account()
	change := k.askChange(b, addressOf(newName()))
	spend("email change", func(int) error { return k.confirmChange(change) })
	undo := k.letter(models.MailEmailChanged, b.Email).Secret
	spend("undo", func(int) error { _, err := k.Emails.Undo(ctx, undo, home); return err })
	if got := k.get(b).Email; got != b.Email {
		k.t.Errorf("got the address %s, want the unchanged one", got)
	}
	letter := k.letter(models.MailEmailUndone, b.Email).Secret
	spend("the reset after it", func(int) error { return k.Recovery.ResetPassword(ctx, letter, otherPassword, home) })

	c := k.account()
	notMe, _ := k.notMeSecret(c)
	spend("not me", func(int) error { return k.Sessions.NotMe(ctx, notMe, home) })
	return links
}

func TestRacesForNames(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("sign-ups of one username", func(k *kit) {
			name := newName()
			k.oneWinner(parallel(many, func(i int) error {
				_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: name, Email: fmt.Sprintf("%s-%d@example.org", name, i), Password: goodPassword}, home)
				return err
			}), models.ErrUsernameTaken)
			if letters := k.letters(); len(letters) != 1 {
				k.t.Errorf("%d mails, want 1: the losers left something", len(letters))
			}
		})
		k.run("profiles that want one username", func(k *kit) {
			name := newName()
			var accounts []models.Account
			for range 8 {
				accounts = append(accounts, k.account())
			}
			k.oneWinner(parallel(len(accounts), func(i int) error {
				return k.Accounts.SetProfile(ctx, accounts[i].ID, models.Profile{Username: name, Locale: "en"}, home)
			}), models.ErrUsernameTaken)
		})
		k.run("sign-ups that confirm one address", func(k *kit) {
			address := addressOf(newName())
			for range 10 { // an address gets at most this many mails a day
				_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: newName(), Email: address, Password: goodPassword}, home)
				k.must(err)
			}
			var links []string
			for _, l := range k.letters() {
				links = append(links, l.Secret)
			}
			if len(links) != 10 {
				k.t.Fatalf("got %d links, want 10", len(links))
			}
			k.oneWinner(parallel(len(links), func(i int) error { return k.Emails.Confirm(ctx, links[i], home) }), models.ErrEmailTaken)
		})
		k.run("a change and a sign-up for one address", func(k *kit) {
			for range 5 {
				a, name := k.account(), newName()
				change := k.askChange(a, addressOf(name))
				k.signUp(name)
				confirm := k.letter(models.MailConfirm, addressOf(name)).Secret
				k.oneWinner(parallel(2, func(i int) error {
					if i == 0 {
						return k.Emails.Confirm(ctx, confirm, home)
					}
					return k.confirmChange(change)
				}), models.ErrEmailTaken)
			}
		})
	})
}

// The conditional update alone decides who succeeds; no later check is needed.
func TestRacesToSpend(t *testing.T) {
	each(t, func(k *kit) {
		for range 5 {
			name := newName()
			k.signUp(name)
			link := k.letter(models.MailConfirm, addressOf(name)).Secret
			k.oneWinner(parallel(many, func(int) error { return models.SpendConfirm(k.t.Context(), k.Store, link) }), models.ErrTokenSpent)
		}
	})
}

// A worker that makes the secret of a link while the address changes may store that secret
// after the change has deleted all links. The mail still went to the old address, so the
// link must not work.
func TestLinksMintedTooLate(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		late := func(change func()) {
			k.exec("CREATE TABLE kept AS SELECT * FROM tokens")
			change()
			k.exec("INSERT INTO tokens SELECT * FROM kept WHERE hash NOT IN (SELECT hash FROM tokens)")
			k.exec("DROP TABLE kept")
		}
		name := newName()
		pending := k.signUp(name)
		confirm := k.letter(models.MailConfirm, addressOf(name)).Secret
		reset := k.resetSecret(k.byName(name))
		late(func() { k.must(k.Emails.Correct(ctx, pending, addressOf(newName()), home)) })
		k.is(k.Emails.Confirm(ctx, confirm, home), models.ErrTokenSpent)
		k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
		if a := k.byName(name); !a.ConfirmedAt.IsZero() {
			k.t.Errorf("%s is confirmed by a link to another address, want it unconfirmed", a.Email)
		}
		k.letters()

		a := k.account()
		change := k.askChange(a, addressOf(newName()))
		reset = k.resetSecret(a)
		pin := k.pinResetSecret(a)
		late(func() { k.must(k.confirmChange(change)) })
		k.is(k.Recovery.ResetPassword(ctx, reset, otherPassword, home), models.ErrTokenSpent)
		k.is(k.PINs.ResetByMail(ctx, pin, "8305", home), models.ErrTokenSpent)
		k.signIn(a)
	})
}

// a link confirms the address to which it was mailed and no other, however requests,
// corrections and confirmations overlap.
func TestRacesForAddresses(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("a change to one's own address and one to the victim's", func(k *kit) {
			a := k.account()
			changed := 0
			for range 100 {
				mine, victims := addressOf(newName()), addressOf(newName())
				k.exec("DELETE FROM throttle")
				link := k.askChange(a, mine)
				results := parallel(2, func(i int) error {
					if i == 0 {
						return k.Emails.RequestChange(ctx, a.ID, victims, goodPassword, home)
					}
					return k.confirmChange(link)
				})
				k.must(results[0])
				switch got := k.get(a).Email; {
				case got == mine && results[1] == nil:
					changed++
				case got == victims:
					k.t.Fatal("a link to another address confirmed the victim's address, want it refused")
				case results[1] == nil:
					k.t.Fatalf("confirmed %s, but the address is %s; want the same", mine, got)
				default:
					k.is(results[1], models.ErrTokenSpent)
				}
				k.letters()
			}
			k.t.Logf("%d of 100 links were quicker than the next request", changed)
		})
		k.run("a correction and a confirmation", func(k *kit) {
			for i := range 30 {
				name, victim := newName(), newName()
				k.exec("DELETE FROM throttle")
				pending := k.signUp(name)
				// In every second round the mail is prepared while the address changes.
				var link string
				var owed []models.Owed
				if i%2 == 0 {
					link = k.letter(models.MailConfirm, addressOf(name)).Secret
				} else {
					var err error
					owed, err = k.Mail.Claim(ctx, "worker", 1)
					k.must(err)
				}
				results := parallel(2, func(j int) error {
					if j == 0 {
						return k.Emails.Correct(ctx, pending, addressOf(victim), home)
					}
					if link == "" {
						letter, _, err := k.Mail.Prepare(ctx, owed[0])
						if err != nil {
							return err
						}
						if letter.To != addressOf(name) {
							return models.ErrTokenSpent
						}
						link = letter.Secret
					}
					return k.Emails.Confirm(ctx, link, home)
				})
				if link != "" && results[1] != nil {
					results[1] = k.Emails.Confirm(ctx, link, home) // once more after the race is over
				}
				a := k.byName(name)
				if confirmed := !a.ConfirmedAt.IsZero(); confirmed && a.Email == addressOf(victim) {
					k.t.Fatal("the victim's address is confirmed without a mail to it, want it unconfirmed")
				} else if confirmed != (results[1] == nil) || confirmed == (results[0] == nil) {
					k.t.Fatalf("correct gave %v, confirm %v, account %+v; want exactly one to succeed and the account to agree", results[0], results[1], a)
				}
			}
		})
		k.run("a reset mailed while the address changes", func(k *kit) {
			for range 20 {
				a := k.account()
				k.exec("DELETE FROM throttle")
				change := k.askChange(a, addressOf(newName()))
				k.must(k.Recovery.Request(ctx, a.Username, home, false))
				owed, err := k.Mail.Claim(ctx, "worker", 1)
				k.must(err)
				var letter models.Letter
				for _, err := range parallel(2, func(i int) (err error) {
					if i == 0 {
						return k.confirmChange(change)
					}
					letter, _, err = k.Mail.Prepare(ctx, owed[0])
					return err
				}) {
					k.must(err)
				}
				if letter.To == a.Email {
					k.is(k.Recovery.ResetPassword(ctx, letter.Secret, otherPassword, home), models.ErrTokenSpent)
				}
				k.letters()
			}
		})
	})
}

// After parallel changes exactly one password works.
func TestRacesForPasswords(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("a change and a reset", func(k *kit) {
			for range 10 {
				a := k.account()
				in := k.signIn(a)
				reset := k.resetSecret(a)
				const changed, resetTo = "the change came first", "the reset came first"
				results := parallel(2, func(i int) error {
					if i == 0 {
						_, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: changed}, home)
						return err
					}
					return k.Recovery.ResetPassword(ctx, reset, resetTo, home)
				})
				k.oneWinner(results, models.ErrTokenSpent, models.ErrNoSession, models.ErrWrongPassword)
				works := 0
				for password, result := range map[string]error{goodPassword: errors.New("old"), changed: results[0], resetTo: results[1]} {
					_, err := k.trySignIn(a.Username, password)
					if (err == nil) != (result == nil) {
						k.t.Errorf("%q: the change gave %v, the sign-in %v; want both to succeed or both to fail", password, result, err)
					}
					if err == nil {
						works++
					}
				}
				if works != 1 {
					k.t.Errorf("%d passwords work, want 1", works)
				}
			}
		})
		k.run("two changes in one session", func(k *kit) {
			for range 5 {
				a := k.account()
				in := k.signIn(a)
				k.oneWinner(parallel(4, func(i int) error {
					_, err := k.Accounts.ChangePassword(ctx, in.Session,
						models.ChangePassword{Current: goodPassword, Password: fmt.Sprintf("tigers number %d nap", i)}, home)
					return err
				}), models.ErrNoSession, models.ErrWrongPassword)
			}
		})
		k.run("a sign-in and a change, disabling or deletion", func(k *kit) {
			for _, end := range []func(models.Account, models.SignedIn) error{
				func(_ models.Account, in models.SignedIn) error {
					_, err := k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
					return err
				},
				func(a models.Account, _ models.SignedIn) error { return k.Operators.Disable(ctx, a.Username) },
				func(a models.Account, _ models.SignedIn) error { return k.Operators.Delete(ctx, a.Username) },
			} {
				for range 5 {
					a := k.account()
					in := k.signIn(a)
					tokens := make([]string, 6)
					results := parallel(len(tokens)+1, func(i int) error {
						if i == len(tokens) {
							return end(a, in)
						}
						got, err := k.trySignIn(a.Username, goodPassword)
						tokens[i] = got.Token
						return err
					})
					k.must(results[len(tokens)])
					for i, token := range tokens {
						if results[i] != nil {
							if kind := models.KindOf(results[i]); kind == models.KindInternal || kind == models.KindUnavailable {
								k.t.Errorf("sign-in gave %v, want no internal error", results[i])
							}
							continue
						}
						_, err := k.Sessions.Look(ctx, token)
						k.is(err, models.ErrNoSession) // the session was opened before all sessions were ended
					}
				}
			}
		})
	})
}

// If several workers claim mails at the same time, each mail goes to one worker.
func TestRacesForMails(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		want := 40
		for range want {
			k.must(k.PINs.ResetByPassword(ctx, a.ID, goodPassword, "", home))
		}
		claimed := make([][]models.Owed, 8)
		for _, err := range parallel(len(claimed), func(i int) (err error) {
			claimed[i], err = k.Mail.Claim(ctx, fmt.Sprint("worker ", i), 100)
			return err
		}) {
			k.must(err)
		}
		seen := map[int64]int{}
		for _, owed := range claimed {
			for _, one := range owed {
				seen[one.ID]++
			}
		}
		for id, times := range seen {
			if times != 1 {
				k.t.Errorf("mail %d went to %d workers, want 1", id, times)
			}
		}
		if len(seen) != want {
			k.t.Errorf("%d mails are claimed, want %d", len(seen), want)
		}
	})
}

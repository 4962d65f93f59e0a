package models_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// strict runs f on every engine with the limits of production, except the limits of sign-ups, so
// that a test can make many accounts.
func strict(t *testing.T, f func(k *kit), adjust ...modelstest.Adjust) {
	t.Helper()
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		models.Impatient(store)
		f(&kit{store, t, clock})
	}, append(adjust, func(o *models.Options) {
		plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
		o.Limits.SignUpSource, o.Limits.SignUpNetwork, o.Limits.SignUpService = plenty, plenty, plenty
	})...)
}

// trySignInFrom signs in from an address, in a browser that is not a known device.
func (k *kit) trySignInFrom(address, name, password string) error {
	_, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{NameOrEmail: name, Password: password}, models.Caller{Address: address})
	return err
}

// verdictsFrom signs in from one address with wrong passwords and new names until the
// service refuses. It returns how often the service said that a password was wrong.
func (k *kit) verdictsFrom(address string) int {
	k.t.Helper()
	for verdicts := range 10000 {
		if err := k.trySignInFrom(address, newName(), otherPassword); !errors.Is(err, models.ErrSignInWrong) {
			k.is(err, models.ErrThrottled)
			return verdicts
		}
	}
	k.t.Fatalf("%s is never refused", address)
	return 0
}

// Many people sign in from one address at about the same time with their right passwords,
// and all of them succeed. A stranger at the same address still has only the usual number
// of guesses.
func TestRightPasswordsGiveTheirTryBack(t *testing.T) {
	strict(t, func(k *kit) {
		const shared = "198.51.100.7"
		for range 25 {
			k.must(k.trySignInFrom(shared, k.account().Username, goodPassword))
		}
		if got, want := k.verdictsFrom(shared), 10; got != want {
			k.t.Errorf("%d verdicts after the right passwords, want %d", got, want)
		}
		k.is(k.trySignInFrom(shared, k.account().Username, goodPassword), models.ErrThrottled)
	})
}

// A stranger has an account of their own, and signs in to it between guesses at the
// passwords of others. Each right password gives back its own try and no other one.
func TestRightPasswordsBuyNoGuesses(t *testing.T) {
	strict(t, func(k *kit) {
		own := k.account()
		k.run("one after the other", func(k *kit) {
			verdicts := 0
			for range 30 {
				k.must(k.trySignInFrom("198.51.100.1", own.Username, goodPassword))
				err := k.trySignInFrom("198.51.100.1", newName(), otherPassword)
				if errors.Is(err, models.ErrThrottled) {
					break
				}
				k.is(err, models.ErrSignInWrong)
				if verdicts++; verdicts == 10 {
					k.is(k.trySignInFrom("198.51.100.1", own.Username, goodPassword), models.ErrThrottled)
					break
				}
			}
			if got, want := verdicts+k.verdictsFrom("198.51.100.1"), 10; got != want {
				k.t.Errorf("%d verdicts between right passwords, want %d", got, want)
			}
		})
		k.run("at the same time", func(k *kit) {
			verdicts := 0
			for _, err := range parallel(64, func(i int) error {
				if i%2 == 0 {
					_ = k.trySignInFrom("198.51.100.2", own.Username, goodPassword)
					return nil
				}
				return k.trySignInFrom("198.51.100.2", newName(), otherPassword)
			}) {
				if errors.Is(err, models.ErrSignInWrong) {
					verdicts++
				}
			}
			if got, want := verdicts+k.verdictsFrom("198.51.100.2"), 10; got != want {
				k.t.Errorf("%d verdicts beside right passwords, want %d", got, want)
			}
		})
	})
}

// A try is given back to the window in which it was counted: tries of one window must
// not make room in the next one.
func TestTriesAreGivenBackToTheirWindow(t *testing.T) {
	each(t, func(k *kit) {
		limit := models.Limit{Hits: 3, Window: time.Minute}
		var before []func() error
		count := func() error {
			giveBack, err := models.CountTry(k.t.Context(), k.Store, "window", limit)
			before = append(before, giveBack)
			return err
		}
		for range limit.Hits {
			k.must(count())
		}
		k.clock.Advance(time.Minute)
		for range limit.Hits {
			k.must(count())
		}
		k.is(count(), models.ErrThrottled)
		for _, giveBack := range before[:limit.Hits] {
			k.must(giveBack())
		}
		k.is(count(), models.ErrThrottled)
		k.clock.Advance(time.Second)
		k.must(before[limit.Hits]())
		k.must(count())
		k.is(count(), models.ErrThrottled)
	})
}

// One account gets only a few tries back in an hour, because each try costs a hash.
func TestOneAccountGivesBackFewTries(t *testing.T) {
	strict(t, func(k *kit) {
		const shared = "198.51.100.3"
		own := k.account()
		for range 3 + 9 { // the tenth try that is not given back shuts the counter
			k.must(k.trySignInFrom(shared, own.Username, goodPassword))
		}
		k.must(k.trySignInFrom(shared, own.Username, goodPassword))
		k.is(k.trySignInFrom(shared, own.Username, goodPassword), models.ErrThrottled)
	}, func(o *models.Options) { o.Limits.RightPasswords = models.Limit{Hits: 3, Window: time.Hour} })
}

// Addresses that the operator names have limits of their own, and do not use up the tries
// of the addresses around them.
func TestBusyNetworks(t *testing.T) {
	busy := []models.BusyNetwork{
		{Prefix: netip.MustParsePrefix("203.0.113.7/32"), Times: 5},
		{Prefix: netip.MustParsePrefix("203.0.113.0/28"), Times: 2},
		{Prefix: netip.MustParsePrefix("2001:db8:7::/48"), Times: 3},
	}
	strict(t, func(k *kit) {
		for _, test := range []struct {
			address string
			want    int
		}{
			{"203.0.113.7", 50},
			{"::ffff:203.0.113.1", 20},
			{"203.0.113.2", 20},
			{"203.0.113.16", 10},
			{"2001:db8:7:1::1", 30},
			{"2001:db8:8:1::1", 10},
		} {
			if got := k.verdictsFrom(test.address); got != test.want {
				k.t.Errorf("%s: %d verdicts, want %d", test.address, got, test.want)
			}
		}
		all := 10 // at 203.0.113.16
		for i := range 20 {
			all += k.verdictsFrom(fmt.Sprintf("203.0.113.%d", 100+i))
		}
		if want := 100; all != want {
			k.t.Errorf("the network around has %d verdicts, want %d", all, want)
		}
		names := make([]string, 12)
		for i := range names { // of accounts: requests for made-up names replace each other in the outbox
			k.clock.Advance(time.Hour) // sign-ups are limited, too
			names[i] = k.account().Username
		}
		k.clock.Advance(time.Hour)
		k.letters()
		for _, name := range names {
			k.must(k.Recovery.Request(k.t.Context(), name, models.Caller{Address: "203.0.113.1"}, false))
		}
		if mails, err := k.Mail.List(k.t.Context(), 100); err != nil || len(mails) != 10 {
			k.t.Errorf("%d resets are asked for with error %v, want 10", len(mails), err)
		}
	}, func(o *models.Options) { o.BusyNetworks = busy })
}

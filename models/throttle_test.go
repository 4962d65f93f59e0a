package models_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// counter models a counter of the throttle table in plain Go.
type counter struct {
	hits             int
	windowEnds, open time.Time
}

func (c *counter) raise(l models.Limit, now time.Time) int {
	if !c.windowEnds.After(now) {
		*c = counter{hits: 0, windowEnds: now.Add(l.Window), open: now}
	}
	if c.open.After(now) {
		return 0
	}
	c.hits++
	c.open = now.Add(models.WaitAfter(l, c.hits))
	if c.hits >= l.Hits {
		c.open = c.windowEnds
	}
	return c.hits
}

// The statement of each engine gives the same results as the model in Go, for any
// order of tries, waits, windows and limits.
func TestThrottleAgainstModel(t *testing.T) {
	each(t, func(k *kit) {
		limits := []models.Limit{
			{Hits: 1, Window: time.Minute},
			{Hits: 2, Window: time.Second},
			{Hits: 5, Window: 15 * time.Minute},
			models.ProductionLimits().SignIn,
			{Hits: 4, Window: time.Minute, Steps: []models.Step{{After: 0, Wait: time.Second}, {After: 2, Wait: time.Hour}}},
		}
		run := 0
		rapid.Check(k.t, func(t *rapid.T) {
			run++
			model := map[int]*counter{}
			for range rapid.IntRange(1, 12).Draw(t, "steps") {
				k.clock.Advance(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 999, 1000, 3000, 5000, 60000, 3600000, 86400000}).Draw(t, "ms")) * time.Millisecond)
				which := rapid.IntRange(0, len(limits)-1).Draw(t, "limit")
				if model[which] == nil {
					model[which] = &counter{}
				}
				for range rapid.SampledFrom([]int{1, 1, 1, 2, 6}).Draw(t, "tries") {
					want := model[which].raise(limits[which], k.clock.Now())
					got, err := models.Raise(k.t.Context(), k.Store, fmt.Sprint(run, which), limits[which])
					if err != nil || got != want {
						t.Fatalf("limit %d: %d, %v, want %d", which, got, err, want)
					}
				}
			}
		})
	})
}

// Parallel callers get different numbers, and the limit lets only its number of tries pass.
func TestThrottleInParallel(t *testing.T) {
	each(t, func(k *kit) {
		for _, hits := range []int{1, 7} {
			limit := models.Limit{Hits: hits, Window: time.Minute}
			for window := range 2 {
				answers := make([]int, 64)
				for _, err := range parallel(len(answers), func(i int) (err error) {
					answers[i], err = models.Raise(k.t.Context(), k.Store, fmt.Sprint(hits), limit)
					return err
				}) {
					k.must(err)
				}
				seen := map[int]int{}
				for _, n := range answers {
					seen[n]++
				}
				for n := 1; n <= hits; n++ {
					if seen[n] != 1 {
						k.t.Errorf("window %d: the number %d came %d times, want once", window, n, seen[n])
					}
				}
				if seen[0] != len(answers)-hits {
					k.t.Errorf("window %d: %d refused, want %d", window, seen[0], len(answers)-hits)
				}
				k.clock.Advance(time.Minute)
			}
		}
	})
}

// the first three failures cause no wait, then the waits grow, and after a hundred
// failures in a day nobody can try again on that day. A success clears the counters.
func TestSignInLadder(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		fail := func() error {
			_, err := k.trySignIn(a.Username, otherPassword)
			return err
		}
		begin := k.clock.Now()
		var waited time.Duration
		for n := 1; n <= 100; n++ {
			k.is(fail(), models.ErrSignInWrong)
			want := time.Duration(0)
			switch {
			case n >= 100:
				want = 24*time.Hour - k.clock.Now().Sub(begin)
			case n > 25:
				want = 10 * time.Second
			case n > 9:
				want = 5 * time.Second
			case n > 3:
				want = 3 * time.Second
			}
			if want == 0 {
				continue
			}
			if n < 12 || n == 26 || n == 100 { // the answer says so, the same for right and wrong passwords
				k.clock.Advance(want - time.Millisecond)
				for _, password := range []string{otherPassword, goodPassword} {
					_, err := k.trySignIn(a.Username, password)
					known, _ := errors.AsType[*models.Error](err)
					if !errors.Is(err, models.ErrThrottled) || known.RetryAfter != time.Second {
						k.t.Fatalf("after %d failures and %v: %v, %+v", n, want, err, known)
					}
				}
				want = time.Millisecond
			}
			k.clock.Advance(want)
			waited += want
		}
		k.is(fail(), models.ErrSignInWrong) // a new day has begun
		k.clock.Advance(3 * time.Second)
		_, err := k.trySignIn(a.Username, goodPassword)
		k.must(err)
		for range 4 {
			k.is(fail(), models.ErrSignInWrong)
		}
	})
}

// all names of an account share one counter, and an unknown name is counted in
// the same way. At most four of the parallel tries learn whether the password is right:
// three that cause no wait, and the fourth, which starts the first wait.
func TestSignInVerdicts(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		for who, names := range map[string][]string{
			"an account": {a.Username, a.Email, "P" + a.Username[1:], " " + a.Email}, "nobody": {"nobody", "Nobody", " NOBODY "},
			"nobody's address": {"nobody@example.org", "NOBODY@EXAMPLE.ORG"},
		} {
			verdicts := 0
			for _, err := range parallel(200, func(i int) error {
				_, err := k.trySignIn(names[i%len(names)], otherPassword)
				return err
			}) {
				switch {
				case errors.Is(err, models.ErrSignInWrong):
					verdicts++
				case !errors.Is(err, models.ErrThrottled):
					k.t.Errorf("%s: error %v, want throttled", who, err)
				}
			}
			if verdicts != 4 {
				k.t.Errorf("%s: %d verdicts, want 4", who, verdicts)
			}
		}
	})
}

// A right password clears the counter at once, so all devices of a person that sign in at
// the same time succeed.
func TestManyRightPasswords(t *testing.T) {
	t.Parallel()
	patient(t, func(k *kit) {
		a := k.account()
		for _, err := range parallel(20, func(i int) error {
			_, err := k.trySignIn([]string{a.Username, a.Email}[i%2], goodPassword)
			return err
		}) {
			k.must(err)
		}
		if list := k.sessions(a.ID); len(list) != 20 {
			k.t.Errorf("%d sessions, want 20", len(list))
		}
	})
}

// the source is counted before anything else is checked.
func TestSourcesAreLimited(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		models.Impatient(store)
		k := &kit{store, t, clock}
		ctx := t.Context()
		signIn := func(address, name, password string) error {
			_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: name, Password: password}, models.Caller{Address: address})
			return err
		}
		a := k.account()
		mark := k.signIn(a).DeviceMark
		k.run("ten tries a minute for one network address", func(k *kit) {
			for range 10 {
				k.is(signIn("198.51.100.1", newName(), otherPassword), models.ErrSignInWrong)
			}
			err := signIn("::ffff:198.51.100.1", a.Username, goodPassword)
			k.is(err, models.ErrThrottled)
			if known, _ := errors.AsType[*models.Error](err); known.RetryAfter != time.Minute {
				k.t.Errorf("retry after %v, want 1m0s", known.RetryAfter)
			}
			k.must(signIn("198.51.100.2", a.Username, goodPassword))
			// the owner's known browser at that network address can sign in.
			_, err = k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: []string{mark}},
				models.Caller{Address: "198.51.100.1"})
			k.must(err)
			// The mark of that browser does not help with another account.
			_, err = k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: newName(), Password: goodPassword, DeviceMarks: []string{mark}},
				models.Caller{Address: "198.51.100.1"})
			k.is(err, models.ErrThrottled)
			k.clock.Advance(time.Minute)
			k.must(signIn("198.51.100.1", a.Username, goodPassword))
		})
		k.run("a /64 counts as one address", func(k *kit) {
			for i := range 10 {
				k.is(signIn(fmt.Sprintf("2001:db8:1:1::%d", i), newName(), otherPassword), models.ErrSignInWrong)
			}
			k.is(signIn("2001:db8:1:1:9::1", newName(), otherPassword), models.ErrThrottled)
			k.is(signIn("2001:db8:1:2::1", newName(), otherPassword), models.ErrSignInWrong)
		})
		k.run("a hundred tries a minute for a network", func(k *kit) {
			k.clock.Advance(time.Hour)
			for i := range 100 {
				k.is(signIn(fmt.Sprintf("203.0.113.%d", i), newName(), otherPassword), models.ErrSignInWrong)
			}
			k.is(signIn("203.0.113.200", newName(), otherPassword), models.ErrThrottled)
			k.is(signIn("203.0.114.1", newName(), otherPassword), models.ErrSignInWrong)
		})
		k.run("all unknown addresses share one counter", func(k *kit) {
			k.clock.Advance(time.Hour)
			for range 5 {
				k.is(signIn("", newName(), otherPassword), models.ErrSignInWrong)
				k.is(signIn("unknown", newName(), otherPassword), models.ErrSignInWrong)
			}
			k.is(signIn("", newName(), otherPassword), models.ErrThrottled)
		})
		k.run("five resets in ten minutes for an address, and fifty for a network beside the hourly one of each name", func(k *kit) {
			names := make([]string, 60)
			for i := range names { // of accounts: requests for made-up names replace each other in the outbox
				k.clock.Advance(time.Hour) // sign-ups are limited, too
				names[i] = k.account().Username
			}
			k.letters()
			asked := func(want int) {
				k.t.Helper()
				mails, err := k.Mail.List(ctx, 1000)
				k.must(err)
				if len(mails) != want {
					k.t.Errorf("%d resets are asked for, want %d", len(mails), want)
				}
				k.letters()
			}
			for i := range names {
				k.must(k.Recovery.Request(ctx, names[i], models.Caller{Address: fmt.Sprintf("192.0.2.%d", i/6)}, false))
			}
			asked(50)
			for i := range names { // ten names were refused, and each of them has its hourly reset
				k.must(k.Recovery.Request(ctx, names[i], models.Caller{Address: fmt.Sprintf("198.18.0.%d", i/5)}, false))
			}
			asked(10)
			k.clock.Advance(30 * time.Minute)
			for i := range names {
				k.must(k.Recovery.Request(ctx, names[i], models.Caller{Address: fmt.Sprintf("192.0.2.%d", i/5)}, false))
			}
			asked(50)
		})
	})
}

func TestMarkIsRememberedOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		until := k.clock.Now().Add(time.Minute)
		for mark := range 3 {
			results := parallel(64, func(int) error {
				fresh, err := k.Throttle.Remember(ctx, [32]byte{byte(mark)}, until)
				if err == nil && !fresh {
					err = models.ErrTokenSpent
				}
				return err
			})
			k.oneWinner(results, models.ErrTokenSpent)
		}
		k.must(k.Sweep(ctx))
		if fresh, err := k.Throttle.Remember(ctx, [32]byte{1}, until); err != nil || fresh {
			k.t.Errorf("after a sweep a mark counts as new: %t, error %v; want it still remembered", fresh, err)
		}
	})
}

package models_test

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// processorTime returns the time for which processors have worked for this process. It does
// not count the work of other processes, so it is nearly the same on a busy machine.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// TestUnknownNamesTakeTheSameTime compares the processor time of sign-ins with an unknown
// name and with known names, with hashes as in production. In each round it tries
// all names in a random order, and compares pairs of the same round. It fails if a name is
// far cheaper or far more expensive in nearly all rounds: a missing hash makes a difference
// of twenty times. Smaller differences are found by TestUnknownNamesCostTheSameWork.
//
// The test is not parallel, because the processor time would include the work of other
// tests in the same process.
func TestUnknownNamesTakeTheSameTime(t *testing.T) { //nolint:paralleltest // see above
	store, clock := modelstest.New(t, modelstest.Unlimited, func(o *models.Options) {
		o.Hashing = secret.ProductionHashing(1)
		o.Hashing.StrangersShare, o.Hashing.Wait = 0, time.Hour
	})
	k := &kit{store, t, clock}
	expelled := k.account()
	k.must(k.Operators.Disable(t.Context(), expelled.Username))
	waiting := newName()
	k.signUp(waiting)
	names := map[string]string{
		"known": k.account().Username, "disabled": expelled.Username, "unconfirmed": waiting, "unknown address": addressOf(newName()),
	}
	took := func(name string) float64 {
		before := processorTime(t)
		_, err := k.trySignIn(name, otherPassword)
		k.is(err, models.ErrSignInWrong)
		return float64(processorTime(t) - before)
	}
	const rounds, most, gross = 12, 9, 2
	cheaper, dearer := map[string]int{}, map[string]int{}
	kinds := []string{"unknown"}
	for kind := range names {
		kinds = append(kinds, kind)
	}
	for range rounds {
		times := map[string]float64{}
		rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, kind := range kinds {
			name := names[kind]
			if kind == "unknown" {
				name = newName()
			}
			times[kind] = took(name)
		}
		for kind, cost := range times {
			if cost*gross < times["unknown"] {
				cheaper[kind]++
			}
			if cost > gross*times["unknown"] {
				dearer[kind]++
			}
		}
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		if cheaper[kind] > most || dearer[kind] > most {
			t.Errorf("%s: less than half the time of an unknown name in %d rounds of %d, more than twice in %d; want at most %d",
				kind, cheaper[kind], rounds, dearer[kind], most)
		}
	}
}

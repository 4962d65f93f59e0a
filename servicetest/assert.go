package servicetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey-media/latchkey/internal/waittest"
)

// Must ends the test if a call has failed, and otherwise returns its value:
//
//	account := servicetest.Must(ann.Accounts.Get(ctx))(t)
func Must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		NoError(t, err)
		return value
	}
}

// NoError ends the test if err is not nil.
func NoError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
}

// IsError fails the test unless err is want or wraps it.
func IsError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got the error %v, want %v", err, want)
	}
}

// SkipIfShort skips a long test, such as one that starts processes, when the tests run with -short
// ("make test-fast"). The parameter why says why the test is long.
func SkipIfShort(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: " + why)
	}
}

// Patience is the time after which a test that waits gives up; see [waittest.Patience].
const Patience = waittest.Patience

// Eventually waits until check returns true. If that does not happen, it ends the test and prints
// the parameter what, which describes what should become true, and then the details.
func Eventually(t testing.TB, what string, check func() bool, details ...fmt.Stringer) {
	t.Helper()
	waittest.Eventually(t, what, check, details...)
}

// Becomes waits until check returns true, and reports whether that happened.
func Becomes(check func() bool) bool { return waittest.Becomes(check) }

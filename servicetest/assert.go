package servicetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
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

// SkipIfShort skips a long test, such as one that starts processes, when the tests
// run with -short ("make test-fast"). why says what makes it long.
func SkipIfShort(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: " + why)
	}
}

// Patience limits the wait of [Eventually]. It is long, for the sake of busy machines.
const Patience = 30 * time.Second

// Eventually waits until check returns true, and ends the test if that does not
// happen. what says what should become true; each of details is printed, too.
func Eventually(t testing.TB, what string, check func() bool, details ...fmt.Stringer) {
	t.Helper()
	if !Becomes(check) {
		t.Fatalf("waited %v in vain for this: %s%s", Patience, what, texts(details))
	}
}

// Becomes waits until check returns true, and reports whether that happened.
func Becomes(check func() bool) bool {
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(3 * time.Millisecond) {
		if check() {
			return true
		}
	}
	return check()
}

// Never ends the test if check returns true within a short time, in which wrong
// code would have done the wrong thing. what says what must not become true.
func Never(t testing.TB, what string, check func() bool, details ...fmt.Stringer) {
	t.Helper()
	for end := time.Now().Add(150 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if check() {
			t.Fatalf("this happened, and should not: %s%s", what, texts(details))
		}
	}
}

func texts(details []fmt.Stringer) string {
	var b strings.Builder
	for _, one := range details {
		b.WriteString("\n" + one.String())
	}
	return b.String()
}

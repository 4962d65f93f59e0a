// Package waittest waits in tests for something that the code under test does at a time of its own.
//
// On a busy machine anything may take long, so no wait of a test has a limit that correct code
// could exceed: [Patience] only ends a test that hangs. To show that something does not happen, a
// test waits for a later event and then checks that the wrong event has not happened. A statement
// about time is tested with a clock of the test, or in a bubble of testing/synctest.
package waittest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Patience is the time after which a test that waits gives up. It is not a limit for
// the code under test: it only ends a test that would otherwise hang. Five minutes are
// more than a starved machine needs for any step, and less than the ten minutes after
// which go test ends the whole package.
const Patience = 5 * time.Minute

// Eventually waits until check returns true. If that does not happen, it ends the test and prints
// the parameter what, which describes what should become true, and then the details.
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

// Receive waits for a value from a channel and returns it, or the zero value if the channel was
// closed. It ends the test if neither happens. The parameter what describes the value.
func Receive[T any](t testing.TB, from <-chan T, what string, details ...fmt.Stringer) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(Patience):
		t.Fatalf("waited %v in vain for this: %s%s", Patience, what, texts(details))
		panic("unreachable")
	}
}

// Done waits until a channel is closed, and reports whether that happened. It is for goroutines
// beside the goroutine of the test, because they must not end the test.
func Done(closed <-chan struct{}) bool {
	select {
	case <-closed:
		return true
	case <-time.After(Patience):
		return false
	}
}

func texts(details []fmt.Stringer) string {
	var b strings.Builder
	for _, one := range details {
		b.WriteString("\n" + one.String())
	}
	return b.String()
}

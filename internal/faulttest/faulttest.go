// Package faulttest writes the counts of the tests of faults (F-01 to F-18) to the log of the
// test. The command "make faults" collects these lines into one table.
package faulttest

import (
	"os"
	"strings"
	"testing"
)

// Mark begins each line that [Report] writes; scripts/test looks for it.
const Mark = "fault: "

// Count holds the numbers that a test of a fault reports.
type Count struct {
	Tried    int
	Survived int    // as promised, or refused with an answer that says when to come again
	Lost     int    // acknowledged, but missing afterwards or only half done
	Late     int    // survived, but later than security.md or the issue allows; no test fails because of it
	Note     string // further figures, for example times; no line breaks and no character |
}

// Long reports whether the long form of the tests was asked for, as "make faults" does.
func Long() bool { return os.Getenv("LATCHKEY_TEST_FAULTS") == "long" }

// Either returns quick in the short form of the tests, and thorough in the long form.
func Either(quick, thorough int) int {
	if Long() {
		return thorough
	}
	return quick
}

// Engine returns the name of the engine of a database address: SQLite, MariaDB or Galera.
func Engine(address string) string {
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		return "SQLite"
	case os.Getenv("LATCHKEY_TEST_GALERA") != "":
		return "Galera"
	}
	return "MariaDB"
}

// Report writes the counts of a test for the fault id on an engine. The parameter what describes
// the test in a few words. Report fails the test if nothing was tried, if something was lost, or
// if the outcome of a try is not known.
func Report(t testing.TB, id, what, engine string, c Count) {
	t.Helper()
	t.Logf("%s%s | %s | %s | %d | %d | %d | %d | %s", Mark, id, engine, what, c.Tried, c.Survived, c.Lost, c.Late, c.Note)
	if c.Tried == 0 || c.Lost > 0 || c.Survived != c.Tried {
		t.Errorf("%s: got %d tries, of which %d survived and %d are lost; want some tries that all survive", id, c.Tried, c.Survived, c.Lost)
	}
}

package modelstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

// recorder is a test that records how it ended.
type recorder struct {
	testing.TB
	failed, skipped string
}

type end struct{}

func (r *recorder) Helper()           {}
func (r *recorder) Fatal(args ...any) { r.failed = fmt.Sprint(args...); panic(end{}) }
func (r *recorder) Skip(args ...any)  { r.skipped = fmt.Sprint(args...); panic(end{}) }

// run asks for a database server, as a test with the recorder r would.
func (r *recorder) run(t *testing.T) {
	t.Helper()
	defer func() {
		if thrown := recover(); thrown != any(end{}) {
			t.Fatalf("ended with %v, want a failure or a skip", thrown)
		}
	}()
	modelstest.MySQL(r)
}

func TestMissingServerFailsOnce(t *testing.T) {
	t.Setenv("LATCHKEY_TEST_MYSQL", "")
	modelstest.ForgetMissing() // an earlier run of this test has missed it
	var first, second recorder
	first.run(t)
	second.run(t)
	if !strings.Contains(first.failed, "run make test") || first.skipped != "" {
		t.Errorf("the first test failed with %q and was skipped with %q, want a failure that says what to do", first.failed, first.skipped)
	}
	if second.failed != "" || second.skipped == "" {
		t.Errorf("the second test failed with %q and was skipped with %q, want a skip alone", second.failed, second.skipped)
	}
}

package faulttest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/faulttest"
)

// recorder is a test that keeps the lines that it is told to log, and whether it failed.
type recorder struct {
	testing.TB
	said   string
	failed bool
}

func (r *recorder) Helper()                       {}
func (r *recorder) Logf(form string, args ...any) { r.said += fmt.Sprintf(form, args...) }
func (r *recorder) Errorf(string, ...any)         { r.failed = true }

func TestReport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count  faulttest.Count
		fails  bool
		ending string
	}{
		{faulttest.Count{Tried: 3, Survived: 3, Late: 1, Note: "one twin"}, false, "| SQLite | kills | 3 | 3 | 0 | 1 | one twin"},
		{faulttest.Count{Tried: 3, Survived: 2, Lost: 1}, true, "| 3 | 2 | 1 | 0 | "},
		{faulttest.Count{Tried: 3, Survived: 2}, true, "| 3 | 2 | 0 | 0 | "},
		{faulttest.Count{}, true, "| 0 | 0 | 0 | 0 | "},
	} {
		r := &recorder{}
		faulttest.Report(r, "F-01", "kills", faulttest.Engine("sqlite:/x.db"), c.count)
		if !strings.HasPrefix(r.said, faulttest.Mark+"F-01 |") || !strings.HasSuffix(r.said, c.ending) || r.failed != c.fails {
			t.Errorf("%+v: wrote %q and failed: %v; want a line that ends with %q, failed: %v", c.count, r.said, r.failed, c.ending, c.fails)
		}
	}
}

// The environment variable of a cluster changes the name of a MySQL server, and not the name
// of SQLite.
func TestEngine(t *testing.T) {
	for _, c := range []struct{ address, nodes, want string }{
		{"sqlite:/x.db", "", "SQLite"}, {"sqlite:/x.db", "a b c", "SQLite"}, {"mysql://root@127.0.0.1/x", "", "MariaDB"}, {"mysql://root@127.0.0.1/x", "a b c", "Galera"},
	} {
		t.Setenv("LATCHKEY_TEST_GALERA", c.nodes)
		if got := faulttest.Engine(c.address); got != c.want {
			t.Errorf("%s with the nodes %q: got %s, want %s", c.address, c.nodes, got, c.want)
		}
	}
}

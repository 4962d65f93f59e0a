package docs_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"strings"
	"testing"
)

// machineClock matches the fields that hold the clock of the machine; they differ between folders.
// Every time that is stored, or compared with a stored time, must come from the Store (Store.Now),
// because the clock of a machine may be wrong (docs/adr/0025).
func machineClock(folder string) *regexp.Regexp {
	switch folder {
	case "models":
		return regexp.MustCompile(`(^|\.)opt\.(Database)?Now$`)
	case "handlers", "handlers/connect":
		return regexp.MustCompile(`^s\.(Server\.)?Now$`)
	case "jobs":
		return regexp.MustCompile(`^[a-z]+\.Now$`)
	default:
		return nil
	}
}

// machineTime has the functions that may read the clock of the machine, with the reasons.
var machineTime = map[string]string{
	"handlers/front_access_log.go logAccess":   "measures how long a request takes",
	"handlers/front_access_log.go writeAccess": "measures how long a request takes, and the log has the time of the machine",
	"handlers/front_machine.go securityText":   "a date in half a year, which is not stored",
	"handlers/server.go site":                  "limits in the memory of one process, which count how long something is ago",
	"jobs/mail.go Run":                         "measures how long leases were not renewed",
	"jobs/mail.go stop":                        "measures how long leases were not renewed",
	"jobs/mail.go round":                       "measures how long a mail waits",
	"jobs/mail.go start":                       "measures how long a mail waits",
	"jobs/mail.go Once":                        "measures how long the mail server is away",
	"jobs/mail.go one":                         "measures how long the mail server is away",
}

// TestTimeComesFromTheStore finds code of the service that reads the clock of the machine although
// it needs the time of the Store. The linter refuses time.Now itself (forbidigo).
func TestTimeComesFromTheStore(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	wanted := func(name string) bool { return !isTestCode(name) && machineClock(path.Dir(name)) != nil }
	eachDeclaration(t, wanted, func(files *token.FileSet, key string, declared ast.Decl) {
		file, _, _ := strings.Cut(key, " ")
		clock := machineClock(path.Dir(file))
		ast.Inspect(declared, func(n ast.Node) bool {
			read, ok := n.(*ast.SelectorExpr)
			if !ok || !clock.MatchString(types.ExprString(read)) {
				return true
			}
			if used[key] = true; machineTime[key] == "" {
				t.Errorf("%s: %s is the clock of the machine, want the time of the Store", files.Position(read.Pos()), types.ExprString(read))
			}
			return true
		})
	})
	for key := range machineTime {
		if !used[key] {
			t.Errorf("%s is an exception that nothing uses, want it removed", key)
		}
	}
}

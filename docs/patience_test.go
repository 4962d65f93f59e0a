package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"strings"
	"testing"
)

// patientOnPurpose has the functions of tests that may use the clock of the machine, with the
// reasons why correct code passes them on a slow machine, too.
var patientOnPurpose = map[string]string{
	"agent/change_feed_test.go TestOtherAnswersInPlaceOfTheService":     "the false service answers late on purpose, and nothing measures it",
	"agent/discovery/discovery_test.go receive":                         "callers want an answer within the patience, or ask again after a moment until the responder listens",
	"agent/hostile_test.go rests":                                       "a lower limit: a slow machine only takes longer",
	"agent/jellyfin/bad_answers_test.go TestSlow":                       "the deadline of calls that are to end by it",
	"client/secrets_test.go TestTryEndsInTimeAndWithItsContext":         "the deadline of calls that are to end by it",
	"cmd/latchkey/agent_level_process_test.go dies":                     "the agent is killed at a random moment",
	"cmd/latchkey/fault_database_test.go TestFaultDatabaseGone":         "reports how long the database was away",
	"cmd/latchkey/fault_mail_test.go TestFaultDatabaseGoneWhileSending": "a lower limit: the database is away for longer than a lease lasts",
	"cmd/latchkey/fault_kill_test.go signUpUntilKilled":                 "the program is killed at a random moment",
	"cmd/latchkey/process_test.go within":                               "asks again after a moment, and reports how long it waited",
	"cmd/latchkey/serve_test.go stopsGracefully":                        "a lower limit: a slow machine only takes longer",
	"cmd/latchkey/visitor_test.go do":                                   "reports how long a page took",
	"handlers/api_change_test.go TestAPIChanges":                        "a lower limit: a slow machine only takes longer",
	"handlers/api_change_test.go SetReadDeadline":                       "passes on what the site sets",
	"handlers/api_change_test.go SetWriteDeadline":                      "passes on what the site sets",
	"internal/secret/gate_share_test.go flood":                          "called in a bubble of testing/synctest",
	"internal/secret/gate_test.go is":                                   "called in a bubble of testing/synctest",
	"mailer/mailtest/sink.go Write":                                     "the mail server is slow on purpose",
	"mailer/smtp_slow_test.go think":                                    "called in a bubble of testing/synctest",
	"models/prepare_test.go TestPrepareInterrupted":                     "the deadlines of starts that are to be interrupted at any moment",
	"servicetest/bubble.go Ask":                                         "called in a bubble of testing/synctest",
	"servicetest/bubble.go Check":                                       "called in a bubble of testing/synctest",
	"servicetest/bubble.go send":                                        "called in a bubble of testing/synctest",
}

// TestTestsDoNotWatchTheClock finds tests that sleep, and waits of tests with a limit that a busy
// machine could exceed. Instead, a test should wait for an event with internal/waittest, move a
// clock of its own, or use a bubble of testing/synctest.
func TestTestsDoNotWatchTheClock(t *testing.T) {
	t.Parallel()
	used, functions := map[string]bool{}, 0
	ofTests := func(name string) bool { return isTestCode(name) && !strings.HasPrefix(name, "internal/waittest/") }
	eachDeclaration(t, ofTests, func(files *token.FileSet, key string, declared ast.Decl) {
		if _, ok := declared.(*ast.FuncDecl); ok {
			functions++
		}
		for _, at := range clockWatchers(declared) {
			if used[key] = true; patientOnPurpose[key] == "" {
				t.Errorf("%s: %s depends on the speed of the machine; want an event, a clock of the test, or the patience of internal/waittest",
					files.Position(at.Pos()), types.ExprString(at))
			}
		}
	})
	for key := range patientOnPurpose {
		if !used[key] {
			t.Errorf("%s is an exception that nothing uses, want it removed", key)
		}
	}
	if functions < 2000 {
		t.Fatalf("found %d functions of tests, want at least 2000: the search is broken", functions)
	}
}

// eachDeclaration calls f with each declaration of some Go files. The function wanted chooses the
// files by their names. The key that f gets is the name of the file; for a function, the name of the
// function follows it.
func eachDeclaration(t *testing.T, wanted func(name string) bool, f func(files *token.FileSet, key string, declared ast.Decl)) {
	t.Helper()
	for _, from := range goFiles(t) {
		name := strings.TrimPrefix(from, "../")
		if !wanted(name) {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, from, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			key := name
			if function, ok := declared.(*ast.FuncDecl); ok {
				key += " " + function.Name.Name
			}
			f(files, key, declared)
		}
	}
}

// isTestCode reports whether a file belongs to tests or to a test kit.
func isTestCode(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "e2e/") || strings.HasSuffix(path.Dir(name), "test")
}

// The calls and the limits that make a test depend on the speed of the machine. A limit that is as
// long as the patience of the test kits is harmless, because it only ends a test that hangs.
var (
	clockCall = regexp.MustCompile(`^time\.(Sleep|After|AfterFunc|NewTimer|NewTicker|Tick|Since|Until)$|^time\.Now\(\)\.(Before|After|Sub|Compare)$`)
	limitCall = regexp.MustCompile(`^(\w+\.)?With(Timeout|Deadline)(Cause)?$|\.Set(Read|Write)?Deadline$`)
	harmless  = regexp.MustCompile(`\b[pP]atience\b|\btime\.Unix\(|\(0\)$`)
)

// clockWatchers returns the expressions of a declaration that make a test depend on the speed of
// the machine. It leaves out bubbles of testing/synctest, where time passes only while all
// goroutines wait.
func clockWatchers(declared ast.Decl) (found []ast.Expr) {
	ast.Inspect(declared, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			called := types.ExprString(n.Fun)
			if called == "synctest.Test" {
				return false
			}
			if (clockCall.MatchString(called) || limitCall.MatchString(called)) && !harmless.MatchString(types.ExprString(n)) {
				found = append(found, n)
			}
		case *ast.KeyValueExpr:
			if types.ExprString(n.Key) == "Timeout" && !harmless.MatchString(types.ExprString(n.Value)) {
				found = append(found, n.Value)
			}
		}
		return true
	})
	return found
}

package models_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// assignment is a column and the value that an UPDATE in the source gives it.
var assignment = regexp.MustCompile(`(?:SET |, |map\[string\]any\{)"?(\w+)"?(?: = |: gorm\.Expr\(")(?:COALESCE\()?(\w+) ?([.+-]?)`)

// keepsItsValue reports whether an assignment gives a column the value that the column has
// already.
func keepsItsValue(match []string) bool {
	column, value, operator := match[1], match[2], match[3]
	return column == value && operator == ""
}

// On a Galera cluster, an update that does not change its row locks nothing at the other
// nodes. Before all locks changed their row, 7 of 24 sessions that were opened there while
// the password of their account changed were still open after the change.
func TestLocksChangeTheirRow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"UPDATE servers SET name = name WHERE id = ?":                       true,
		"UPDATE servers SET a = ?, name = name":                             true,
		`"UPDATE throttle SET hits = hits"`:                                 true,
		"SET signed_in_at = COALESCE(signed_in_at, ?)":                      true,
		`map[string]any{"signed_in_at": gorm.Expr("COALESCE(signed_in_at`:   true,
		"SET lock_version = lock_version + 1":                               false,
		"UPDATE servers SET name = names.name":                              false,
		"UPDATE servers SET change_seq = change_seq + 1, name = ?":          false,
		"UPDATE sessions SET token_hash = ?, confirmed_at = ? WHERE id = ?": false,
	} {
		if got := anyMatch(text); got != want {
			t.Errorf("the guard says %v about %q, want %v", got, text, want)
		}
	}
	// These updates only compare, while a lock that changes its row is held.
	compares := map[string]string{"invite_answer.go": "UPDATE invite_servers SET libraries = libraries "}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d files with error %v, want the package's own", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for number, line := range strings.Split(string(text), "\n") {
			// updateAccount raises lock_version in each of its updates.
			allowed := strings.Contains(line, "updateAccount(") || (compares[file] != "" && strings.Contains(line, compares[file]))
			if anyMatch(line) && !allowed {
				t.Errorf("%s:%d: an update gives a column the value that it has, want one that raises lock_version (lockRow in lock.go):\n%s",
					file, number+1, strings.TrimSpace(line))
			}
		}
	}
}

func anyMatch(text string) bool {
	return slices.ContainsFunc(assignment.FindAllStringSubmatch(text, -1), keepsItsValue)
}

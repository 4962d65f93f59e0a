package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestWhatTheServiceCanDo checks the tables of agent.md about what the service can do to a server:
// each line names a test, and the tests exist.
func TestWhatTheServiceCanDo(t *testing.T) {
	t.Parallel()
	_, section, found := strings.Cut(read(t, "agent.md"), "\n### What the service can do, and what it cannot\n")
	if !found {
		t.Fatal("agent.md has no section about what the service can do, want one")
	}
	section, _, _ = strings.Cut(section, "\n### ")
	citation := regexp.MustCompile("`([a-z0-9_/]+): (Test\\w+)`")
	tests, lines := map[string]map[string]bool{}, 0
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| The service") || strings.HasPrefix(line, "| ---") {
			continue
		}
		lines++
		cited := citation.FindAllStringSubmatch(line, -1)
		if len(cited) == 0 {
			t.Errorf("agent.md: this line names no `package: TestName`: %s", line)
		}
		for _, one := range cited {
			folder, name := one[1], one[2]
			if tests[folder] == nil {
				tests[folder] = testsOf(t, folder)
			}
			if !tests[folder][name] {
				t.Errorf("agent.md names `%s: %s`, and there is no such test%s", folder, name, elsewhere(t, folder, name))
			}
		}
	}
	if lines < 15 {
		t.Errorf("%d lines, want 15 at least: the form of the tables has changed", lines)
	}
}

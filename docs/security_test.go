package docs_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSecurityList checks security.md against the code: every requirement has a row, every test
// that a row names exists in the package that the row names, and every number that a comment cites
// has a row.
func TestSecurityList(t *testing.T) {
	t.Parallel()
	rows := securityRows(t)
	for _, number := range securityNumbers() {
		if rows[number] == "" {
			t.Errorf("security.md: %s has no row; add one with the tests that prove it, or with \"Not yet: …\"", number)
		}
		delete(rows, number)
	}
	for number := range rows {
		t.Errorf("security.md: %s is not a number of the list", number)
	}
	cited := regexp.MustCompile(`\b[RF]-[0-9]{2}\b`)
	known := securityNumbers()
	for _, path := range goFiles(t) {
		for _, number := range cited.FindAllString(comments(read(t, path)), -1) {
			if !slices.Contains(known, number) {
				t.Errorf("%s cites %s, which has no row in security.md", path, number)
			}
		}
	}
}

// securityRows reads the tables of security.md, and checks the form of each row and the tests that
// the row names. It returns the third column of each row, by the number of the requirement.
func securityRows(t *testing.T) map[string]string {
	t.Helper()
	var (
		row      = regexp.MustCompile(`^\| ([RFA]-\d\d) \| ([^|]+\.) \| ([^|]+) \|$`)
		citation = regexp.MustCompile("`([a-z0-9_/]+): ((?:Test|Fuzz)\\w+)`")
		rows     = map[string]string{}
		tests    = map[string]map[string]bool{} // by package
		before   = ""
	)
	for line := range strings.Lines(read(t, "security.md")) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| R-") && !strings.HasPrefix(line, "| F-") && !strings.HasPrefix(line, "| A-") {
			continue
		}
		found := row.FindStringSubmatch(line)
		if found == nil {
			t.Errorf("security.md: this row is not \"| R-nn | One sentence. | proof |\": %s", line)
			continue
		}
		number, proof := found[1], found[3]
		if before != "" && before[0] == number[0] && number <= before {
			t.Errorf("security.md: %s stands after %s", number, before)
		}
		before, rows[number] = number, proof
		cited := citation.FindAllStringSubmatch(proof, -1)
		if len(cited) == 0 && !strings.HasPrefix(proof, "Not yet: ") && !strings.HasPrefix(proof, "Does not apply: ") {
			t.Errorf("security.md: %s names no `package: TestName` and does not begin with \"Not yet: \" or \"Does not apply: \"", number)
		}
		for _, one := range cited {
			folder, name := one[1], one[2]
			if tests[folder] == nil {
				tests[folder] = testsOf(t, folder)
			}
			if !tests[folder][name] {
				t.Errorf("security.md: %s names `%s: %s`, and there is no such test%s", number, folder, name, elsewhere(t, folder, name))
			}
		}
	}
	return rows
}

// securityNumbers returns the numbers of all requirements for which security.md must have a row.
func securityNumbers() []string {
	var numbers []string
	for i := 1; i <= 96; i++ {
		numbers = append(numbers, fmt.Sprintf("R-%02d", i))
	}
	for i := 1; i <= 18; i++ {
		numbers = append(numbers, fmt.Sprintf("F-%02d", i))
	}
	for i := 1; i <= 38; i++ {
		numbers = append(numbers, fmt.Sprintf("A-%02d", i))
	}
	return numbers
}

// testsOf returns the names of the test functions in a folder, whatever the build tags of their
// files are.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, path := range paths {
		for _, found := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(read(t, path), -1) {
			names[found[1]] = true
		}
	}
	return names
}

// elsewhere returns a hint for the person who corrects the row: in which other package a test with
// that name exists, or which tests have similar names.
func elsewhere(t *testing.T, folder, name string) string {
	t.Helper()
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") && strings.Contains(read(t, path), "\nfunc "+name+"(") {
			return ", but one in " + filepath.Dir(strings.TrimPrefix(path, "../"))
		}
	}
	var near []string
	for other := range maps.Keys(testsOf(t, folder)) {
		if strings.Contains(other, strings.TrimPrefix(name, "Test")) || strings.Contains(name, strings.TrimPrefix(other, "Test")) {
			near = append(near, other)
		}
	}
	if len(near) == 0 {
		return ""
	}
	slices.Sort(near)
	return "; similar names: " + strings.Join(near, ", ")
}

// goFiles returns the paths of all Go files of the repository, relative to this
// folder. Hidden folders and the tools' cache are left out.
func goFiles(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != ".." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "bin"):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ".go"):
			paths = append(paths, filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 300 {
		t.Fatalf("only %d Go files were found", len(paths))
	}
	return paths
}

// comments returns the text of the line comments of a Go file, one comment a line. It also takes
// the text after // in the middle of a string for a comment. That does no harm, because the guards
// that read comments look for texts that occur in no string.
func comments(source string) string {
	var text strings.Builder
	for line := range strings.Lines(source) {
		if _, comment, found := strings.Cut(line, "//"); found {
			text.WriteString(comment)
		}
	}
	return text.String()
}

// read returns the contents of a file.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCitedTests reads the names of tests in the guide for contributors, in the form
// `package: TestName`, and checks that each of these tests exists.
func TestCitedTests(t *testing.T) {
	t.Parallel()
	citations := regexp.MustCompile("`([a-z0-9_/]+): (Test\\w+)`").FindAllStringSubmatch(read(t, "../CONTRIBUTING.md"), -1)
	if len(citations) < 10 {
		t.Errorf("CONTRIBUTING.md names %d tests, want 10 or more", len(citations))
	}
	for _, cited := range citations {
		if !testsOf(t, cited[1])[cited[2]] {
			t.Errorf("CONTRIBUTING.md names `%s: %s`, and there is no such test%s", cited[1], cited[2], elsewhere(t, cited[1], cited[2]))
		}
	}
}

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPaths checks that each file and folder that the documents for contributors name exists. A
// path that contains THING, NAME or LANGUAGE is a pattern, which must match at least one file.
func TestPaths(t *testing.T) {
	t.Parallel()
	top := regexp.MustCompile(`^(agent|client|cmd|config|docs|e2e|handlers|internal|jobs|mailer|models|packaging|scripts|servicetest|templates)/`)
	for _, document := range []string{"architecture.md", "features.md", "../CONTRIBUTING.md"} {
		for _, found := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(withoutCode(read(t, document)), -1) {
			path := found[1]
			if !top.MatchString(path) || strings.ContainsAny(path, " …:") {
				continue
			}
			pattern := regexp.MustCompile(`THING|NAME|LANGUAGE|NUMBER|ENGINE`).ReplaceAllString(path, "*")
			matches, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
			if err != nil {
				t.Fatal(err)
			}
			if len(matches) == 0 {
				t.Errorf("%s names %s, which is not there", document, path)
			}
		}
	}
}

// TestHouse checks that architecture.md shows every folder that has code, so that each new folder
// gets its place in the order of the folders.
func TestHouse(t *testing.T) {
	t.Parallel()
	text := read(t, "architecture.md")
	for _, pattern := range []string{"../*", "../internal/*"} {
		folders, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			name := strings.TrimPrefix(filepath.ToSlash(folder), "../")
			if name == "docs" || name == "packaging" || name == "internal" { // these have only tests, or are themselves a floor of the house
				continue
			}
			if hasGo(t, folder) && !strings.Contains(text, "`"+name) && !strings.Contains(text, " "+name+"/") {
				t.Errorf("architecture.md does not show %s: put it into the drawing, and into .golangci.yml what it may import", name)
			}
		}
	}
}

// hasGo reports whether a folder, or a folder in it, has Go files. The cache of the tools and the
// folder of built programs do not count.
func hasGo(t *testing.T, folder string) bool {
	t.Helper()
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return false
	}
	if base := filepath.Base(folder); base == "tools" || base == "bin" || base == "data" || base == "coverage" {
		return false
	}
	for _, depth := range []string{"*.go", "*/*.go"} {
		if found, err := filepath.Glob(filepath.Join(folder, depth)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines is the greatest number of lines of a Go file, tests included.
const maxLines = 450

// features holds both tables of features.md.
type features struct {
	names []string                   // the features
	files []string                   // paths of the files that the rows name
	words map[string]map[string]bool // words that are not features, by folder
}

// TestFeatures checks that a feature has the same name in every folder: the files that each row
// names exist, and no other file has a name that begins with an unknown word.
func TestFeatures(t *testing.T) {
	t.Parallel()
	f := readFeatures(t)
	for _, path := range f.files {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(path))); err != nil {
			t.Errorf("features.md names %s, which is not there: move the file to this name, or put a dash into the row with the reason", path)
		}
	}
	for folder, pattern := range map[string]string{
		"models":            "../models/*.go",
		"handlers":          "../handlers/*.go",
		"client":            "../client/*.go",
		"templates/pages":   "../templates/pages/*.html",
		"templates/locales": "../templates/locales/*/*.json",
	} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, path := range paths {
			if !f.knows(folder, stem(path)) {
				t.Errorf("%s: its name begins with no word of features.md; name it after its feature (thing_verb), "+
					"or add a row if the feature is new", strings.TrimPrefix(filepath.ToSlash(path), "../"))
			}
		}
	}
}

// readFeatures reads both tables of features.md.
func readFeatures(t *testing.T) features {
	t.Helper()
	f := features{words: map[string]map[string]bool{}}
	columns := []string{"models/NAME.go", "handlers/page_NAME.go", "handlers/api_NAME.go", "client/NAME.go", "templates/pages/NAME.html"}
	for line := range strings.Lines(read(t, "features.md")) {
		cells := cells(line)
		switch len(cells) {
		case 8:
			name := cells[0]
			if len(f.names) > 0 && name <= f.names[len(f.names)-1] {
				t.Errorf("features.md: %s stands after %s; sort the rows", name, f.names[len(f.names)-1])
			}
			f.names = append(f.names, name)
			dashes := 0
			for i, pattern := range columns {
				for file := range strings.SplitSeq(cells[i+2], ", ") {
					if file == "–" {
						dashes++
						continue
					}
					if file != name && file != plural(name) && !strings.HasPrefix(file, name+"_") {
						t.Errorf("features.md: the file %q does not begin with its feature, %s", file, name)
					}
					f.files = append(f.files, strings.Replace(pattern, "NAME", file, 1))
				}
			}
			if dashes > 0 && cells[7] == "" {
				t.Errorf("features.md: %s lacks a half, and the row does not say why", name)
			}
		case 3:
			for folder := range strings.SplitSeq(cells[1], ", ") {
				if f.words[folder] == nil {
					f.words[folder] = map[string]bool{}
				}
				for word := range strings.SplitSeq(cells[0], ", ") {
					f.words[folder][word] = true
				}
			}
		}
	}
	if len(f.names) < 40 || len(f.words) < 4 {
		t.Fatalf("features.md: %d features and words of %d folders were read, want 40 and 4 or more", len(f.names), len(f.words))
	}
	return f
}

// cells returns the cells of a row of a table. It returns nothing for any other line, for the head
// of a table and for the line below the head.
func cells(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| Feature |") || strings.HasPrefix(line, "| Word |") {
		return nil
	}
	var all []string
	for cell := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|") {
		all = append(all, strings.TrimSpace(cell))
	}
	return all
}

// TestLengthOfFiles checks that every Go file is short enough to be read at once.
func TestLengthOfFiles(t *testing.T) {
	t.Parallel()
	for _, path := range goFiles(t) {
		if lines := strings.Count(read(t, path), "\n"); lines > maxLines {
			t.Errorf("%s has %d lines, want %d at the most: split it by what it is about", strings.TrimPrefix(path, "../"), lines, maxLines)
		}
	}
}

// TestFeatureGuard checks the function knows, which TestFeatures uses.
func TestFeatureGuard(t *testing.T) {
	t.Parallel()
	f := readFeatures(t)
	for _, c := range []struct {
		folder, stem string
		want         bool
	}{
		{"handlers", "page_links", true},
		{"handlers", "api_link", true},
		{"handlers", "page_server_owner", true},
		{"handlers", "view_connect", false},
		{"handlers", "page_forgot", false},
		{"handlers", "routes_invites", true}, // routes_ is a known word, and any name may follow it
		{"models", "export_connect", true},
		{"models", "connect_guard", false},
		{"models", "contract_bridge", false},
		{"models", "store", true},
		{"models", "store_more", false},
		{"client", "server_owned", true},
		{"client", "sendings", false},
		{"templates/pages", "invitations", false},
		{"templates/locales", "connect", false},
	} {
		if got := f.knows(c.folder, c.stem); got != c.want {
			t.Errorf("%s/%s: known is %v, want %v", c.folder, c.stem, got, c.want)
		}
	}
}

// knows reports whether stem, the name of a file without its ending, begins with a feature or with
// another word that features.md allows in the folder.
func (f features) knows(folder, stem string) bool {
	for word := range f.words[folder] {
		if stem == word || strings.HasSuffix(word, "_") && strings.HasPrefix(stem, word) {
			return true
		}
	}
	if folder == "templates/locales" {
		return false
	}
	if folder == "handlers" {
		rest, page := strings.CutPrefix(stem, "page_")
		if !page {
			var api bool
			if rest, api = strings.CutPrefix(stem, "api_"); !api {
				return false
			}
		}
		stem = rest
	}
	for _, name := range f.names {
		for _, begin := range []string{name, plural(name)} {
			if stem == begin || strings.HasPrefix(stem, begin+"_") {
				return true
			}
		}
	}
	return false
}

// plural returns the name that the file with the list of a feature has.
func plural(name string) string { return name + "s" }

// stem returns the name of a file without its ending, "_test" and the name of an
// operating system.
func stem(path string) string {
	name := filepath.Base(path)
	name = strings.TrimSuffix(name, filepath.Ext(name))
	name = strings.TrimSuffix(name, "_test")
	for _, system := range []string{"_linux", "_unix", "_other", "_windows"} {
		name = strings.TrimSuffix(name, system)
	}
	return name
}

// Package docs_test compares the documents with the code and the files that they
// describe, and holds the rules for names and comments.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents returns the texts of all documents by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "help/*/*.md", "adr/*.md", "../*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(text)
		}
	}
	if len(texts) < 15 {
		t.Fatalf("only %d documents were found", len(texts))
	}
	return texts
}

// TestLinks checks that every file, picture and heading to which a document points
// exists.
func TestLinks(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	headings := map[string]map[string]bool{}
	for path, text := range texts {
		headings[absolute(t, path)] = anchors(text)
	}
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|<img src="([^"]+)"`)
	for path, text := range texts {
		for _, found := range link.FindAllStringSubmatch(withoutCode(text), -1) {
			to := found[1] + found[2]
			if strings.Contains(to, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(to, "#")
			target := absolute(t, path)
			if file != "" {
				target = absolute(t, filepath.Join(filepath.Dir(path), file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s points to %s, which is not there", path, to)
			}
			if anchor != "" && !headings[target][anchor] {
				t.Errorf("%s points to %s, and there is no such heading", path, to)
			}
		}
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// withoutCode returns a text without its fenced code.
func withoutCode(text string) string {
	return regexp.MustCompile("(?s)\n```.*?\n```").ReplaceAllString(text, "")
}

// anchors returns the headings of a document in the form in which links name them.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(withoutCode(text), -1) {
		name := strings.ToLower(found[1])
		name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
		all[strings.ReplaceAll(name, " ", "-")] = true
	}
	return all
}

// TestProxySnippets checks that the guide shows the files for the proxies unchanged, so that the
// tests of these files also hold for the guide.
func TestProxySnippets(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("agent.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../packaging/agent.Caddyfile", "../packaging/agent.nginx.conf"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, begun := strings.Cut(string(text), "# Connect: begin\n")
		snippet, _, ended := strings.Cut(rest, "# Connect: end")
		if !begun || !ended || strings.TrimSpace(snippet) == "" {
			t.Errorf("%s has no marked part", path)
			continue
		}
		if !strings.Contains(flat(string(guide)), flat(snippet)) {
			t.Errorf("agent.md does not show the marked part of %s as it is", path)
		}
	}
}

// flat returns a text without the indentation of its lines.
func flat(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

// TestTroubles checks that the guide for administrators explains troubles with the texts that the
// agent uses.
func TestTroubles(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	for _, path := range goFiles(t) {
		if strings.HasPrefix(path, "../agent/") || strings.HasPrefix(path, "../cmd/") {
			said.WriteString(read(t, path))
		}
	}
	_, table, _ := strings.Cut(read(t, "agent.md"), "| What the agent says | What to do |\n| --- | --- |\n")
	rows := 0
	for line := range strings.Lines(table) {
		trouble, found := strings.CutPrefix(line, "| ")
		if !found {
			break
		}
		rows++
		if trouble, _, _ = strings.Cut(trouble, " |"); !strings.Contains(said.String(), trouble) {
			t.Errorf("agent.md explains %q, and the agent says no such thing", trouble)
		}
	}
	if rows < 15 {
		t.Errorf("agent.md explains %d troubles, want 15 or more", rows)
	}
}

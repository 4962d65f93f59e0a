package docs_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/docs"
	"github.com/latchkey-media/latchkey/templates"
)

// TestHelp checks the help for people at home: each language of the service has the same documents with
// the same headings, links and tables, and what stands in bold is a text of the pages in that language.
func TestHelp(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	english := helpIn(t, "en")
	if len(english) < 7 {
		t.Fatalf("the help has %d documents in English, want at least 7", len(english))
	}
	for _, language := range catalogue.Languages() {
		texts := textsIn(t, language.Code)
		help := helpIn(t, language.Code)
		for name, want := range english {
			document := help[name]
			if document == "" {
				t.Errorf("help/%s/%s is missing, want it as in English", language.Code, name)
				continue
			}
			if diff := cmp.Diff(outline(want), outline(document)); diff != "" {
				t.Errorf("help/%s/%s has another outline than the English document (-en +%s):\n%s", language.Code, name, language.Code, diff)
			}
			for _, bold := range regexp.MustCompile(`\*\*([^*]+)\*\*`).FindAllStringSubmatch(document, -1) {
				if !texts[strings.ReplaceAll(bold[1], "\n", " ")] { // a text may go on in the next line
					t.Errorf("help/%s/%s has %q in bold, which is no text of a page in that language", language.Code, name, bold[1])
				}
			}
		}
		for name := range help {
			if english[name] == "" {
				t.Errorf("help/%s/%s is in no other language", language.Code, name)
			}
		}
	}
}

// helpIn returns the documents of the help in a language, by name.
func helpIn(t *testing.T, code string) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := fs.Glob(docs.Help(), code+"/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(docs.Help(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[path.Base(name)] = string(text)
	}
	return all
}

// textsIn returns the texts of a language.
func textsIn(t *testing.T, code string) map[string]bool {
	t.Helper()
	names, err := fs.Glob(templates.Locales(), code+"/*.json")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for _, name := range names {
		source, err := fs.ReadFile(templates.Locales(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range regexp.MustCompile(`": "(.*)",?\n`).FindAllStringSubmatch(string(source), -1) {
			texts[text[1]] = true
		}
	}
	return texts
}

// outline returns what two documents in different languages have in common: the kinds of their lines,
// without the lines that only go on.
func outline(document string) []string {
	var lines []string
	for line := range strings.Lines(document) {
		mark := regexp.MustCompile(`^(#+ |\d\. |- |\| --- .*|\|)`).FindString(line)
		links := regexp.MustCompile(`\]\(([^)]*)\)`).FindAllString(line, -1)
		if mark = strings.TrimSpace(mark); mark != "" || len(links) > 0 {
			lines = append(lines, strings.Join(slices.Concat([]string{mark}, links), ""))
		}
	}
	// A link moves to another line when the words before it are longer.
	return lines
}

package builtin_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/builtin"
)

func TestDemoCatalogueIsGood(t *testing.T) {
	t.Parallel()
	if _, err := builtin.ReadCatalogue(builtin.DemoCatalogue); err != nil {
		t.Error(err)
	}
}

// The example in docs/agent.md works as it is.
func TestCatalogueOfTheDocuments(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../docs/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "### A catalogue\n")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/agent.md has no example of a catalogue, want one")
	}
	k := newKit(t)
	k.stock(example)
	list := k.items("/Items?Recursive=true", k.mint(k.add("boss", "x", true)))
	var got []string
	for _, i := range list.Items {
		got = append(got, i.Type+" "+i.Name)
	}
	want := []string{"Movie Quayside Nine", "Folder For a rainy Sunday", "Movie Der dritte Wecker", "Series Captain Kettle", "Season Season 1", "Episode The Sea of Crumbs"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

// FuzzCatalogue checks that no text makes the reader fail in another way than with a message.
func FuzzCatalogue(f *testing.F) {
	for _, seed := range []string{house, "", "libraries: []", "libraries:\n- name: A\n  items: [{name: B, items: [{name: C}]}]", "a: &a [*a]", "libraries: {}\nratings: [US]", "- [[[["} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		catalogue, err := builtin.ParseCatalogue(text)
		if err != nil {
			if !errors.Is(err, builtin.ErrCatalogue) {
				t.Errorf("error %v, want %v", err, builtin.ErrCatalogue)
			}
			return
		}
		if catalogue == nil {
			t.Error("got no catalogue and no error, want one of them")
		}
	})
}

// Each problem names the file, the line and the thing, and says what is possible.
func TestCatalogueProblems(t *testing.T) {
	t.Parallel()
	deep := "libraries:\n- name: A\n"
	for i := range 8 {
		indent := strings.Repeat("  ", i)
		deep += fmt.Sprintf("%s  items:\n%s  - name: F%d\n%s    type: Folder\n", indent, indent, i, indent)
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":               {"# nothing\n", "file.yaml: it is empty; write at least one library"},
		"no YAML":             {"libraries: [", "file.yaml: it is not YAML: line 1:"},
		"a list":              {"- a\n", "file.yaml:1: there must be lines of the form name: value here"},
		"no libraries":        {"ratings: US\n", "file.yaml:1: there are no libraries"},
		"two documents":       {"libraries: []\n---\nlibraries: []\n", "it has several documents"},
		"unknown country":     {"ratings: FR\nlibraries: []\n", `file.yaml:1: ratings: "FR" is not one of US, UK, DE`},
		"unknown key":         {"libraries:\n- name: A\n  colour: red\n", "file.yaml:3: A: colour: there is no such key here; known are name, type, tags, items"},
		"unknown item key":    {"libraries:\n- name: A\n  items:\n  - {name: B, ratng: PG}\n", "file.yaml:4: A / B: ratng: there is no such key here; known are name, sort, type, rating"},
		"a key twice":         {"libraries:\n- name: A\n  name: B\n", "A: name: it is here for the second time"},
		"unknown rating":      {"libraries:\n- name: A\n  items:\n  - name: B\n    rating: PG-12\n", `file.yaml:4: A / B: rating: the rating "PG-12" is not known; known are US: Approved, G`},
		"unknown library":     {"libraries:\n- {name: A, type: films}\n", `file.yaml:2: A: type: "films" is not one of movies, tvshows, music`},
		"unknown type":        {"libraries:\n- name: A\n  items:\n  - {name: B, type: Film}\n", `file.yaml:4: A / B: type: "Film" is not one of Folder, Movie`},
		"no name":             {"libraries:\n- name: A\n  items:\n  - {type: Movie}\n", "file.yaml:4: A / an entry: write a name"},
		"an empty name":       {"libraries:\n- name: A\n  items:\n  - {name: \" \"}\n", "name: the text is empty"},
		"a long name":         {"libraries:\n- name: A\n  items:\n  - name: " + strings.Repeat("b", 201) + "\n", "the text is longer than 200 characters"},
		"a control character": {"libraries:\n- name: A\n  items:\n  - name: \"B\\u202e\"\n", "the text has a character that cannot be shown"},
		"a bad library name":  {"libraries:\n- name: A/B\n", "file.yaml:2: A/B: name: a name has 1 to 64 letters"},
		"two of a name":       {"libraries:\n- name: A\n  items:\n  - name: B\n  - name: b\n", "file.yaml:5: A / b: the entry in line 4 has the same name"},
		"two libraries":       {"libraries:\n- name: A\n- name: a\n", "file.yaml:3: a: the entry in line 2 has the same name"},
		"items of a film":     {"libraries:\n- name: A\n  items:\n  - name: B\n    type: Movie\n    items: []\n", "A / B: there cannot be items in a Movie"},
		"a year":              {"libraries:\n- name: A\n  items:\n  - {name: B, year: soon}\n", `A / B: year: "soon" is not a whole number from 1800 to 2200`},
		"a day":               {"libraries:\n- name: A\n  items:\n  - {name: B, added: yesterday}\n", `A / B: added: "yesterday" is not a day such as 2026-05-17`},
		"a tag for a list":    {"libraries:\n- name: A\n  items:\n  - {name: B, tags: one}\n", "A / B: tags: there must be a list here"},
		"too many tags":       {"libraries:\n- name: A\n  items:\n  - {name: B, tags: [" + strings.Repeat("a,", 33) + "]}\n", "tags: there can be 32 entries"},
		"an alias":            {"libraries:\n- name: &a A\n- name: *a\n", "file.yaml:3: a: name: there must be a text here"},
		"items as a text":     {"libraries:\n- name: A\n  items: B\n", "A / there must be a list here"},
		"an entry as a text":  {"libraries:\n- B\n", "an entry: there must be lines of the form name: value here"},
		"too deep":            {deep, "there can be 8 levels"},
		"too many items":      {"libraries:\n- name: A\n  items:\n" + numbered(5000), "file.yaml:5003: there can be 5000 libraries and items"},
		"too large":           {strings.Repeat("#", 4<<20+1), "the file is larger than 4 MiB"},
		"the 21st problem":    {"libraries:\n- name: A\n  items:\n" + strings.Repeat("  - {}\n", 25), "and 5 more"},
	} {
		_, err := builtin.ParseCatalogue(c.text)
		if !errors.Is(err, builtin.ErrCatalogue) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %v that says %q", name, err, builtin.ErrCatalogue, c.says)
		}
	}
}

// numbered returns n items.
func numbered(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "  - name: n%d\n", i)
	}
	return text.String()
}

func TestCatalogueFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalogue.yaml")
	_, err := builtin.ReadCatalogue(path)
	if !errors.Is(err, builtin.ErrCatalogue) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "name a YAML file, or demo") {
		t.Errorf("no such file: error %v, want %v that says what to do", err, builtin.ErrCatalogue)
	}
	if err := os.WriteFile(path, []byte("libraries:\n- name: A\n"+"  items:\n"+numbered(4999)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := builtin.ReadCatalogue(path); err != nil {
		t.Errorf("as many items as there can be: error %v, want none", err)
	}
}

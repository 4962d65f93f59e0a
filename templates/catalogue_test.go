package templates

import (
	"io/fs"
	"regexp"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	english := messagesOf(t, DefaultLanguage)
	for _, code := range codes(t) {
		other := messagesOf(t, code)
		for key, message := range english {
			if other[key] == nil {
				t.Errorf("%s has no text for %s, want one as in English", code, key)
				continue
			}
			if diff := cmp.Diff(placeholders(message), placeholders(other[key])); diff != "" {
				t.Errorf("%s of %s has other placeholders (-en +%s):\n%s", key, code, code, diff)
			}
			if (message.One == "") != (other[key].One == "") {
				t.Errorf("%s has plural forms in only one of en and %s, want both or neither", key, code)
			}
		}
		for key := range other {
			if english[key] == nil {
				t.Errorf("%s has the text %s, want no text that English lacks", code, key)
			}
			if other[key].Other == "" {
				t.Errorf("%s has an empty text for %s, want a text", code, key)
			}
		}
	}
}

func TestSay(t *testing.T) {
	t.Parallel()
	c := testCatalogue(t)
	tests := []struct {
		name, locale, key string
		params            map[string]any
		want              string
	}{
		{"plain", "de", "hello", nil, "Hallo"},
		{"placeholder", "de", "name", map[string]any{"Name": "Ann"}, "Ich bin Ann"},
		{"braces in a value stay as they are", "en", "name", map[string]any{"Name": "{{.X}}"}, "I am {{.X}}"},
		{"number", "de", "name", map[string]any{"Name": 7}, "Ich bin 7"},
		{"other value", "de", "name", map[string]any{"Name": 1.5}, "Ich bin 1.5"},
		{"several", "en", "both", map[string]any{"A": "a", "B": "{{.A}}"}, "a and {{.A}}, a"},
		{"with a function", "en", "quoted", map[string]any{"Name": "Ann"}, `"Ann"`},
		{"one", "de", "days", map[string]any{"Count": 1}, "1 Tag"},
		{"other", "de", "days", map[string]any{"Count": 3}, "3 Tage"},
		{"only in English", "de", "only", nil, "Only here"},
		{"only in English, with a placeholder", "de", "only.name", map[string]any{"Name": "Ann"}, "Only Ann"},
		{"in no language", "de", "nowhere", nil, "nowhere"},
		{"unknown language", "xx", "hello", nil, "Hello"},
	}
	for _, tt := range tests {
		if got := c.Say(tt.locale, tt.key, tt.params); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	c := embedded(t)
	tests := []struct {
		wishes []string
		want   string
	}{
		{nil, "en"},
		{[]string{""}, "en"},
		{[]string{"de"}, "de"},
		{[]string{"de-AT,de;q=0.8,en;q=0.5"}, "de"},
		{[]string{"fr-FR, en;q=0.2, de;q=0.7"}, "de"},
		{[]string{"ja"}, "en"},
		{[]string{"en", "de"}, "en"},
		{[]string{"", "de-CH"}, "de"},
		{[]string{"\x00;;;q=q", "de"}, "de"},
	}
	for _, tt := range tests {
		if got := c.Match(tt.wishes...); got != tt.want {
			t.Errorf("Match(%q) = %q, want %q", tt.wishes, got, tt.want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	c := embedded(t)
	at := time.Date(2026, time.March, 1, 0, 3, 0, 0, time.FixedZone("", 2*60*60))
	got := []string{c.Date("en", at), c.DateTime("en", at), c.Date("de", at), c.DateTime("de", at)}
	want := []string{"28 February 2026", "28 February 2026, 22:03 UTC", "28. Februar 2026", "28. Februar 2026, 22:03 Uhr UTC"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dates (-want +got):\n%s", diff)
	}
}

func TestLanguagesNameThemselves(t *testing.T) {
	t.Parallel()
	want := []Language{{"en", "English"}, {"de", "Deutsch"}}
	if diff := cmp.Diff(want, embedded(t).Languages()); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
}

func TestCatalogueIsForManyAtOnce(t *testing.T) {
	t.Parallel()
	c := testCatalogue(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := c.Say("de", "name", map[string]any{"Name": "Ann"}); got != "Ich bin Ann" {
					t.Errorf("got %q, want \"Ich bin Ann\"", got)
				}
			}
		})
	}
	all.Wait()
}

func embedded(t *testing.T) *Catalogue {
	t.Helper()
	c, err := NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testCatalogue(t *testing.T) *Catalogue {
	t.Helper()
	c, err := readCatalogue(fstest.MapFS{
		"en/a.json": {Data: []byte(`{"hello": "Hello", "name": "I am {{.Name}}", "only": "Only here",
			"only.name": "Only {{.Name}}", "both": "{{.A}} and {{.B}}, {{.A}}", "quoted": "{{printf \"%q\" .Name}}", "days": {"one": "{{.Count}} day", "other": "{{.Count}} days"}}`)},
		"de/a.json": {Data: []byte(`{"hello": "Hallo", "name": "Ich bin {{.Name}}",
			"days": {"one": "{{.Count}} Tag", "other": "{{.Count}} Tage"}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func codes(t *testing.T) []string {
	t.Helper()
	folders, err := fs.ReadDir(Locales(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, folder := range folders {
		all = append(all, folder.Name())
	}
	return all
}

func messagesOf(t *testing.T, code string) map[string]*i18n.Message {
	t.Helper()
	messages, err := readLanguage(Locales(), code)
	if err != nil {
		t.Fatal(err)
	}
	byKey := make(map[string]*i18n.Message, len(messages))
	for _, message := range messages {
		byKey[message.ID] = message
	}
	return byKey
}

func placeholders(m *i18n.Message) []string {
	found := regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(m.One+m.Other, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

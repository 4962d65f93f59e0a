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
	"golang.org/x/text/language"
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
			wanted := []string{"other"}
			if message.One != "" {
				wanted = pluralForms(t, code)
			}
			if diff := cmp.Diff(wanted, formsOf(other[key])); diff != "" {
				t.Errorf("%s of %s does not have the plural forms of its language (-want +got):\n%s", key, code, diff)
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
		{[]string{"ja-JP, en;q=0.2, de;q=0.7"}, "de"},
		{[]string{"ja"}, "en"},
		{[]string{"fr-CA, en;q=0.5"}, "fr"},
		{[]string{"pt-PT"}, "pt"},
		{[]string{"es-419"}, "es"},
		{[]string{"iw"}, "he"}, // the old code of Hebrew
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
	want := []Language{
		{"en", "English"},
		{"de", "Deutsch"},
		{"es", "Español"},
		{"fr", "Français"},
		{"he", "עברית"},
		{"it", "Italiano"},
		{"nl", "Nederlands"},
		{"pl", "Polski"},
		{"pt", "Português"},
	}
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

// placeholders returns the placeholders of a message. Every plural form but the one for a single
// thing must have all of them.
func placeholders(m *i18n.Message) []string { return placeholdersOf(m.One + m.Other) }

func placeholdersOf(text string) []string {
	found := regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// formsOf returns the names of the plural forms that a message has, sorted.
func formsOf(m *i18n.Message) []string {
	var names []string
	for name, text := range allForms(m) {
		if text != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func allForms(m *i18n.Message) map[string]string {
	return map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other}
}

// pluralForms returns the names of the plural forms of a language, sorted, as CLDR has them. It
// asks for a text that has every form with many numbers, and returns the forms that were chosen.
func pluralForms(t *testing.T, code string) []string {
	t.Helper()
	tag := language.MustParse(code)
	bundle := i18n.NewBundle(tag)
	names := &i18n.Message{ID: "names", Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"}
	if err := bundle.AddMessages(tag, names); err != nil {
		t.Fatal(err)
	}
	localizer := i18n.NewLocalizer(bundle, code)
	var found []string
	ask := func(count any) {
		name, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: "names", PluralCount: count})
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, name)
	}
	for count := range 200 {
		ask(count)
	}
	ask(1_000_000)
	ask("1.5")
	slices.Sort(found)
	return slices.Compact(found)
}

// A plural form without its number would leave the reader without it. The form for one thing may
// say it in words.
func TestPluralFormsHaveTheirValues(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		for key, message := range messagesOf(t, code) {
			for name, text := range allForms(message) {
				if name == "one" || text == "" {
					continue
				}
				if diff := cmp.Diff(placeholdersOf(message.Other), placeholdersOf(text)); diff != "" {
					t.Errorf("%s of %s has other placeholders in the form %s (-other +%s):\n%s", key, code, name, name, diff)
				}
			}
		}
	}
}

// The texts of a language that is written from right to left say so, and those of no other language.
func TestDirectionSuitsTheScript(t *testing.T) {
	t.Parallel()
	c := embedded(t)
	for _, code := range codes(t) {
		script, _ := language.MustParse(code).Script()
		want := "ltr"
		if slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa"}, script.String()) {
			want = "rtl"
		}
		if got := c.Say(code, "language.direction", nil); got != want {
			t.Errorf("the direction of %s is %q, want %q", code, got, want)
		}
	}
}

// Long dates have the form that CLDR gives for the language.
func TestDatesOfEachLanguage(t *testing.T) {
	t.Parallel()
	c := embedded(t)
	day := time.Date(2026, time.March, 5, 12, 0, 0, 0, time.UTC)
	want := map[string]string{
		"en": "5 March 2026", "de": "5. März 2026", "es": "5 de marzo de 2026", "fr": "5 mars 2026", "he": "5 במרץ 2026",
		"it": "5 marzo 2026", "nl": "5 maart 2026", "pl": "5 marca 2026", "pt": "5 de março de 2026",
	}
	for _, code := range codes(t) {
		if got := c.Date(code, day); got != want[code] {
			t.Errorf("the date in %s is %q, want %q", code, got, want[code])
		}
	}
}

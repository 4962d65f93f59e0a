package mailer

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/templates"
)

// keysOf returns the keys of all texts in mails of the kind.
func keysOf(name string, k kind) []string {
	variants := []string{""}
	if len(k.variants) > 0 {
		variants = nil
		for _, variant := range k.variants {
			variants = append(variants, "."+variant)
		}
	}
	keys := []string{"why"}
	for _, part := range []string{"subject", "heading", "lead"} {
		for _, variant := range variants {
			keys = append(keys, part+variant)
			if k.person && part != "heading" {
				keys = append(keys, part+variant+".person")
			}
			if k.person && part != "heading" && slices.Contains(k.details, server) {
				keys = append(keys, part+variant+".at")
			}
		}
	}
	keys = append(keys, k.says...)
	if k.family {
		keys = append(keys, "after.family")
	}
	if k.page != "" {
		keys = append(keys, "button")
	}
	if k.second != "" {
		keys = append(keys, "second")
	}
	for i := range keys {
		keys[i] = "mail." + name + "." + keys[i]
	}
	for _, fact := range k.details {
		keys = append(keys, "mail.detail."+string(fact))
	}
	return keys
}

func TestEveryKindHasItsTexts(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for name, k := range kinds() {
		for _, key := range keysOf(name, k) {
			used[key] = true
			for _, language := range catalogue.Languages() { // TestLanguagesAgree finds a text that one of them lacks
				if said := catalogue.Say(language.Code, key, nil); said == key || said == "" {
					t.Errorf("no text has the key %s: write it in templates/locales/%s/mail.json", key, language.Code)
				}
			}
		}
	}
	for key := range mailTexts(t) {
		name, _, ofKind := strings.Cut(strings.TrimPrefix(key, "mail."), ".")
		if _, known := kinds()[name]; ofKind && known && !used[key] {
			t.Errorf("no mail uses the text %s: use it in mailer/kinds.go, or remove it from templates/locales/LANGUAGE/mail.json", key)
		}
	}
}

// mailTexts returns the keys of the texts of mails, from all files.
func mailTexts(t *testing.T) map[string]bool {
	t.Helper()
	names, err := fs.Glob(templates.Locales(), "en/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("got no texts, want some: %v", err)
	}
	keys := map[string]bool{}
	for _, name := range names {
		raw, err := fs.ReadFile(templates.Locales(), name)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]any
		if err := json.Unmarshal(raw, &texts); err != nil {
			t.Fatal(err)
		}
		for key := range texts {
			if strings.HasPrefix(key, "mail.") {
				keys[key] = true
			}
		}
	}
	return keys
}

func TestKindsAreWhole(t *testing.T) {
	t.Parallel()
	for name, k := range kinds() {
		if k.second != "" && k.page == "" {
			t.Errorf("%s has the second page %s and no first, want a first", name, k.second)
		}
		if k.again && k.page == "" {
			t.Errorf("%s has a link that may be opened again and no page, want a page", name)
		}
	}
}

package templates

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// catalogueFiles returns, for the beginning of a key, the file in a language's folder that has the
// text. If several beginnings fit a key, the longest counts.
func catalogueFiles() map[string]string {
	return map[string]string{
		"page.":           "pages.json",
		"layout.":         "pages.json", // texts that are on every page
		"captcha.":        "pages.json", // partials
		"circle.":         "pages.json", // states of servers and people of a circle
		"pin.":            "pages.json",
		"action.":         "pages.json", // links and buttons by which people leave an error page
		"page.server":     "pages_server.json",
		"page.protection": "pages_server.json",
		"page.roster":     "roster.json",
		"page.way_in":     "roster.json",
		"roster.":         "roster.json", // the owner's pages of people: texts that code chooses
		"trouble.":        "roster.json",
		"way_in.":         "roster.json",
		"page.operator":   "operator.json",
		"operator.":       "operator.json", // the pages of operators: texts that code chooses
		"field.":          "fields.json",
		"notice.":         "notices.json",
		"event.":          "notices.json", // the history of an account
		"error.":          "errors.json",
		"mail.":           "mail.json",
		"address.":        "words.json", // names and formats of single values
		"date.":           "words.json",
		"device.":         "words.json",
		"duration.":       "words.json",
		"language.":       "words.json",
		"open.":           "open.json", // the agent's page for browsers
		"library.":        "words.json",
		"import.":         "import.json", // what happens with the lines of a list
		"page.import":     "import.json",
		"page.setup":      "setup.json", // the first run
		"setup.":          "setup.json",
		"field.setting.":  "setup.json", // settings that operators change
		"level.":          "words.json",
		"unlock.":         "words.json",
		"check.":          "checks.json",  // what an agent has found out, on pages and in mails
		"health.":         "health.json",  // the checks of the service
		"webhook.":        "webhook.json", // what webhooks tell, and their pages
		"page.webhook":    "webhook.json",
		"try.":            "checks.json", // what the service has found from outside
	}
}

// catalogueFile returns the file that catalogueFiles names for a key, or "" if no beginning fits.
func catalogueFile(key string) string {
	longest, file := "", ""
	for prefix, name := range catalogueFiles() {
		if strings.HasPrefix(key, prefix) && len(prefix) > len(longest) {
			longest, file = prefix, name
		}
	}
	return file
}

// keysOf returns the keys of a catalogue file in their order. Each key must be at the beginning of
// a line, so that a search finds it.
func keysOf(t *testing.T, code, file string) []string {
	t.Helper()
	source, err := fs.ReadFile(Locales(), path.Join(code, file))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, match := range regexp.MustCompile(`(?m)^  "([^"]+)": `).FindAllSubmatch(source, -1) {
		keys = append(keys, string(match[1]))
	}
	if lines, want := strings.Count(string(source), "\n"), len(keys)+2; lines != want {
		t.Errorf("%s/%s has %d lines, want %d: one a text, and the two braces", code, file, lines, want)
	}
	return keys
}

func TestEachTextStandsInTheFileOfItsKey(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		names, err := fs.Glob(Locales(), path.Join(code, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			file := path.Base(name)
			for _, key := range keysOf(t, code, file) {
				if want := catalogueFile(key); file != want {
					t.Errorf("%s: %s stands in %s, want %q (see catalogueFiles)", code, key, file, want)
				}
			}
		}
	}
}

func TestTextsAreSortedByTheirKeys(t *testing.T) {
	t.Parallel()
	files := catalogueFiles()
	for _, code := range codes(t) {
		for _, file := range slices.Compact(slices.Sorted(maps.Values(files))) {
			keys := keysOf(t, code, file)
			for i := 1; i < len(keys); i++ {
				if keys[i-1] == keys[i] {
					t.Errorf("%s/%s has %s twice, want it once", code, file, keys[i])
				}
				if keys[i-1] > keys[i] {
					t.Errorf("%s/%s has %s after %s, want it before", code, file, keys[i], keys[i-1])
				}
			}
		}
	}
}

// keysInTemplates returns all keys that layouts, partials and pages use, each with the name of one
// file that uses it.
func keysInTemplates(t *testing.T) map[string]string {
	t.Helper()
	said := regexp.MustCompile(`\.T "([^"]+)"`)
	keys := map[string]string{}
	for _, pattern := range []string{"layouts/*.html", "partials/*.html", "pages/*.html"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			source, err := files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range said.FindAllSubmatch(source, -1) {
				keys[string(match[1])] = name
			}
		}
	}
	if len(keys) == 0 {
		t.Fatal("got no texts in the templates, want some")
	}
	return keys
}

func TestEveryKeyInATemplateHasAText(t *testing.T) {
	t.Parallel()
	texts := messagesOf(t, DefaultLanguage)
	for key, name := range keysInTemplates(t) {
		if texts[key] == nil {
			t.Errorf("%s uses the key %q, which has no text: write it in templates/locales/LANGUAGE/%s, for every language", name, key, catalogueFile(key))
		}
	}
}

// Every text of a page is used in a template. The texts of the other groups (fields, errors,
// notices, events, actions) are chosen by Go code; other tests look for them.
func TestEveryTextOfAPageIsSaid(t *testing.T) {
	t.Parallel()
	keys := keysInTemplates(t)
	for key := range messagesOf(t, DefaultLanguage) {
		group, _, _ := strings.Cut(key, ".")
		switch group {
		case "page", "layout", "captcha", "pin":
			if keys[key] == "" {
				t.Errorf("no template uses the text %q, want it used or removed", key)
			}
		}
	}
}

// A text that ends early, or that has blanks around it, looks careless.
func TestTextsAreTidy(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		for key, message := range messagesOf(t, code) {
			for _, text := range allForms(message) {
				if text != strings.TrimSpace(text) || strings.Contains(text, "  ") {
					t.Errorf("%s of %s has stray blanks, want none: %q", key, code, text)
				}
			}
			if strings.HasPrefix(key, "error.") && !strings.HasSuffix(key, ".title") && !strings.HasSuffix(message.Other, ".") {
				t.Errorf("%s of %s is not a full sentence, want one: %q", key, code, message.Other)
			}
		}
	}
}

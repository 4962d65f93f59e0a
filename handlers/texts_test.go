package handlers_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/templates"
)

// Every code that can reach a person has a text in every language.
func TestEveryCodeHasAText(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, code := range codesIn(t, "../models") {
		keys["error."+code] = true
	}
	for _, code := range codesIn(t, ".") {
		keys["error."+code] = true
	}
	if len(keys) < 45 {
		t.Errorf("only %d codes were found: the search has gone blind", len(keys))
	}
	for _, code := range handlers.Notices() {
		keys["notice."+code] = true
	}
	for _, kind := range models.EventKinds() {
		keys["event."+string(kind)] = true
	}
	for _, key := range keysIn(t, ".") {
		keys[key] = true
	}
	for _, language := range catalogue.Languages() {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if catalogue.Say(language.Code, key, map[string]any{"Count": 2}) == key {
				t.Errorf("%s has no text %s", language.Code, key)
			}
		}
	}
}

// codesIn finds the codes of errors in the source of a package.
func codesIn(t *testing.T, folder string) []string {
	t.Helper()
	return found(t, folder,
		`Code: +"([a-z_]+)"`,                  // models.Error, models.FieldError
		`fieldError\(\w+, "\w+", "([a-z_]+)"`, // errors about one field, of models
		`oneMistake\("?\w+"?, "([a-z_]+)"`,    // and of handlers
		`refuse\(http\.\w+, "([a-z_]+)"`,      // refusals of HTTP
		`differ\(f, "\w+", "([a-z_]+)"`,       // things typed twice
		`\bwrong\("([a-z_]+)"`,                // rules for passwords
		`return "((?:username|pin)_[a-z_]+)"`, // rules for names and PINs
	)
}

// keysIn finds the keys of texts that handlers name.
func keysIn(t *testing.T, folder string) []string {
	t.Helper()
	keys := found(t, folder, `\.T\("([a-z_.]+)"\)`, `key\s*:?=.*"(duration\.[a-z]+)"`)
	for _, label := range found(t, folder, `\}, "([a-z_]+)"\)`, `in\.(?:email|newPassword|newPasswordAgain)\("([a-z_]+)"`) {
		keys = append(keys, "field."+label)
	}
	for _, label := range found(t, folder, `in\.newPasswordAgain\("([a-z_]+)"`) {
		keys = append(keys, "field."+label+"_again")
	}
	for _, label := range found(t, folder, `in\.hint\("([a-z_]+)"`, `in\.email\("([a-z_]+)"`) {
		keys = append(keys, "field."+label+".hint")
	}
	return keys
}

func found(t *testing.T, folder string, patterns ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", folder, err)
	}
	var all []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, pattern := range patterns {
			for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
				all = append(all, match[1])
			}
		}
	}
	return all
}

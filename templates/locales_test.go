package templates

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// keysInTemplates are all keys that layouts, partials and pages say, each with
// a file that says it.
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
		t.Fatal("no template says anything")
	}
	return keys
}

func TestEveryKeyInATemplateHasAText(t *testing.T) {
	t.Parallel()
	texts := messagesOf(t, DefaultLanguage)
	for key, name := range keysInTemplates(t) {
		if texts[key] == nil {
			t.Errorf("%s says %q, which has no text", name, key)
		}
	}
}

// Texts of the other groups (fields, errors, notices, events, ways on) are
// chosen by code.
func TestEveryTextOfAPageIsSaid(t *testing.T) {
	t.Parallel()
	keys := keysInTemplates(t)
	for key := range messagesOf(t, DefaultLanguage) {
		group, _, _ := strings.Cut(key, ".")
		switch group {
		case "page", "layout", "captcha", "pin":
			if keys[key] == "" {
				t.Errorf("no template says %q", key)
			}
		}
	}
}

// A text that breaks off or is pasted with blanks around it looks careless.
func TestTextsAreTidy(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		for key, message := range messagesOf(t, code) {
			for _, text := range []string{message.One, message.Other} {
				if text != strings.TrimSpace(text) || strings.Contains(text, "  ") {
					t.Errorf("%s of %s has stray blanks: %q", key, code, text)
				}
			}
			if strings.HasPrefix(key, "error.") && !strings.HasSuffix(key, ".title") && !strings.HasSuffix(message.Other, ".") {
				t.Errorf("%s of %s is no full sentence: %q", key, code, message.Other)
			}
		}
	}
}

package handlers_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/health"
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
	keys := keysOfCode(t)
	for _, language := range catalogue.Languages() {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if catalogue.Say(language.Code, key, map[string]any{"Count": 2}) == key {
				t.Errorf("no text has the key %s: write it in templates/locales/%s/%s", key, language.Code, catalogueFile(key))
			}
		}
	}
}

// catalogueFile returns the file of texts for a key that Go code uses. The whole
// table is in templates/locales_test.go.
func catalogueFile(key string) string {
	group, _, _ := strings.Cut(key, ".")
	switch group {
	case "error", "field":
		return group + "s.json"
	case "notice", "event":
		return "notices.json"
	case "mail":
		return "mail.json"
	case "health":
		return "health.json"
	case "page", "layout", "action", "captcha", "pin":
		return "pages.json"
	default:
		return "words.json"
	}
}

// Every kind of event in the history of an account has a whole sentence in every
// language, which says who did what.
func TestEveryEventHasASentence(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	declared := found(t, "../models", `\bEvent\w+ +EventKind += "([a-z_]+)"`)
	var listed []string
	for _, kind := range models.EventKinds() {
		listed = append(listed, string(kind))
	}
	slices.Sort(declared)
	slices.Sort(listed)
	if diff := cmp.Diff(declared, listed); diff != "" || len(listed) < 40 {
		t.Errorf("EventKinds of models/history.go must list each constant once (-constants +EventKinds):\n%s", diff)
	}
	sentence := regexp.MustCompile(`^[\p{Lu}\p{Lo}].* .*\.$`) // Lo: letters without capitals, such as those of Hebrew
	for _, language := range catalogue.Languages() {
		of := map[string]string{}
		for _, key := range eventKeys() {
			text := catalogue.Say(language.Code, key, map[string]any{"Subject": "“Attic”", "Name": "Ann"})
			if !strings.HasSuffix(key, ".by") && strings.HasSuffix(key, ".of") != strings.Contains(text, "“Attic”") {
				t.Errorf("%s in %s is %q, want the subject in sentences that end with .of, and in no other", key, language.Code, text)
			}
			if !sentence.MatchString(text) {
				t.Errorf("%s is %q, want a sentence in templates/locales/%s/%s", key, text, language.Code, catalogueFile(key))
			}
			if other, ok := of[text]; ok {
				t.Errorf("%s and %s are the same sentence %q in %s, want one that distinguishes them", other, key, text, language.Code)
			}
			of[text] = key
		}
	}
}

// Every kind of act of an operator is listed, so that its text is checked.
func TestEveryActIsListed(t *testing.T) {
	t.Parallel()
	declared := found(t, "../models", `\bAct\w+ +ActKind += "([a-z_]+)"`)
	var listed []string
	for _, kind := range models.ActKinds() {
		listed = append(listed, string(kind))
	}
	slices.Sort(declared)
	slices.Sort(listed)
	if diff := cmp.Diff(declared, listed); diff != "" || len(listed) < 10 {
		t.Errorf("ActKinds of models/operator_act.go must list each constant once (-constants +ActKinds):\n%s", diff)
	}
}

// eventKeys returns the keys of the sentences of all events.
func eventKeys() []string {
	var keys []string
	for _, kind := range models.EventKinds() {
		keys = append(keys, "event."+string(kind))
		if kind.HasSubject() {
			keys = append(keys, "event."+string(kind)+".of")
		}
		if kind.ByGuardian() {
			keys = append(keys, "event."+string(kind)+".by")
		}
	}
	return keys
}

// healthKeys returns the keys of the texts about the health of the service.
func healthKeys() []string {
	var keys []string
	for name, reasons := range health.Reasons() {
		keys = append(keys, "health.name."+name)
		for reason, state := range reasons {
			found, advice := health.Check{Name: name, Reason: reason}.Keys()
			keys = append(keys, found)
			if state != health.OK {
				keys = append(keys, advice)
			}
		}
	}
	for _, state := range []health.State{health.OK, health.Advice, health.Unknown, health.Problem} {
		keys = append(keys, "health.state."+string(state))
	}
	return keys
}

// The checks of the service have the texts that they need, and no others.
func TestEveryCheckOfHealthHasItsTexts(t *testing.T) {
	t.Parallel()
	want := healthKeys()
	got := foundIn(t, "../templates/locales/en/health.json", `"(health\.[a-z0-9_.]+)":`)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("templates/locales/en/health.json (-want +got):\n%s", diff)
	}
}

// Every text is used: an unused text would be translated without need.
func TestEveryTextOfCodeIsSaid(t *testing.T) {
	t.Parallel()
	said := keysOfCode(t)
	for _, code := range found(t, ".", `return "([a-z_]+)"`) { // the codes that stand for a status
		said["error."+code] = true
	}
	for _, key := range foundIn(t, "../templates/pages/*.html", `\.T "(action\.[a-z_]+)"`) {
		said[key] = true
	}
	for _, key := range foundIn(t, "../templates/locales/en/*.json", `"((?:action|error|event|notice)\.[a-z_.]+)":`) {
		group, name, _ := strings.Cut(key, ".")
		if group != "event" { // titles and reasons belong to their code
			name, _, _ = strings.Cut(name, ".")
		}
		if !said[group+"."+name] {
			t.Errorf("nothing says the text %s: remove it from every folder of templates/locales", key)
		}
	}
}

// keysOfCode returns the keys of all texts that the code names.
func keysOfCode(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for _, code := range codesIn(t, "../models") {
		keys["error."+code] = true
	}
	for _, code := range codesIn(t, ".") {
		keys["error."+code] = true
	}
	for _, code := range codesIn(t, "connect") {
		keys["error."+code] = true
	}
	if len(keys) < 45 {
		t.Errorf("only %d codes were found: the search has gone blind, want at least 45 codes", len(keys))
	}
	for _, code := range found(t, ".", `\bnotice = "([a-z_]+)"`) {
		keys["notice."+code] = true
	}
	for _, key := range eventKeys() {
		keys[key] = true
	}
	for _, kind := range models.ActKinds() {
		keys["operator.act."+string(kind)] = true
	}
	for _, what := range models.ThrottleWhats() {
		keys["operator.throttle."+what] = true
	}
	for _, scope := range []string{models.ThrottleAccount, models.ThrottleName, models.ThrottleAddress, models.ThrottleNetwork} {
		keys["operator.scope."+scope] = true
	}
	for _, key := range healthKeys() {
		keys[key] = true
	}
	for _, key := range keysIn(t, ".") {
		keys[key] = true
	}
	return keys
}

// No text contains a length of time that an operator can set: the page fills it in.
func TestPagesTellTheLives(t *testing.T) {
	t.Parallel()
	lives := models.DefaultLives()
	lives.Confirm, lives.Reset, lives.EmailUndo = 36*time.Hour, 90*time.Minute, 10*24*time.Hour
	b := newSite(t, func(s *handlers.Server) { s.Lives = lives }).browser(t)
	pending := b.post("/signup", signUpFields("ann")...).cookie("__Host-latchkey-pending")
	if pending == nil || pending.MaxAge != 36*60*60 {
		t.Errorf("cookie of the sign-up %+v, want one for 36 hours", pending)
	}
	token := b.letter(t, models.MailConfirm, "ann@example.org").Secret
	b.led(b.get("/confirm?token="+token), "/confirm", "after 36 hours")
	b.led(b.post("/confirm", "token", token), "/signin")
	b.see(b.get("/forgot/sent"), http.StatusOK, "for 90 minutes")
	b.signIn(person{"ann", "ann@example.org", goodPassword})
	b.see(b.get("/account/email"), http.StatusOK, "for 10 days")
	b.header.Set("Accept-Language", "de")
	b.led(b.post("/signout"), "/")
	b.see(b.get("/forgot/sent"), http.StatusOK, "90 Minuten lang")
}

// codesIn finds the codes of errors in the source of a package.
func codesIn(t *testing.T, folder string) []string {
	t.Helper()
	return found(t, folder,
		`Code: +"([a-z_]+)"`,                  // models.Error, models.FieldError
		`fieldError\(\w+, "\w+", "([a-z_]+)"`, // errors about one field, in models
		`return Address\{\}, "([a-z_]+)"`,     // rules for addresses of servers
		`number\(c, "\w+", "([a-z_]+)"`,       // through number
		`oneMistake\([^,()]+, "([a-z_]+)"`,    // errors about one field, in handlers
		`\bfail\([^,()]+, "([a-z_]+)"\)`,      // fields of a level
		`\badd\("\w+", "([a-z_]+)"\)`,         // errors that are collected
		`refuse\(http\.\w+, "([a-z_]+)"`,      // refusals of HTTP
		`differ\(f, "\w+", "([a-z_]+)"`,       // things typed twice
		`\bwrong\("([a-z_]+)"`,                // rules for passwords
		`return "((?:username|pin)_[a-z_]+)"`, // rules for names and PINs
		`\{"(pin_[a-z]+)", `,                  // other rules for PINs
		`\bcode: "([a-z_]+)"`,                 // failures
		`\.code(?:, [a-zA-Z.]+)? = "([a-z_]+)"`,
		`\.Say\(locale, "([a-z_]+)"`, // the texts of the Emby Connect protocol
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
	return foundIn(t, filepath.Join(folder, "*.go"), patterns...)
}

// foundIn returns the texts that the group of each pattern matches in the files, except
// test files.
func foundIn(t *testing.T, names string, patterns ...string) []string {
	t.Helper()
	files, err := filepath.Glob(names)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", names, err)
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

package templates

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// DefaultLanguage answers where a language or a text of it is missing.
const DefaultLanguage = "en"

// Language is one that the service speaks.
type Language struct {
	Code string // of the locale, "de"
	Name string // as its own speakers call it, "Deutsch"
}

// Catalogue holds all texts in all languages. It may be used by many
// goroutines at once.
type Catalogue struct {
	languages  []Language
	matcher    language.Matcher
	localizers map[string]*i18n.Localizer
	plain      map[string]map[string]string // by language and key: texts that need no parameters
}

// NewCatalogue reads the embedded texts.
func NewCatalogue() (*Catalogue, error) { return readCatalogue(Locales()) }

func readCatalogue(locales fs.FS) (*Catalogue, error) {
	folders, err := fs.ReadDir(locales, ".")
	if err != nil {
		return nil, fmt.Errorf("list languages: %w", err)
	}
	codes := []string{DefaultLanguage}
	for _, entry := range folders {
		if entry.IsDir() && entry.Name() != DefaultLanguage {
			codes = append(codes, entry.Name())
		}
	}
	c := &Catalogue{
		localizers: make(map[string]*i18n.Localizer, len(codes)),
		plain:      make(map[string]map[string]string, len(codes)),
	}
	bundle := i18n.NewBundle(language.English)
	tags := make([]language.Tag, len(codes))
	for i, code := range codes {
		if tags[i], err = language.Parse(code); err != nil {
			return nil, fmt.Errorf("locale %s: %w", code, err)
		}
		messages, err := readLanguage(locales, code)
		if err != nil {
			return nil, err
		}
		if err := bundle.AddMessages(tags[i], messages...); err != nil {
			return nil, fmt.Errorf("locale %s: %w", code, err)
		}
		c.plain[code] = plainTexts(messages)
	}
	c.matcher = language.NewMatcher(tags)
	for _, code := range codes {
		c.localizers[code] = i18n.NewLocalizer(bundle, code)
		c.languages = append(c.languages, Language{Code: code, Name: c.Say(code, "language.name", nil)})
	}
	return c, nil
}

// readLanguage returns all messages of one language, from all its files in the
// order of their names; a test sees to it that no key stands in two.
func readLanguage(locales fs.FS, code string) ([]*i18n.Message, error) {
	names, err := fs.Glob(locales, path.Join(code, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list texts of %s: %w", code, err)
	}
	var all []*i18n.Message
	for _, name := range names {
		raw, err := fs.ReadFile(locales, name)
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		messages, err := i18n.ParseMessageBytes(raw, json.Unmarshal)
		if err != nil {
			return nil, fmt.Errorf("read texts of %s: %w", name, err)
		}
		all = append(all, messages...)
	}
	return all, nil
}

// plainTexts are those of the messages that have neither placeholders nor
// plural forms: most of a page, and answered from a map.
func plainTexts(messages []*i18n.Message) map[string]string {
	plain := make(map[string]string, len(messages))
	for _, message := range messages {
		plural := message.Zero + message.One + message.Two + message.Few + message.Many
		if plural == "" && !strings.Contains(message.Other, "{{") {
			plain[message.ID] = message.Other
		}
	}
	return plain
}

// Languages lists the languages of the service, the default first.
func (c *Catalogue) Languages() []Language { return slices.Clone(c.languages) }

// Say is the text of key in the language of locale. A parameter Count chooses
// among plural forms. A text that the language lacks is said in English; a key
// that no language has is said as it stands.
func (c *Catalogue) Say(locale, key string, params map[string]any) string {
	localizer, ok := c.localizers[locale]
	if !ok {
		locale, localizer = DefaultLanguage, c.localizers[DefaultLanguage]
	}
	if said, ok := c.plain[locale][key]; ok {
		return said
	}
	// An error may come with a text: the English one.
	said, err := localizer.Localize(&i18n.LocalizeConfig{
		MessageID:    key,
		TemplateData: params,
		PluralCount:  params["Count"],
	})
	if err != nil && said == "" {
		return key
	}
	return said
}

// Match is the code of the best language for somebody with these wishes, the
// strongest first. Each is a language code or an Accept-Language header; those
// that are empty, broken or unknown count as nothing.
func (c *Catalogue) Match(acceptLanguage ...string) string {
	_, index := language.MatchStrings(c.matcher, acceptLanguage...)
	return c.languages[index].Code
}

// Date writes the day of t, in UTC: "21 November 2026".
func (c *Catalogue) Date(locale string, t time.Time) string {
	t = t.UTC()
	return c.Say(locale, "date.day", map[string]any{
		"Day":   t.Day(),
		"Month": c.Say(locale, "date.month."+strconv.Itoa(int(t.Month())), nil),
		"Year":  t.Year(),
	})
}

// DateTime writes the day and minute of t, in UTC and saying so:
// "21 November 2026, 14:03 UTC".
func (c *Catalogue) DateTime(locale string, t time.Time) string {
	return c.Say(locale, "date.moment", map[string]any{
		"Date": c.Date(locale, t),
		"Time": t.UTC().Format("15:04"),
	})
}

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

// DefaultLanguage is used if a language, or a text in it, is missing.
const DefaultLanguage = "en"

// Language is a language of the service.
type Language struct {
	Code string // of the locale, "de"
	Name string // in the language itself, "Deutsch"
}

// Catalogue holds all texts in all languages. Many goroutines may use it at once.
type Catalogue struct {
	languages  []Language
	matcher    language.Matcher
	localizers map[string]*i18n.Localizer
	plain      map[string]map[string]string  // by language and key: texts that need no parameters
	pieces     map[string]map[string][]piece // by language and key: texts with placeholders and no plural forms
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
		pieces:     make(map[string]map[string][]piece, len(codes)),
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
		c.plain[code], c.pieces[code] = plainTexts(messages)
	}
	c.matcher = language.NewMatcher(tags)
	for _, code := range codes {
		c.localizers[code] = i18n.NewLocalizer(bundle, code)
		c.languages = append(c.languages, Language{Code: code, Name: c.Say(code, "language.name", nil)})
	}
	return c, nil
}

// readLanguage returns all messages of one language, from all its files in the order of their
// names. The key of a text decides which file has the text: see catalogueFiles in the tests of this
// package, which also make sure that no key occurs twice.
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
		if raw, err = Unpacked(raw); err != nil {
			return nil, fmt.Errorf("texts of %s: %w", name, err)
		}
		messages, err := i18n.ParseMessageBytes(raw, json.Unmarshal)
		if err != nil {
			return nil, fmt.Errorf("read texts of %s: %w", name, err)
		}
		all = append(all, messages...)
	}
	return all, nil
}

// plainTexts returns the texts of the messages that have no plural forms, by their keys. The map
// plain has the texts without placeholders, and the map pieces has the other texts, cut at their
// placeholders. Nearly all texts of a page are in one of the two maps, where they are found fast.
func plainTexts(messages []*i18n.Message) (plain map[string]string, pieces map[string][]piece) {
	plain, pieces = make(map[string]string, len(messages)), map[string][]piece{}
	for _, message := range messages {
		if message.Zero+message.One+message.Two+message.Few+message.Many != "" {
			continue
		}
		if !strings.Contains(message.Other, "{{") {
			plain[message.ID] = message.Other
		} else if cut := cutText(message.Other); cut != nil {
			pieces[message.ID] = cut
		}
	}
	return plain, pieces
}

// piece is a part of a text: the field text, and after it the value of the parameter called name.
// If name is "", no value follows.
type piece struct{ text, name string }

// cutText cuts a text at its placeholders. It returns nil if double braces in the text contain
// anything other than the name of a parameter.
func cutText(text string) []piece {
	var pieces []piece
	for {
		before, rest, found := strings.Cut(text, "{{.")
		if strings.Contains(before, "{{") {
			return nil
		}
		if !found {
			return append(pieces, piece{text: before})
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed || strings.ContainsAny(name, " .|{") {
			return nil
		}
		pieces = append(pieces, piece{before, name})
		text = after
	}
}

// filled returns the text of the pieces with the values of params. The values must be texts and
// whole numbers. It returns false if a value is missing or has another type.
func filled(pieces []piece, params map[string]any) (string, bool) {
	var out strings.Builder
	for _, one := range pieces {
		out.WriteString(one.text)
		if one.name == "" {
			continue
		}
		switch value := params[one.name].(type) {
		case string:
			out.WriteString(value)
		case int:
			out.WriteString(strconv.Itoa(value))
		default:
			return "", false
		}
	}
	return out.String(), true
}

// Languages returns the languages of the service, the default first.
func (c *Catalogue) Languages() []Language { return slices.Clone(c.languages) }

// Say returns the text of key in the language of locale. The parameter Count selects the plural
// form. If the language lacks the text, Say returns the English text; if English lacks it too, Say
// returns the key.
func (c *Catalogue) Say(locale, key string, params map[string]any) string {
	localizer, ok := c.localizers[locale]
	if !ok {
		locale, localizer = DefaultLanguage, c.localizers[DefaultLanguage]
	}
	if said, ok := c.plain[locale][key]; ok {
		return said
	}
	if pieces, ok := c.pieces[locale][key]; ok {
		if said, ok := filled(pieces, params); ok {
			return said
		}
	}
	// Localize may return an error and a text at the same time: then the text is English.
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

// Match returns the code of the language that suits these wishes best; the first wish counts most.
// Each wish is a language code or an Accept-Language header. Wishes that are empty, broken or
// unknown are ignored.
func (c *Catalogue) Match(acceptLanguage ...string) string {
	_, index := language.MatchStrings(c.matcher, acceptLanguage...)
	return c.languages[index].Code
}

// Date returns the day of t, in UTC: "21 November 2026".
func (c *Catalogue) Date(locale string, t time.Time) string { return c.DateIn(locale, t.UTC()) }

// DateIn returns the day of t in the zone of t.
func (c *Catalogue) DateIn(locale string, t time.Time) string {
	return c.Say(locale, "date.day", map[string]any{
		"Day":   t.Day(),
		"Month": c.Say(locale, "date.month."+strconv.Itoa(int(t.Month())), nil),
		"Year":  t.Year(),
	})
}

// DateTimeIn returns the day and minute of t in a time zone that is named after a city, with the
// name of that city: "21 November 2026, 15:03 (time in Berlin)". In any other zone it returns what
// [Catalogue.DateTime] returns.
func (c *Catalogue) DateTimeIn(locale string, t time.Time, zone *time.Location) string {
	area, _, found := strings.Cut(zone.String(), "/")
	if !found || area == "Etc" {
		return c.DateTime(locale, t)
	}
	t = t.In(zone)
	return c.Say(locale, "date.moment_in", map[string]any{
		"Date": c.DateIn(locale, t), "Time": t.Format("15:04"), "Place": strings.ReplaceAll(path.Base(zone.String()), "_", " "),
	})
}

// DateTime returns the day and minute of t, in UTC, with the word UTC:
// "21 November 2026, 14:03 UTC".
func (c *Catalogue) DateTime(locale string, t time.Time) string {
	return c.Say(locale, "date.moment", map[string]any{
		"Date": c.Date(locale, t),
		"Time": t.UTC().Format("15:04"),
	})
}

package builtin

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

//go:embed pages/*.html pages/*.json
var pageFiles embed.FS

// pages holds the template of the pages of proofs, and their texts in each language.
type pages struct {
	template *template.Template
	texts    map[string]map[string]string // by language and key
	matcher  language.Matcher
	tags     []string
}

// loadPages reads the embedded files.
func loadPages() (*pages, error) {
	parsed, err := template.ParseFS(pageFiles, "pages/proof.html")
	if err != nil {
		return nil, fmt.Errorf("the page of proofs: %w", err)
	}
	p := &pages{template: parsed.Option("missingkey=error"), texts: map[string]map[string]string{}, tags: []string{"en", "de"}}
	tags := make([]language.Tag, 0, len(p.tags))
	for _, tag := range p.tags {
		source, err := pageFiles.ReadFile("pages/" + tag + ".json")
		if err != nil {
			return nil, fmt.Errorf("the texts of proofs: %w", err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(source, &texts); err != nil {
			return nil, fmt.Errorf("the texts of proofs: %w", err)
		}
		p.texts[tag] = texts
		tags = append(tags, language.Make(tag))
	}
	p.matcher = language.NewMatcher(tags)
	return p, nil
}

// languageOf returns the language of the pages that a browser prefers.
func (p *pages) languageOf(header http.Header) string {
	wanted, _, err := language.ParseAcceptLanguage(header.Get("Accept-Language"))
	if err != nil {
		return p.tags[0]
	}
	_, index, _ := p.matcher.Match(wanted...)
	return p.tags[index]
}

// say returns a text with its values filled in: say("de", "slow", "seconds", "3") puts "3"
// where the text has {{seconds}}.
func (p *pages) say(locale, key string, values ...string) string {
	text, ok := p.texts[locale][key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(values); i += 2 {
		text = strings.ReplaceAll(text, "{{"+values[i]+"}}", values[i+1])
	}
	return text
}

// proofView holds the values that the template shows.
type proofView struct {
	Locale   string
	Style    string // the address of the style sheet
	Server   string
	Title    string // the key of a text
	Problem  string
	Form     bool
	Account  string
	Username string
	Wrong    bool
	Text     string // of a page without a form

	pages *pages
}

// T returns a text of the page. The template calls it.
func (v *proofView) T(key string) string { return v.pages.say(v.Locale, key) }

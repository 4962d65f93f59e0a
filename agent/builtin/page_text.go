package builtin

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
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
	p := &pages{template: parsed.Option("missingkey=error"), texts: map[string]map[string]string{}}
	files, err := fs.Glob(pageFiles, "pages/*.json")
	if err != nil {
		return nil, fmt.Errorf("the texts of proofs: %w", err)
	}
	// The first language is the one for browsers that want none of them.
	slices.SortStableFunc(files, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	tags := make([]language.Tag, 0, len(files))
	for _, file := range files {
		source, err := pageFiles.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("the texts of proofs: %w", err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(source, &texts); err != nil {
			return nil, fmt.Errorf("the texts of proofs: %w", err)
		}
		code := strings.TrimSuffix(path.Base(file), ".json")
		p.texts[code] = texts
		p.tags = append(p.tags, code)
		tags = append(tags, language.Make(code))
	}
	p.matcher = language.NewMatcher(tags)
	return p, nil
}

// rank returns 0 for the file of the English texts and 1 for every other.
func rank(file string) int {
	if path.Base(file) == "en.json" {
		return 0
	}
	return 1
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

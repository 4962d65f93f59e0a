package templates

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
	text "text/template"
)

// Named returns the name of a static file with a mark of its content before the extension:
// "css/latchkey.0123456789ab.css". When the content changes, the name changes. So a browser may
// keep the file for ever.
func Named(name string, content []byte) string {
	sum := sha256.Sum256(content)
	extension := path.Ext(name)
	return strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(sum[:6]) + extension
}

// Unnamed returns the name of a static file without the mark of its content, and whether it
// had one.
func Unnamed(name string) (plain string, marked bool) {
	found := marks.FindStringSubmatch(name)
	if found == nil {
		return name, false
	}
	return found[1] + found[2], true
}

// The patterns with which [Unnamed] and [constants] search.
var (
	marks      = regexp.MustCompile(`^(.+)\.[0-9a-f]{12}(\.\w+)$`)
	references = regexp.MustCompile(`"/static/([^"]+)"`)
	icons      = regexp.MustCompile(`\{\{template "icon" "(\w+)"\}\}`)
	texts      = regexp.MustCompile(`\{\{\$?\.T "([^"]+)"\}\}`)
	known      = regexp.MustCompile(`eq \. "(\w+)"`)
)

// constants has the parts of a template that are the same for every reader. They are written
// into the template once, because otherwise a page would compute them again for each reader.
type constants struct {
	drawings map[string]string // by the name of an icon
	texts    map[string]string // by key: texts without placeholders; nil for templates of every language
	buttons  string            // the buttons for the other languages; "" for templates of every language
}

// newConstants draws the icons that the partial for icons knows.
func newConstants() (constants, error) {
	c := constants{drawings: map[string]string{}}
	source, err := files.ReadFile("partials/icon.html")
	if err == nil {
		source, err = Unpacked(source)
	}
	if err != nil {
		return c, fmt.Errorf("read the icons: %w", err)
	}
	partial, err := text.New("").Parse(string(source))
	if err != nil {
		return c, fmt.Errorf("read the icons: %w", err)
	}
	for _, found := range known.FindAllSubmatch(source, -1) {
		var out strings.Builder
		if err := partial.ExecuteTemplate(&out, "icon", string(found[1])); err != nil {
			return c, fmt.Errorf("draw the icon %s: %w", found[1], err)
		}
		c.drawings[string(found[1])] = out.String()
	}
	return c, nil
}

// languageButtons is the call of the partial whose result is the same on all pages of a language.
const languageButtons = `{{- template "language_buttons" .}}`

// drawButtons returns the buttons for the languages of a catalogue, on the pages of one of them.
func drawButtons(catalogue *Catalogue, locale string) (string, error) {
	source, err := files.ReadFile("partials/language_buttons.html")
	if err == nil {
		source, err = Unpacked(source)
	}
	if err != nil {
		return "", fmt.Errorf("read the buttons for languages: %w", err)
	}
	partial, err := template.New("").Parse(string(source))
	if err != nil {
		return "", fmt.Errorf("read the buttons for languages: %w", err)
	}
	var out strings.Builder
	data := struct {
		Languages []Language
		Locale    string
	}{catalogue.languages, locale}
	if err := partial.ExecuteTemplate(&out, "language_buttons", data); err != nil {
		return "", fmt.Errorf("write the buttons for languages: %w", err)
	}
	return out.String(), nil
}

// written returns the source of a template with four changes: static files have the names that
// depend on their content, an icon with a known name becomes its drawing, the buttons for languages
// are there, and a known text takes the place of its key.
func (c constants) written(source string) string {
	if c.buttons != "" {
		before, after, found := strings.Cut(source, languageButtons)
		if found { // once, in the footer; the dash of the call takes the blanks before it away
			source = strings.TrimRight(before, " \n") + c.buttons + after
		}
	}
	source = references.ReplaceAllStringFunc(source, func(quoted string) string {
		name := references.FindStringSubmatch(quoted)[1]
		content, err := fs.ReadFile(Static(), name)
		if err != nil {
			return quoted // TestEveryStaticFileOfATemplateExists reports this name
		}
		return `"/static/` + Named(name, content) + `"`
	})
	source = icons.ReplaceAllStringFunc(source, func(call string) string {
		return cmp.Or(c.drawings[icons.FindStringSubmatch(call)[1]], call)
	})
	return texts.ReplaceAllStringFunc(source, func(call string) string {
		said, ok := c.texts[texts.FindStringSubmatch(call)[1]]
		if !ok {
			return call
		}
		return strings.ReplaceAll(template.HTMLEscapeString(said), "+", "&#43;") // as html/template escapes a text
	})
}

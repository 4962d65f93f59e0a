package templates

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// The name of a file changes with its content. Unnamed returns the plain name again.
func TestNamesByContent(t *testing.T) {
	t.Parallel()
	one, other := Named("js/a_b.js", []byte("1")), Named("js/a_b.js", []byte("2"))
	if one == other || !strings.HasPrefix(one, "js/a_b.") || !strings.HasSuffix(one, ".js") {
		t.Errorf("names %s and %s, want two like js/a_b.MARK.js", one, other)
	}
	for name, want := range map[string]string{one: "js/a_b.js", "js/a_b.js": "js/a_b.js", "a.0123456789.js": "a.0123456789.js"} {
		if got, marked := Unnamed(name); got != want || marked != (name == one) {
			t.Errorf("Unnamed(%s) = %s, %t; want %s, %t", name, got, marked, want, name == one)
		}
	}
}

// Each file that a template names exists, and the template that is used names it with the mark of
// its content.
func TestEveryStaticFileOfATemplateExists(t *testing.T) {
	t.Parallel()
	constants, err := newConstants()
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`/static/([^"]+)"`)
	for _, folder := range []string{"layouts", "partials", "pages"} {
		err := each(folder, ".html", func(file, source string) error {
			for _, match := range named.FindAllStringSubmatch(constants.written(source), -1) {
				plain, marked := Unnamed(match[1])
				content, err := fs.ReadFile(Static(), plain)
				if err != nil || !marked || match[1] != Named(plain, content) {
					t.Errorf("%s/%s names %s (%v), want a static file by its content", folder, file, match[1], err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// An icon with a known name becomes a drawing in the template, and nothing else changes.
func TestKnownIconsAreWrittenOut(t *testing.T) {
	t.Parallel()
	constants, err := newConstants()
	if err != nil {
		t.Fatal(err)
	}
	got := constants.written(`<p>{{template "icon" "mail"}}{{template "icon" .Icon}}{{template "icon" "nothing"}}</p>`)
	want := regexp.MustCompile(`^<p><svg class="icon" [^>]*><rect .*</svg>\{\{template "icon" \.Icon}}\{\{template "icon" "nothing"}}</p>$`)
	if !want.MatchString(got) || strings.Contains(got, "{{if") {
		t.Errorf("got %s, want a match of %s", got, want)
	}
}

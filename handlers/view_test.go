package handlers

import (
	"bytes"
	"errors"
	"flag"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jba/templatecheck"
	"golang.org/x/net/html"

	"github.com/latchkey-media/latchkey/templates"
)

// With -preview, every sample is written into that folder, beside the static
// files, so that a browser can show it.
var preview = flag.String("preview", "", "folder to write every page into")

func TestPagesFitTheirData(t *testing.T) {
	t.Parallel()
	pages, catalogue := pagesAndTexts(t)
	fitting := map[string]bool{}
	for _, sample := range samples(catalogue, "en") {
		name := baseOf(sample.page).Page
		if fitting[name] {
			continue
		}
		fitting[name] = true
		if pages[name] == nil {
			t.Errorf("no template for %T: write templates/pages/%s.html", sample.page, name)
			continue
		}
		if err := templatecheck.CheckHTML(pages[name], sample.page); err != nil {
			t.Errorf("%s: %v, want no error", name, err)
		}
	}
	for name := range pages {
		if !fitting[name] {
			t.Errorf("templates/pages/%s.html has no sample: write handlers/page_%s_sample_test.go and call it in samples, in handlers/view_samples_test.go", name, name)
		}
	}
}

// The templates into which the texts of a language are already written give the same pages
// as the templates that look up each text.
func TestSpokenPagesAreTheSame(t *testing.T) {
	t.Parallel()
	pages, catalogue := pagesAndTexts(t)
	inLanguages := templates.NewSpoken(catalogue)
	for _, language := range catalogue.Languages() {
		for _, sample := range samples(catalogue, language.Code) {
			name := baseOf(sample.page).Page
			var want, got bytes.Buffer
			if err := pages[name].Execute(&want, sample.page); err != nil {
				t.Fatal(err)
			}
			page, err := inLanguages.Page(name, language.Code)
			if err == nil {
				err = page.Execute(&got, sample.page)
			}
			if err != nil {
				t.Fatal(err)
			}
			if want.String() != got.String() { // compared first, because a diff of a long page takes long
				t.Errorf("%s, %s (-looked up +in the page):\n%s", sample.name, language.Code, cmp.Diff(strings.Split(want.String(), "\n"), strings.Split(got.String(), "\n")))
			}
		}
	}
	if _, err := inLanguages.Page("nothing", "en"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a page that is not there: error %v, want fs.ErrNotExist", err)
	}
}

func TestPagesRender(t *testing.T) {
	t.Parallel()
	pages, catalogue := pagesAndTexts(t)
	for _, language := range catalogue.Languages() {
		for _, sample := range samples(catalogue, language.Code) {
			t.Run(language.Code+"/"+sample.name, func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				if err := pages[baseOf(sample.page).Page].Execute(&out, sample.page); err != nil {
					t.Fatal(err)
				}
				checkPage(t, out.String(), baseOf(sample.page))
				writePreview(t, language.Code+"-"+sample.name+".html", out.Bytes())
			})
		}
	}
}

// checkPage checks every page: all keys have texts, all references lead
// somewhere, and nothing violates the content security policy.
func checkPage(t *testing.T, page string, base Base) {
	t.Helper()
	for _, bad := range []string{"<no value>", "%!", "ZgotmplZ", "{{"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q, want it without", bad)
		}
	}
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	if key := regexp.MustCompile(`\b(page|layout|field|error|notice|event|action|captcha|pin)\.[a-z_]+(\.[a-z_]+)*\b`).FindString(textOf(root)); key != "" {
		t.Errorf("page shows the key %s, want no key", key)
	}
	for _, said := range []string{base.Notice, base.Problem} {
		if !strings.Contains(textOf(root), said) {
			t.Errorf("page does not say %q", said)
		}
	}
	checkElements(t, root, base)
}

func checkElements(t *testing.T, root *html.Node, base Base) {
	t.Helper()
	ids := map[string]int{}
	headings := 0
	for node := range root.Descendants() {
		if id := attribute(node, "id"); id != "" {
			ids[id]++
		}
		if node.Data == "h1" {
			headings++
		}
		if node.Data == "script" && (attribute(node, "nonce") != base.Nonce || node.FirstChild != nil) {
			t.Errorf("script %s has no nonce, or stands in the page", attribute(node, "src"))
		}
		if attribute(node, "maxlength") != "" {
			t.Errorf("<%s> cuts off what is pasted, and says nothing", node.Data)
		}
		if node.Data == "style" || attribute(node, "style") != "" {
			t.Errorf("<%s> carries a style of its own", node.Data)
		}
	}
	if headings != 1 {
		t.Errorf("%d headings of the first level, want 1", headings)
	}
	for id, count := range ids {
		if count > 1 {
			t.Errorf("the id %s stands %d times in the page, want once", id, count)
		}
	}
	for node := range root.Descendants() {
		for _, name := range []string{"for", "aria-describedby", "aria-labelledby"} {
			for id := range strings.FieldsSeq(attribute(node, name)) {
				if ids[id] == 0 {
					t.Errorf("<%s %s> refers to %s, which is not there, want another ids than 0", node.Data, name, id)
				}
			}
		}
	}
}

func TestFieldShowsItsError(t *testing.T) {
	t.Parallel()
	pages, catalogue := pagesAndTexts(t)
	var out bytes.Buffer
	wrong := Field{Name: "email", Type: "email", Label: "Email", Hint: "Advice", Error: "Not an address", Value: `a"b<c`, Focus: true, Required: true}
	page := emailChangePage{Base: sampleBase(catalogue, "en", "email_change"), Email: wrong, Password: Field{Name: "current_password", Type: "password"}}
	if err := pages["email_change"].Execute(&out, page); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	var input *html.Node
	for node := range root.Descendants() {
		if attribute(node, "name") == "email" {
			input = node
		}
	}
	if input == nil {
		t.Fatal("no input for the email")
	}
	for name, want := range map[string]string{
		"id": "email", "type": "email", "value": `a"b<c`, "aria-invalid": "true", "aria-describedby": "email-error email-hint",
	} {
		if got := attribute(input, name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"autofocus", "required"} {
		if !slices.ContainsFunc(input.Attr, func(a html.Attribute) bool { return a.Key == name }) {
			t.Errorf("the input is not %s", name)
		}
	}
	if !strings.Contains(textOf(root), wrong.Error) {
		t.Errorf("the error %q is not shown, want it", wrong.Error)
	}
}

func TestTimesAreWrittenForMachinesToo(t *testing.T) {
	t.Parallel()
	pages, catalogue := pagesAndTexts(t)
	var out bytes.Buffer
	page := sessionNotMePage{Base: sampleBase(catalogue, "en", "session_not_me"), At: time.Date(2026, 11, 21, 9, 30, 0, 0, time.FixedZone("", 3600))}
	if err := pages["session_not_me"].Execute(&out, page); err != nil {
		t.Fatal(err)
	}
	if want := `datetime="2026-11-21T08:30:00Z"`; !strings.Contains(out.String(), want) {
		t.Errorf("page lacks %s", want)
	}
}

func pagesAndTexts(t *testing.T) (map[string]*template.Template, *templates.Catalogue) {
	t.Helper()
	pages, err := templates.Pages(nil)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return pages, catalogue
}

// baseOf returns the embedded Base of a page.
func baseOf(page any) Base {
	base, _ := reflect.TypeAssert[Base](reflect.ValueOf(page).FieldByName("Base"))
	return base
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(root *html.Node) string {
	var text strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.TextNode {
			text.WriteString(node.Data)
		}
	}
	return text.String()
}

func writePreview(t *testing.T, name string, page []byte) {
	t.Helper()
	if *preview == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*preview, name), page, 0o600); err != nil {
		t.Fatal(err)
	}
}

// withoutSample names the fields of pages that no sample fills, each with the reason.
func withoutSample() map[string]string { return map[string]string{} }

// Every field of a page has a value in at least one sample. A field that is empty in all
// samples is never drawn, and a mistake in its template would stay hidden. The test looks
// at the fields of the page's struct and of the structs in it.
func TestEveryFieldOfAPageIsDrawn(t *testing.T) {
	t.Parallel()
	catalogue, err := templates.NewCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	filled, owner := map[string]bool{}, map[string]string{}
	for _, sample := range samples(catalogue, "en") {
		noteFields(reflect.ValueOf(sample.page), func(field string, set bool) {
			filled[field] = filled[field] || set
			owner[field] = baseOf(sample.page).Page
		})
	}
	reasons := withoutSample()
	for field, set := range filled {
		_, excused := reasons[field]
		switch {
		case set && excused:
			t.Errorf("a sample fills %s: remove its row from withoutSample in handlers/view_test.go", field)
		case !set && !excused:
			t.Errorf("no sample fills %s: give it a value in the sample of the page %s (handlers/page_*_sample_test.go)", field, owner[field])
		}
		delete(reasons, field)
	}
	for field := range reasons {
		t.Errorf("no page has the field %s: remove its row from withoutSample in handlers/view_test.go", field)
	}
}

// noteFields calls note with each field of v and of the structs of this package in
// it, and reports whether the field has a value.
func noteFields(v reflect.Value, note func(field string, set bool)) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if !v.IsNil() {
			noteFields(v.Elem(), note)
		}
		return
	}
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			noteFields(v.Index(i), note)
		}
		return
	}
	base := reflect.TypeFor[Base]()
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != base.PkgPath() || v.Type() == base {
		return
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.IsExported() && field.Type != base {
			note(v.Type().Name()+"."+field.Name, !v.Field(i).IsZero())
			noteFields(v.Field(i), note)
		}
	}
}

// The header marks the link to the page itself, or the link to the section to which the page
// belongs.
func TestHeaderMarksWhereAPageIs(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]tabs{
		"servers": {Servers: "page"}, "proof": {Servers: "true"}, "links": {Links: "page"}, "invite": {Links: "true"},
		"device": {Device: "page"}, "quick_connect": {Device: "true"}, "account": {Account: "page"}, "history": {Account: "true"}, "signin": {},
	} {
		if got := tabsOf(page); got != want {
			t.Errorf("%s: got %+v, want %+v", page, got, want)
		}
	}
}

func TestFaceOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"den & co": "DC", "  élan": "É", "«Kino» (2)": "K2", "a b c": "AB", "!?": "", "": "", "映画館": "映",
	} {
		if got := faceOf(name, 7, ""); got.Initials != want || got.Class != faceOf("other", 7, "").Class {
			t.Errorf("%q has the face %+v, want the initials %q on the colour of its id", name, got, want)
		}
	}
	colours := map[string]bool{}
	for id := range int64(100) {
		colours[faceOf("x", id<<12, "").Class] = true
	}
	if len(colours) != 8 {
		t.Errorf("100 servers have %d colours, want all 8", len(colours))
	}
}

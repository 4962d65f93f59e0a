package templates

import (
	"io/fs"
	"testing"
)

func TestPagesParse(t *testing.T) {
	t.Parallel()
	pages, err := Pages(nil)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 || len(pages) != len(names) {
		t.Errorf("got %d pages, want %d, one a file", len(pages), len(names))
	}
	for name, page := range pages {
		if page.Name() != "layout" {
			t.Errorf("page %s starts at %q, want layout", name, page.Name())
		}
	}
}

func TestMailsParse(t *testing.T) {
	t.Parallel()
	html, err := MailHTML()
	if err != nil {
		t.Fatal(err)
	}
	text, err := MailText()
	if err != nil {
		t.Fatal(err)
	}
	if html.Lookup("layout") == nil || text.Lookup("layout") == nil {
		t.Error("got no mail layout in one form, want one in both")
	}
}

func TestStaticIsThere(t *testing.T) {
	t.Parallel()
	files := 0
	err := fs.WalkDir(Static(), ".", func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d static files, %v; want at least one", files, err)
	}
}

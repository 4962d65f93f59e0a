// Package templates embeds everything that people see: pages, mails, the texts in
// every language, style sheet, scripts and icons.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	text "text/template"
)

//go:embed layouts pages partials mail locales static
var files embed.FS

// Pages returns one template for each file of the folder pages, by the name of the file without the
// extension: "signup" for pages/signup.html. Each template is a clone of its own with all layouts
// and partials, which are named in the same way, and starts at "layout".
func Pages(funcs template.FuncMap) (map[string]*template.Template, error) {
	constants, err := newConstants()
	if err != nil {
		return nil, err
	}
	shared, err := sharedTemplates(funcs, constants)
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	err = each("pages", ".html", func(name, source string) error {
		pages[name], err = pageOver(shared, name, constants.written(source))
		return err
	})
	if err != nil {
		return nil, err
	}
	return pages, nil
}

// sharedTemplates returns all layouts and partials.
func sharedTemplates(funcs template.FuncMap, constants constants) (*template.Template, error) {
	shared := template.New("").Option("missingkey=error").Funcs(funcs)
	for _, folder := range []string{"layouts", "partials"} {
		err := each(folder, ".html", func(name, source string) error {
			_, err := shared.New(name).Parse(constants.written(source))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return shared, nil
}

// pageOver returns the page with this name and source, together with a copy of all layouts and
// partials.
func pageOver(shared *template.Template, name, source string) (*template.Template, error) {
	page, err := shared.Clone()
	if err != nil {
		return nil, fmt.Errorf("copy the partials: %w", err)
	}
	// Without the prefix, a page would replace a partial that has the same name.
	if _, err := page.New("pages/" + name).Parse(source); err != nil {
		return nil, fmt.Errorf("read the page %s: %w", name, err)
	}
	if page = page.Lookup("layout"); page == nil {
		return nil, errors.New("no template is named layout")
	}
	return page, nil
}

// MailHTML returns the HTML templates of the mails. Each has the name of its file without the
// extension.
func MailHTML() (*template.Template, error) {
	mails := template.New("").Option("missingkey=error")
	err := each("mail", ".html", func(name, source string) error {
		_, err := mails.New(name).Parse(source)
		return err
	})
	if err != nil {
		return nil, err
	}
	return mails, nil
}

// MailText returns the plain text templates of the mails. Each has the name of its file without the
// extension.
func MailText() (*text.Template, error) {
	mails := text.New("").Option("missingkey=error")
	err := each("mail", ".txt", func(name, source string) error {
		_, err := mails.New(name).Parse(source)
		return err
	})
	if err != nil {
		return nil, err
	}
	return mails, nil
}

// Locales returns a file system with a folder of JSON files for each language.
func Locales() fs.FS { return folder("locales") }

// Static returns a file system with the files that browsers fetch: style sheet,
// scripts, icons.
func Static() fs.FS { return folder("static") }

// each calls do for every file in folder that has the extension. It passes the name of the file
// without the extension, and the content.
func each(folder, extension string, do func(name, source string) error) error {
	names, err := fs.Glob(files, folder+"/*"+extension)
	if err != nil {
		return fmt.Errorf("list templates in %s: %w", folder, err)
	}
	for _, file := range names {
		source, err := files.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read template: %w", err)
		}
		if source, err = Unpacked(source); err != nil {
			return fmt.Errorf("template %s: %w", file, err)
		}
		if err := do(strings.TrimSuffix(path.Base(file), extension), string(source)); err != nil {
			return fmt.Errorf("template %s: %w", file, err)
		}
	}
	return nil
}

// folder returns one embedded folder as a file system.
func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // happens only for an invalid path, and our paths are constants
	}
	return sub
}

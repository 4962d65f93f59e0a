package templates

import (
	"fmt"
	"html/template"
	"sync"
)

// Spoken has the pages in each language. The texts of the language are already written into the
// templates, so that a page looks up only the texts that contain a value. A template is read when
// its page is asked for the first time. Many goroutines may use a Spoken at once.
type Spoken struct {
	catalogue *Catalogue

	mu     sync.RWMutex
	shared map[string]*template.Template // layouts and partials, by language
	pages  map[spokenPage]*template.Template
}

type spokenPage struct{ name, language string }

// NewSpoken returns the pages in the languages of a catalogue.
func NewSpoken(catalogue *Catalogue) *Spoken {
	return &Spoken{catalogue: catalogue, shared: map[string]*template.Template{}, pages: map[spokenPage]*template.Template{}}
}

// Page returns a page as [Pages] makes it, with the texts of a language. It returns an error if the
// page does not exist.
func (s *Spoken) Page(name, language string) (*template.Template, error) {
	key := spokenPage{name, language}
	s.mu.RLock()
	page := s.pages[key]
	s.mu.RUnlock()
	if page != nil {
		return page, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if page := s.pages[key]; page != nil {
		return page, nil
	}
	source, err := files.ReadFile("pages/" + name + ".html")
	if err != nil {
		return nil, fmt.Errorf("read a page: %w", err)
	}
	if source, err = Unpacked(source); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	constants, err := newConstants()
	if err != nil {
		return nil, err
	}
	constants.texts = s.catalogue.plain[language]
	if constants.buttons, err = drawButtons(s.catalogue, language); err != nil {
		return nil, err
	}
	shared := s.shared[language]
	if shared == nil {
		if shared, err = sharedTemplates(nil, constants); err != nil {
			return nil, err
		}
		s.shared[language] = shared
	}
	if page, err = pageOver(shared, name, constants.written(string(source))); err != nil {
		return nil, err
	}
	s.pages[key] = page
	return page, nil
}

package builtin

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// Libraries implements [mediaserver.Server].
func (s *Server) Libraries(ctx context.Context) ([]mediaserver.Library, error) {
	var rows []libraryRow
	if err := s.scan(ctx, "read the libraries", &rows, "SELECT id, name, catalogue FROM libraries ORDER BY name_key"); err != nil {
		return nil, err
	}
	libraries := []mediaserver.Library{}
	for _, row := range rows {
		i, shown := s.shelf.byID[row.ID]
		if row.Catalogue && !shown {
			continue // the catalogue does not have it any more
		}
		library := mediaserver.Library{ID: row.ID, Name: row.Name}
		if shown {
			library.Kind = s.shelf.items[i].collection
		}
		libraries = append(libraries, library)
	}
	return libraries, nil
}

// libraryRow is a row of the table libraries.
type libraryRow struct {
	ID        string
	Name      string
	Catalogue bool // it came from a catalogue
}

// openCatalogue makes the libraries of the catalogue that the file does not have yet, and keeps
// the ids of the others, so that local users keep what they may see.
func (s *Server) openCatalogue(tx *gorm.DB) error {
	catalogue := s.opt.Catalogue
	if catalogue == nil {
		catalogue = &Catalogue{country: ratingCountries()[0]}
	}
	const add = `INSERT INTO libraries (id, name, name_key, catalogue) VALUES (?, ?, ?, TRUE)
 ON CONFLICT (name_key) DO UPDATE SET name = excluded.name, catalogue = TRUE RETURNING id`
	ids := map[int]string{}
	names, at := catalogue.libraryNames()
	for i, name := range names {
		id, err := s.newID()
		if err != nil {
			return err
		}
		if err := tx.Raw(add, id, name, nameKey(name)).Scan(&id).Error; err != nil {
			return fmt.Errorf("write a library of the catalogue: %w", err)
		}
		ids[at[i]] = id
	}
	s.shelf = shelve(catalogue, s.id, ids)
	return nil
}

// AddLibrary makes a library, or returns the library that has this name already. It returns
// [ErrNameInvalid].
func (s *Server) AddLibrary(ctx context.Context, name string) (mediaserver.Library, error) {
	name, err := cleanName(name)
	if err != nil {
		return mediaserver.Library{}, err
	}
	id, err := s.newID()
	if err != nil {
		return mediaserver.Library{}, err
	}
	const add = "INSERT INTO libraries (id, name, name_key) VALUES (?, ?, ?) ON CONFLICT (name_key) DO NOTHING"
	if _, err := s.exec(ctx, "make a library", add, id, name, nameKey(name)); err != nil {
		return mediaserver.Library{}, err
	}
	var library mediaserver.Library
	err = s.scan(ctx, "read a library", &library, "SELECT id, name FROM libraries WHERE name_key = ?", nameKey(name))
	return library, err
}

// grant lets a local user see libraries. Ids of unknown libraries are ignored.
func grant(tx *gorm.DB, id string, libraries []string) error {
	const grantOne = `INSERT INTO library_access (local_user_id, library_id) SELECT ?, id FROM libraries WHERE id = ?
 ON CONFLICT (local_user_id, library_id) DO NOTHING`
	for _, library := range libraries {
		if err := tx.Exec(grantOne, id, embywire.ID(library)).Error; err != nil {
			return fmt.Errorf("grant a library: %w", err)
		}
	}
	return nil
}

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
	libraries := []mediaserver.Library{}
	err := s.scan(ctx, "read the libraries", &libraries, "SELECT id, name, kind FROM libraries WHERE NOT gone ORDER BY name_key")
	return libraries, err
}

// openCatalogue makes the libraries of the catalogue that the file does not have yet, and keeps the
// ids of the others, so that local users keep what they may see. Without a catalogue it changes
// nothing, because the catalogue may be open in another process.
func (s *Server) openCatalogue(tx *gorm.DB) error {
	if s.opt.Catalogue == nil {
		s.stock = newStock(&Catalogue{country: ratingCountries()[0]}, s.id, nil)
		return nil
	}
	if err := tx.Exec("UPDATE libraries SET gone = TRUE WHERE catalogue").Error; err != nil {
		return fmt.Errorf("read the libraries of the catalogue anew: %w", err)
	}
	const add = `INSERT INTO libraries (id, name, name_key, kind, catalogue) VALUES (?, ?, ?, ?, TRUE)
 ON CONFLICT (name_key) DO UPDATE SET name = excluded.name, kind = excluded.kind, catalogue = TRUE, gone = FALSE RETURNING id`
	ids := map[int]string{}
	for _, i := range s.opt.Catalogue.libraries() {
		library := &s.opt.Catalogue.items[i]
		id, err := s.newID()
		if err != nil {
			return err
		}
		if err := tx.Raw(add, id, library.name, nameKey(library.name), library.collection).Scan(&id).Error; err != nil {
			return fmt.Errorf("write a library of the catalogue: %w", err)
		}
		ids[i] = id
	}
	s.stock = newStock(s.opt.Catalogue, s.id, ids)
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
	const add = "INSERT INTO libraries (id, name, name_key) VALUES (?, ?, ?) ON CONFLICT (name_key) DO UPDATE SET gone = FALSE"
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

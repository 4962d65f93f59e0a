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
	err := s.scan(ctx, "read the libraries", &libraries, "SELECT id, name FROM libraries ORDER BY name_key")
	return libraries, err
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

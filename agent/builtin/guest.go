package builtin

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// guestNames is the number of names that are tried for one guest.
const guestNames = 1000

// CreateGuest implements [mediaserver.Users].
func (s *Server) CreateGuest(ctx context.Context, name, secret string, to mediaserver.Restriction) (mediaserver.LocalUser, error) {
	for n := 1; ; n++ {
		free := nameLike(name, n)
		if taken, err := s.row(ctx, "WHERE name_key = ?", nameKey(free)); err != nil || taken.ID != "" && n < guestNames {
			if err != nil {
				return mediaserver.LocalUser{}, err
			}
			continue
		}
		row := userRow{Name: free, Guest: true, Hidden: true}
		err := s.addRow(ctx, &row, secret, to)
		if err == nil {
			return row.user().LocalUser, nil
		}
		if !errors.Is(err, ErrNameTaken) || n >= guestNames {
			return mediaserver.LocalUser{}, err
		}
	}
}

// IsGuest implements [mediaserver.Users].
func (s *Server) IsGuest(ctx context.Context, id, secret string) (bool, error) {
	row, err := s.row(ctx, "WHERE id = ?", embywire.ID(id))
	if err != nil || row.ID == "" || !row.Guest || row.Disabled || row.Administrator || secret == "" {
		return false, err
	}
	return s.matches(ctx, row.PasswordHash, passwordPurpose, &row, guessOf(secret))
}

// Restrict implements [mediaserver.Users].
func (s *Server) Restrict(ctx context.Context, id string, to mediaserver.Restriction) error {
	return s.changeUser(ctx, "restrict a local user", id, noAdministrator, func(tx *gorm.DB, row *userRow) error {
		return restrict(tx, row.ID, to)
	})
}

// restrict replaces the libraries that a local user may see.
func restrict(tx *gorm.DB, id string, to mediaserver.Restriction) error {
	if err := tx.Exec("UPDATE local_users SET all_libraries = ? WHERE id = ?", to.AllLibraries, id).Error; err != nil {
		return fmt.Errorf("write the row: %w", err)
	}
	if err := tx.Exec("DELETE FROM library_access WHERE local_user_id = ?", id).Error; err != nil {
		return fmt.Errorf("take libraries away: %w", err)
	}
	return grant(tx, id, restricted(to))
}

// restricted returns the libraries that a restriction names, or nil if it allows all
// libraries.
func restricted(to mediaserver.Restriction) []string {
	if to.AllLibraries {
		return nil
	}
	return to.Libraries
}

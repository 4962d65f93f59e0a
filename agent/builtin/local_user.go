package builtin

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

// User is a local user with all stored facts. Times are in UTC; the zero time means never.
type User struct {
	mediaserver.LocalUser
	Guest       bool // made for a link; never signs in with a password
	HasPassword bool
	HasEasyPIN  bool
	PictureTag  string // "" without a picture
	Policy      Policy
	CreatedAt   time.Time
	SignedInAt  time.Time
	UsedAt      time.Time // correct within ten minutes
}

// userRow is a row of the table local_users.
type userRow struct {
	ID            string
	Name          string
	PasswordHash  string // "" without a password
	EasyHash      string // "" without an easy PIN
	Administrator bool
	Guest         bool
	Hidden        bool
	Disabled      bool
	AllLibraries  bool
	Policy        string // as decodePolicy reads it
	PictureTag    string
	CreatedAt     time.Time
	SignedInAt    *time.Time
	UsedAt        *time.Time
}

const selectUser = `SELECT id, name, password_hash, easy_hash, administrator, guest, hidden, disabled, all_libraries, policy,
 picture_tag, created_at, signed_in_at, used_at FROM local_users `

// user returns the row as a [User], without its secrets and its policy.
func (r *userRow) user() User {
	u := User{
		LocalUser: mediaserver.LocalUser{
			ID: r.ID, Name: r.Name, Administrator: r.Administrator, Disabled: r.Disabled, Hidden: r.Hidden, RemoteAccess: true,
		},
		Guest: r.Guest, HasPassword: r.PasswordHash != "", HasEasyPIN: r.EasyHash != "", PictureTag: r.PictureTag,
		CreatedAt: r.CreatedAt.UTC(),
	}
	if r.SignedInAt != nil {
		u.SignedInAt = r.SignedInAt.UTC()
	}
	if r.UsedAt != nil {
		u.UsedAt = r.UsedAt.UTC()
	}
	return u
}

// row reads one row by the value of a column that is different in every row. It returns the
// zero userRow if no row has the value.
func (s *Server) row(ctx context.Context, where, value string) (userRow, error) {
	var row userRow
	err := s.scan(ctx, "read a local user", &row, selectUser+where, value)
	return row, err
}

// users reads local users and the libraries that they may see. The parameter where must be a
// constant.
func (s *Server) users(ctx context.Context, where string, args ...any) ([]User, error) {
	var rows []userRow
	if err := s.scan(ctx, "read the local users", &rows, selectUser+where, args...); err != nil {
		return nil, err
	}
	seen, err := s.access(ctx, rows)
	if err != nil {
		return nil, err
	}
	users := make([]User, 0, len(rows))
	for i := range rows {
		u := rows[i].user()
		if u.Policy, err = decodePolicy(rows[i].Policy); err != nil {
			return nil, err
		}
		u.Policy.Restriction = mediaserver.Restriction{AllLibraries: rows[i].AllLibraries, Libraries: seen[u.ID]}
		users = append(users, u)
	}
	return users, nil
}

// access returns the ids of the libraries that the local users of rows may see, by the id of
// the local user.
func (s *Server) access(ctx context.Context, rows []userRow) (map[string][]string, error) {
	var pairs []struct{ LocalUserID, LibraryID string }
	statement, args := "SELECT local_user_id, library_id FROM library_access", []any{}
	if len(rows) == 1 {
		statement, args = statement+" WHERE local_user_id = ?", append(args, rows[0].ID)
	}
	if err := s.scan(ctx, "read what local users may see", &pairs, statement+" ORDER BY local_user_id, library_id", args...); err != nil {
		return nil, err
	}
	seen := map[string][]string{}
	for _, pair := range pairs {
		seen[pair.LocalUserID] = append(seen[pair.LocalUserID], pair.LibraryID)
	}
	return seen, nil
}

// Users returns all local users in the order of their names.
func (s *Server) Users(ctx context.Context) ([]User, error) {
	return s.users(ctx, "ORDER BY name_key")
}

// User returns one local user. It returns mediaserver.ErrNotFound.
func (s *Server) User(ctx context.Context, id string) (User, error) {
	found, err := s.users(ctx, "WHERE id = ?", embywire.ID(id))
	if err == nil && len(found) == 0 {
		err = mediaserver.ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	return found[0], nil
}

// LocalUsers implements [mediaserver.Users].
func (s *Server) LocalUsers(ctx context.Context) ([]mediaserver.LocalUser, error) {
	var rows []userRow
	if err := s.scan(ctx, "read the local users", &rows, selectUser+"ORDER BY name_key"); err != nil {
		return nil, err
	}
	users := make([]mediaserver.LocalUser, 0, len(rows))
	for i := range rows {
		user := rows[i].user()
		policy, err := decodePolicy(rows[i].Policy)
		if err != nil {
			return nil, err
		}
		user.Door = &mediaserver.Door{SeenAt: user.UsedAt, AnyDevice: true}
		for _, h := range policy.Hours {
			user.Door.Hours = append(user.Door.Hours, mediaserver.Hours(h))
		}
		users = append(users, user.LocalUser)
	}
	return users, nil
}

// LocalUser implements [mediaserver.Users].
func (s *Server) LocalUser(ctx context.Context, id string) (mediaserver.LocalUser, error) {
	row, err := s.row(ctx, "WHERE id = ?", embywire.ID(id))
	if err == nil && row.ID == "" {
		err = mediaserver.ErrNotFound
	}
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	return row.user().LocalUser, nil
}

// AddUser makes a local user who may see all libraries. With an empty password the local
// user has no password, and may sign in at home without one. It returns [ErrNameInvalid] or
// [ErrNameTaken].
func (s *Server) AddUser(ctx context.Context, name, password string, administrator bool) (mediaserver.LocalUser, error) {
	name, err := cleanName(name)
	if err != nil {
		return mediaserver.LocalUser{}, err
	}
	row := userRow{Name: name, Administrator: administrator}
	if err := s.addRow(ctx, &row, password, mediaserver.Restriction{AllLibraries: true}); err != nil {
		return mediaserver.LocalUser{}, err
	}
	return row.user().LocalUser, nil
}

// addRow gives row an id, a password hash and a policy, and writes it with the libraries that the
// local user may see. It returns [ErrNameTaken].
func (s *Server) addRow(ctx context.Context, row *userRow, password string, to mediaserver.Restriction) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	row.ID, row.CreatedAt, row.AllLibraries = id, s.now(), to.AllLibraries
	policy := newPolicy(row, to)
	if row.Policy, err = policy.encode(); err != nil {
		return err
	}
	if row.PasswordHash, err = s.hashPassword(ctx, id, password); err != nil {
		return err
	}
	return s.tx(ctx, "make a local user", func(tx *gorm.DB) error {
		result := tx.Exec(`INSERT INTO local_users (id, name, name_key, password_hash, easy_hash, administrator, guest, hidden,
 disabled, all_libraries, policy, picture_tag, created_at) VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, '', ?) ON CONFLICT (name_key) DO NOTHING`,
			row.ID, row.Name, nameKey(row.Name), row.PasswordHash, row.Administrator, row.Guest, row.Hidden,
			row.Disabled, row.AllLibraries, row.Policy, row.CreatedAt)
		if result.Error != nil {
			return fmt.Errorf("write the row: %w", result.Error)
		}
		if result.RowsAffected == 0 {
			return ErrNameTaken
		}
		return grant(tx, row.ID, restricted(to))
	})
}

// HideUser removes a local user from the list that sign-in pages show, or adds it again.
// It returns mediaserver.ErrNotFound.
func (s *Server) HideUser(ctx context.Context, id string, hidden bool) error {
	rows, err := s.exec(ctx, "hide a local user", "UPDATE local_users SET hidden = ? WHERE id = ?", hidden, embywire.ID(id))
	if err == nil && rows == 0 {
		err = mediaserver.ErrNotFound
	}
	return err
}

// DisableUser disables a local user and ends all of its tokens, or enables it again.
// DisableUser is for the admin at the machine: unlike [Server.SetDisabled], it also
// disables administrators, except for the last one ([ErrLastAdministrator]). It returns
// mediaserver.ErrNotFound.
func (s *Server) DisableUser(ctx context.Context, id string, disabled bool) error {
	return s.disable(ctx, id, disabled, func(tx *gorm.DB, row *userRow) error {
		if !row.Administrator || !disabled {
			return nil
		}
		others := 0
		const count = "SELECT COUNT(*) FROM local_users WHERE administrator AND NOT disabled AND id <> ?"
		if err := tx.Raw(count, row.ID).Scan(&others).Error; err != nil {
			return fmt.Errorf("count administrators: %w", err)
		}
		if others == 0 {
			return ErrLastAdministrator
		}
		return nil
	})
}

// SetDisabled implements [mediaserver.Users].
func (s *Server) SetDisabled(ctx context.Context, id string, disabled bool) error {
	return s.disable(ctx, id, disabled, noAdministrator)
}

// noAdministrator returns mediaserver.ErrNotAllowed for an administrator. It is a check for
// [Server.changeUser].
func noAdministrator(_ *gorm.DB, row *userRow) error {
	if row.Administrator {
		return mediaserver.ErrNotAllowed
	}
	return nil
}

func (s *Server) disable(ctx context.Context, id string, disabled bool, may func(*gorm.DB, *userRow) error) error {
	return s.changeUser(ctx, "disable a local user", id, may, func(tx *gorm.DB, row *userRow) error {
		if err := tx.Exec("UPDATE local_users SET disabled = ? WHERE id = ?", disabled, row.ID).Error; err != nil {
			return fmt.Errorf("write the row: %w", err)
		}
		if !disabled {
			return nil
		}
		return endTokens(tx, row.ID, 0)
	})
}

// Delete implements [mediaserver.Users].
func (s *Server) Delete(ctx context.Context, id string) error {
	return s.changeUser(ctx, "delete a local user", id, noAdministrator, func(tx *gorm.DB, row *userRow) error {
		return tx.Exec("DELETE FROM local_users WHERE id = ?", row.ID).Error // its foreign keys delete the rest
	})
}

// changeUser changes a local user: it calls check, and then change if check returned no error.
// Both run in one transaction, in which nobody else writes. It returns the error of check, or
// mediaserver.ErrNotFound.
func (s *Server) changeUser(ctx context.Context, doing, id string, check, change func(*gorm.DB, *userRow) error) error {
	return s.tx(ctx, doing, func(tx *gorm.DB) error {
		var row userRow
		if err := tx.Raw(selectUser+"WHERE id = ?", embywire.ID(id)).Scan(&row).Error; err != nil {
			return fmt.Errorf("read the row: %w", err)
		}
		if row.ID == "" {
			return mediaserver.ErrNotFound
		}
		if err := check(tx, &row); err != nil {
			return err
		}
		return change(tx, &row)
	})
}

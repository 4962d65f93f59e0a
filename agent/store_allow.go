package agent

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// Ways in which a yes was given, as allowed_users.given_by has them. The column may also
// hold "upgrade": the migration that made the table gave a yes to the local users who
// already had a link.
const (
	givenByLink  = "link"
	givenByAllow = "allow"
	givenByProof = "proof"
)

// madeHere is the beginning of an SQL condition: it is true for a guest who was certainly
// created by this agent, and who has not become an administrator. Such a guest needs no
// yes. After it, the query must have the id of the local user and a closing bracket.
const madeHere = "EXISTS (SELECT 1 FROM guests WHERE guests.unsure = 0 AND guests.left_alone <> '" + aloneAdministrator + "' AND guests.local_user_id = "

// allowed is the SQL condition for a link whose local user may be used: the local user has
// a yes, this agent has created the local user, or the link has no local user yet.
const allowed = "(links.local_user_id = '' OR EXISTS (SELECT 1 FROM allowed_users WHERE allowed_users.local_user_id = links.local_user_id)" +
	" OR " + madeHere + "links.local_user_id))"

// allowedUser is a row of the table allowed_users.
type allowedUser struct {
	LocalUserID string
	Name        string
	GivenBy     string
}

// allow stores the yes to a local user. Guests of this agent need no such row. It reports
// whether the yes is new.
func (s *Store) allow(ctx context.Context, user mediaserver.LocalUser, by string) (fresh bool, err error) {
	err = s.tx(ctx, "allow a local user", func(tx *gorm.DB) error {
		result := tx.Exec("INSERT INTO allowed_users (local_user_id, name, given_by, created_at) SELECT ?, ?, ?, ? WHERE NOT "+madeHere+
			"?) ON CONFLICT (local_user_id) DO NOTHING",
			user.ID, readable(user.Name), by, stamp(s.now()), user.ID)
		fresh = result.RowsAffected == 1
		return result.Error
	})
	return fresh && err == nil, err
}

// disallow removes the yes to a local user, and marks the tokens of that local user, so
// that they are revoked. It reports whether there was a yes.
func (s *Store) disallow(ctx context.Context, localUserID string) (was bool, err error) {
	err = s.tx(ctx, "disallow a local user", func(tx *gorm.DB) error {
		var err error
		was, err = s.takeYesBack(tx, localUserID)
		return err
	})
	return was && err == nil, err
}

// takeYesBack does the work of [Store.disallow] in a transaction.
func (s *Store) takeYesBack(tx *gorm.DB, localUserID string) (was bool, err error) {
	result := tx.Exec("DELETE FROM allowed_users WHERE local_user_id = ?", localUserID)
	if result.Error != nil || result.RowsAffected == 0 {
		return false, result.Error
	}
	return true, s.oweTokens(tx, "local_user_id = ? AND NOT "+madeHere+"tokens.local_user_id)", localUserID)
}

// allowedUsers reads the local users with a yes, by name.
func (s *Store) allowedUsers(ctx context.Context) ([]allowedUser, error) {
	var rows []allowedUser
	err := s.read(ctx).Raw("SELECT local_user_id, name, given_by FROM allowed_users ORDER BY name, local_user_id").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the allowed local users: %w", err)
	}
	return rows, nil
}

// isAllowed reports whether a local user may be used.
func isAllowed(tx *gorm.DB, localUserID string) (bool, error) {
	var is bool
	err := tx.Raw("SELECT ? = '' OR EXISTS (SELECT 1 FROM allowed_users WHERE local_user_id = ?) OR "+madeHere+"?)",
		localUserID, localUserID, localUserID).Scan(&is).Error
	if err != nil {
		return false, fmt.Errorf("read whether a local user is allowed: %w", err)
	}
	return is, nil
}

// waitingLinks reads the links that would be in use if their local user were allowed.
func (s *Store) waitingLinks(ctx context.Context) ([]linkRow, error) {
	return readLinks(s.read(ctx), usable+" AND NOT "+allowed, stamp(s.now()))
}

package models

import (
	"context"

	"gorm.io/gorm"
)

// newOffers is the statement that counts the servers of an invite that an account cannot use yet. A server counts, too, if the
// account has a link there without the local user that the invite offers. Offers that are void do not count. All servers of an
// invite to a circle count, unless the account belongs to the people of the circle. Its values are the id of the account, the
// id of the invite, the present time, the id of the account, [LinkAccepted], and the present time.
const newOffers = `SELECT COALESCE(SUM(CASE WHEN i.circle_id = 0 THEN 1
 WHEN EXISTS (SELECT 1 FROM circle_people p WHERE p.circle_id = i.circle_id AND p.account_id = ?) THEN 0 ELSE 1 END), 0) FROM invite_servers v JOIN invites i ON i.id = v.invite_id
JOIN servers s ON s.id = v.server_id AND s.owner_id = i.owner_id AND s.disabled_at IS NULL
WHERE v.invite_id = ? AND (v.ends_at IS NULL OR v.ends_at > ?) AND (i.circle_id <> 0 OR NOT EXISTS (SELECT 1 FROM links l
 WHERE l.account_id = ? AND l.server_id = v.server_id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)
 AND (v.local_user_id IS NULL OR l.local_user_id = v.local_user_id)))`

// isMember reports whether an invite that can be accepted has nothing new for an account.
func (c *core) isMember(ctx context.Context, db *gorm.DB, accountID, inviteID int64) (bool, error) {
	var missing int64
	now := c.Now()
	err := db.WithContext(ctx).Raw(newOffers, accountID, inviteID, now, accountID, LinkAccepted, now).Scan(&missing).Error
	return missing == 0, explained("compare an invite with links", err)
}

// requireOutside returns [ErrAlreadyMember] for an invite that has nothing new for an account. It
// is called before a use is spent.
func (c *core) requireOutside(ctx context.Context, tx *gorm.DB, accountID, inviteID int64) error {
	member, err := c.isMember(ctx, tx, accountID, inviteID)
	if err == nil && member {
		return ErrAlreadyMember
	}
	return err
}

// IsMember reports whether an account may use all servers of an invite already, so that there
// is nothing to accept. It is meant for an invite that can be accepted.
func (i *Invites) IsMember(ctx context.Context, accountID, inviteID int64) (bool, error) {
	return i.isMember(ctx, i.read(ctx), accountID, inviteID)
}

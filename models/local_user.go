package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// LocalUser is a user on one media server, as its agent reported it. Times are
// UTC.
type LocalUser struct {
	ID            int64  // the service's own id
	ExternalID    string // the media server's id
	Name          string
	Disabled      bool
	Administrator bool
	NotAllowed    bool           // the agent lets nobody in as this local user until its admin says yes
	Sees          *SeenLibraries `json:",omitempty"` // nil if the agent does not tell it; only in a [Report]
	GoneAt        time.Time      // zero while the local user exists on the server
	LinkID        int64          // of the link to it; 0 without a link
	LinkedTo      string         // username of the linked account; "" for none
}

// The states of a local user that keep the person of an accepted link out of the server.
const (
	LocalUserGone          = "gone"          // they were deleted on the server
	LocalUserDisabled      = "disabled"      // they are disabled on the server
	LocalUserAdministrator = "administrator" // they administer the server, which its agent lets in only if its settings say so
	LocalUserWaiting       = "waiting"       // the agent has not created them yet
	LocalUserPaused        = "paused"        // the owner has paused the link, see stay.go
	LocalUserNotAllowed    = "not_allowed"   // the admin of the agent has not said yes to them yet
)

// pausedOr returns LocalUserPaused for a link that is paused, and else the state of its local user.
func pausedOr(pause Pause, state string) string {
	if pause.On() && state != LocalUserGone {
		return LocalUserPaused
	}
	return state
}

// state returns the reason for which u, the local user of a person, keeps the person out of
// the server, or "" if nothing keeps the person out. An ID of 0 means that no local user is
// known.
func (u *LocalUser) state(kind, linkType string) string {
	switch {
	case u.ID == 0 && kind == ServerAgent && linkType == LinkGuest:
		return LocalUserWaiting
	case !u.GoneAt.IsZero():
		return LocalUserGone
	case u.Disabled:
		return LocalUserDisabled
	case u.NotAllowed:
		return LocalUserNotAllowed
	case u.Administrator:
		return LocalUserAdministrator
	default:
		return ""
	}
}

// localUserRow is a row of local_users.
type localUserRow struct {
	ID            int64
	ServerID      int64
	ExternalID    string
	Name          string
	ReportedAt    time.Time // when a report last changed it
	Disabled      bool
	Administrator bool
	NotAllowed    bool
	Sees          *string // as [packSeen] writes it; nil if the agent does not tell it
	GoneAt        *time.Time
	NameKey       string     // see nameOrder
	SeenAt        *time.Time // this and the next two are of [LocalUserState]
	Devices       int
	KeptOut       string // words with a space between them
}

// TableName returns the name of the table, local_users.
func (localUserRow) TableName() string { return "local_users" }

// localUsersOf lists the local users of a server and who is linked to them.
const localUsersOf = `SELECT u.id, u.external_id, u.name, u.disabled, u.administrator, u.not_allowed, u.gone_at, l.id AS link_id, a.username
FROM local_users u
LEFT JOIN links l ON l.server_id = u.server_id AND l.local_user_id = u.id AND (l.ends_at IS NULL OR l.ends_at > ?)
LEFT JOIN accounts a ON a.id = l.account_id
WHERE u.server_id = ? ORDER BY u.name, u.id`

// LocalUsers lists the local users of an owner's server by name. Local users that no
// longer exist on the server are included while a link or an invite names them. It
// returns [ErrNotFound].
func (s *Servers) LocalUsers(ctx context.Context, ownerID, serverID int64) ([]LocalUser, error) {
	if _, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	var rows []struct {
		ID                      int64
		ExternalID, Name        string
		Disabled, Administrator bool
		NotAllowed              bool
		GoneAt                  *time.Time
		LinkID                  *int64
		Username                *string
	}
	if err := s.read(ctx).Raw(localUsersOf, s.Now(), serverID).Scan(&rows).Error; err != nil {
		return nil, explained("list the local users", err)
	}
	users := make([]LocalUser, len(rows))
	for i, r := range rows {
		users[i] = LocalUser{
			ID: r.ID, ExternalID: r.ExternalID, Name: r.Name, Disabled: r.Disabled, Administrator: r.Administrator, NotAllowed: r.NotAllowed,
			GoneAt: orZero(r.GoneAt),
		}
		if r.LinkID != nil && r.Username != nil {
			users[i].LinkID, users[i].LinkedTo = *r.LinkID, *r.Username
		}
	}
	return users, nil
}

// externalIDMax is the greatest length of the ids that a server gives to its things.
const externalIDMax = 128

// isExternalID reports whether id can be an id that a server gave to one of its
// things: visible ASCII.
func isExternalID(id string) bool {
	return id != "" && len(id) <= externalIDMax && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// localUserOf finds a local user of a server by the server's own id. It returns
// [ErrNotFound] for a local user that is unknown or no longer exists on the server.
func (c *core) localUserOf(ctx context.Context, tx *gorm.DB, serverID int64, externalID string) (localUserRow, error) {
	row, err := database.G[localUserRow](tx).Where("server_id = ? AND external_id = ? AND gone_at IS NULL", serverID, externalID).Take(ctx)
	return row, explained("find a local user", err)
}

// sweepLocalUsers deletes local users that no longer exist on their server, once no link
// and no pending invite names them. A report that changes something deletes them, too, but
// an unchanged report does not.
func (s *Store) sweepLocalUsers(ctx context.Context) error {
	const unnamed = `gone_at IS NOT NULL
 AND NOT EXISTS (SELECT 1 FROM links l WHERE l.server_id = local_users.server_id AND l.local_user_id = local_users.id)
 AND NOT EXISTS (SELECT 1 FROM invite_servers v JOIN invites i ON i.id = v.invite_id
 WHERE v.server_id = local_users.server_id AND v.local_user_id = local_users.id AND i.state = ? AND i.expires_at > ?)`
	for {
		now := s.Now()
		gone, err := database.G[localUserRow](s.read(ctx)).Where(unnamed, invitePending, now).Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find local users that are gone", err)
		}
		for _, row := range gone {
			err := s.tx(ctx, "forget a local user", func(tx *gorm.DB) error {
				// The lock of the server stops a report that brings the local user back, and an invite that names it.
				if err := lockServer(tx, "id = ?", row.ServerID); err != nil {
					return err
				}
				return tx.Exec("DELETE FROM local_users WHERE id = ? AND "+unnamed, row.ID, invitePending, now).Error
			})
			if err != nil && KindOf(err) != KindNotFound { // the server was removed meanwhile
				return err
			}
		}
		if len(gone) < sweepStep {
			return nil
		}
	}
}

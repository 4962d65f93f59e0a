package models

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// inviteUseRow is a row of invite_uses: an account has accepted an invite on one of its servers.
type inviteUseRow struct {
	InviteID  int64
	ServerID  int64
	AccountID int64
	UsedAt    time.Time // for the last time, if the account has left and come again
}

// TableName returns the name of the table, invite_uses.
func (inviteUseRow) TableName() string { return "invite_uses" }

// InviteUse tells the owner of an invite who has accepted it.
type InviteUse struct {
	Username string
	At       time.Time
}

// recordUse writes down that an account has accepted an invite on one of its servers. The caller
// has locked the account.
func (c *core) recordUse(ctx context.Context, tx *gorm.DB, inviteID, serverID, accountID int64) error {
	row := inviteUseRow{InviteID: inviteID, ServerID: serverID, AccountID: accountID, UsedAt: c.Now()}
	err := requireRow(tx.Exec("UPDATE invite_uses SET used_at = ? WHERE invite_id = ? AND server_id = ? AND account_id = ?",
		row.UsedAt, inviteID, serverID, accountID))
	if errors.Is(err, ErrNotFound) {
		err = database.G[inviteUseRow](tx).Create(ctx, &row)
	}
	return err
}

// openAtServer is the condition for invites that can be accepted on one server. Its values are
// [InvitePending], the present time, the id of the server, and the present time.
const openAtServer = `(i.state = ? AND i.expires_at > ? AND EXISTS (SELECT 1 FROM invite_servers v
 WHERE v.invite_id = i.id AND v.server_id = ? AND (v.ends_at IS NULL OR v.ends_at > ?)))`

// ofServer is the condition for invites that offer a server, and for invites that offered it
// until somebody accepted the invite on that server alone. Its values are the id of the server,
// and the same id again.
const ofServer = `(EXISTS (SELECT 1 FROM invite_servers w WHERE w.invite_id = i.id AND w.server_id = ?)
 OR EXISTS (SELECT 1 FROM invite_uses u WHERE u.invite_id = i.id AND u.server_id = ?))`

// ListOfServer lists up to n invites to a server of an owner, the newest first, that are older
// than the invite with the id before; 0 begins with the newest. It lists the invites that can be
// accepted. If ended is true, it lists the others instead: used up, declined, withdrawn or
// expired. Each invite says who has accepted it. Invites are deleted some time after their last
// day, see [Store.Sweep]. It returns [ErrNotFound] for a server of another owner.
func (i *Invites) ListOfServer(ctx context.Context, ownerID, serverID int64, ended bool, before int64, n int) ([]Invite, error) {
	if _, err := i.ownedServer(ctx, i.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	if before == 0 {
		before = math.MaxInt64
	}
	now := i.Now()
	condition, args := openAtServer, []any{ownerID, before, invitePending, now, serverID, now}
	if ended {
		condition, args = "NOT "+openAtServer+" AND "+ofServer, append(args, serverID, serverID)
	}
	var rows []inviteRow
	err := i.read(ctx).Raw("SELECT i.* FROM invites i WHERE i.owner_id = ? AND i.id < ? AND "+condition+" ORDER BY i.id DESC LIMIT ?", append(args, n)...).Scan(&rows).Error
	if err != nil {
		return nil, explained("list the invites to a server", err)
	}
	return i.completeSent(ctx, rows)
}

// completeSent returns the invites of rows as their owner sees them: with the people who accepted
// them.
func (i *Invites) completeSent(ctx context.Context, rows []inviteRow) ([]Invite, error) {
	list, err := i.completeInvites(ctx, i.read(ctx), rows)
	if err != nil || len(rows) == 0 {
		return list, err
	}
	at := map[int64]int{}
	ids := make([]int64, len(list))
	for index, one := range list {
		at[one.ID], ids[index] = index, one.ID
	}
	var uses []struct {
		InviteID int64
		Username string
		UsedAt   time.Time
	}
	err = i.read(ctx).Raw(`SELECT u.invite_id, a.username, u.used_at FROM invite_uses u JOIN accounts a ON a.id = u.account_id
WHERE u.invite_id IN ? ORDER BY u.used_at, a.id, u.server_id`, ids).Scan(&uses).Error
	if err != nil {
		return nil, explained("read who accepted invites", err)
	}
	for _, use := range uses { // a person has a row for each server of the invite
		one := &list[at[use.InviteID]]
		if !slices.ContainsFunc(one.UsedBy, func(u InviteUse) bool { return u.Username == use.Username }) {
			one.UsedBy = append(one.UsedBy, InviteUse{Username: use.Username, At: use.UsedAt.UTC()})
		}
	}
	return list, nil
}

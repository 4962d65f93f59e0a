package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Sent lists up to n invites of an owner, the newest first, that are older than the
// invite with the id before; 0 begins with the newest.
func (i *Invites) Sent(ctx context.Context, ownerID, before int64, n int) ([]Invite, error) {
	query := database.G[inviteRow](i.read(ctx)).Where("owner_id = ?", ownerID)
	if before != 0 {
		query = query.Where("id < ?", before)
	}
	rows, err := query.Order("id DESC").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("list the invites", err)
	}
	return i.completeSent(ctx, rows)
}

// OfServer lists the invites to a server of an owner that wait for their answer, the
// newest first. It returns [ErrNotFound].
func (i *Invites) OfServer(ctx context.Context, ownerID, serverID int64) ([]Invite, error) {
	if _, err := i.ownedServer(ctx, i.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	now := i.Now()
	var rows []inviteRow
	err := i.read(ctx).Raw(`SELECT i.* FROM invite_servers v JOIN invites i ON i.id = v.invite_id
WHERE v.server_id = ? AND i.owner_id = ? AND i.state = ? AND i.expires_at > ? AND (v.ends_at IS NULL OR v.ends_at > ?) ORDER BY i.id DESC`,
		serverID, ownerID, invitePending, now, now).Scan(&rows).Error
	if err != nil {
		return nil, explained("list the invites", err)
	}
	return i.completeInvites(ctx, i.read(ctx), rows)
}

// get reads one invite of an owner. It returns [ErrNotFound].
func (i *Invites) get(ctx context.Context, ownerID, inviteID int64) (Invite, error) {
	rows, err := database.G[inviteRow](i.read(ctx)).Where("id = ? AND owner_id = ?", inviteID, ownerID).Find(ctx)
	if err != nil {
		return Invite{}, explained("read the invite", err)
	}
	if len(rows) != 1 {
		return Invite{}, ErrNotFound
	}
	list, err := i.completeInvites(ctx, i.read(ctx), rows)
	if err != nil {
		return Invite{}, err
	}
	return list[0], nil
}

// completeInvites returns the invites of rows with their servers and the names of
// their people.
func (c *core) completeInvites(ctx context.Context, db *gorm.DB, rows []inviteRow) ([]Invite, error) {
	if len(rows) == 0 {
		return []Invite{}, nil
	}
	servers, err := c.serversOfInvites(ctx, db, rows)
	if err != nil {
		return nil, err
	}
	names, err := c.usernamesOf(ctx, db, rows)
	if err != nil {
		return nil, err
	}
	invites := make([]Invite, len(rows))
	for at, r := range rows {
		state := r.State
		if state == invitePending && c.isOver(&r, servers[r.ID]) {
			state = InviteExpired
		}
		owner := names[r.OwnerID]
		if r.OwnerID == serviceOwner {
			owner = c.opt.ServiceName
		}
		invites[at] = Invite{
			ID: r.ID, OwnerID: r.OwnerID, OwnerUsername: owner, SignUp: r.OwnerID == serviceOwner, To: r.Typed, Type: r.Type, Note: r.Note, State: state,
			Servers: servers[r.ID], CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), AnsweredAt: orZero(r.AnsweredAt),
			AnsweredBy: names[r.AnsweredBy], Greeting: r.Greeting, Link: r.LinkHash != nil, Family: r.ForFamily, Uses: int(r.Uses), Used: int(r.Used),
		}
	}
	return invites, c.addCircles(ctx, db, rows, invites)
}

// isOver reports whether an invite has expired, or the ends of all its offers have
// come.
func (c *core) isOver(r *inviteRow, offers []InviteServer) bool {
	now := c.Now()
	still := func(s InviteServer) bool { return s.EndsAt.IsZero() || s.EndsAt.After(now) }
	return !r.ExpiresAt.After(now) || len(offers) > 0 && !slices.ContainsFunc(offers, still)
}

// usernamesOf returns the usernames of the accounts that sent and accepted invites, by
// account id.
func (c *core) usernamesOf(ctx context.Context, db *gorm.DB, rows []inviteRow) (map[int64]string, error) {
	var ids []int64
	for _, r := range rows {
		ids = append(ids, r.OwnerID, r.AnsweredBy)
	}
	slices.Sort(ids)
	accounts, err := database.G[accountRow](db).Where("id IN ?", slices.Compact(ids)).Find(ctx)
	if err != nil {
		return nil, explained("read the names", err)
	}
	names := map[int64]string{}
	for i := range accounts {
		names[accounts[i].ID] = accounts[i].Username
	}
	return names, nil
}

// inviteServers is the statement that reads the offers of invites. The offer for a
// server ends when the server gets another owner.
const inviteServers = `SELECT v.invite_id, v.server_id, v.local_user_id, v.libraries, v.ends_at, s.name, s.own_name, s.picture, u.name AS local_user_name
FROM invite_servers v JOIN invites i ON i.id = v.invite_id JOIN servers s ON s.id = v.server_id AND s.owner_id = i.owner_id
LEFT JOIN local_users u ON u.id = v.local_user_id
WHERE v.invite_id IN ? ORDER BY v.invite_id, v.server_id`

func (c *core) serversOfInvites(ctx context.Context, db *gorm.DB, invites []inviteRow) (map[int64][]InviteServer, error) {
	ids := make([]int64, len(invites))
	for i, r := range invites {
		ids[i] = r.ID
	}
	var rows []struct {
		InviteID, ServerID int64
		LocalUserID        *int64
		Libraries          *string
		EndsAt             *time.Time
		Name, OwnName      string
		Picture            string
		LocalUserName      *string
	}
	if err := db.Raw(inviteServers, ids).Scan(&rows).Error; err != nil {
		return nil, explained("read the invites", err)
	}
	var serverIDs []int64
	for _, r := range rows {
		if r.Libraries != nil {
			serverIDs = append(serverIDs, r.ServerID)
		}
	}
	slices.Sort(serverIDs)
	names, err := c.namesOfLibraries(ctx, db, slices.Compact(serverIDs)...)
	if err != nil {
		return nil, err
	}
	servers := map[int64][]InviteServer{}
	for _, r := range rows {
		one := InviteServer{ServerID: r.ServerID, ServerName: r.OwnName, Picture: r.Picture, EndsAt: orZero(r.EndsAt)}
		if one.ServerName == "" {
			one.ServerName = r.Name
		}
		if r.LocalUserID != nil && r.LocalUserName != nil {
			one.LocalUserID, one.LocalUserName = *r.LocalUserID, *r.LocalUserName
		}
		if one.Libraries, err = names.unpack(r.ServerID, r.Libraries); err != nil {
			return nil, explained("read an invite", err)
		}
		servers[r.InviteID] = append(servers[r.InviteID], one)
	}
	return servers, nil
}

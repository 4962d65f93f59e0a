package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// The operations of this file answer the offer of one server, because in the Emby Connect
// protocol a person answers a server and not an invite. An invite may offer several
// servers. Each of them is answered separately.

// offeredServers is the statement that reads the servers of invites, without the servers
// to which the account has a link already.
const offeredServers = "SELECT " + describedColumns + `, v.server_id, i.type, i.created_at, v.ends_at
FROM invite_servers v JOIN invites i ON i.id = v.invite_id
JOIN servers s ON s.id = v.server_id AND s.owner_id = i.owner_id AND s.disabled_at IS NULL
WHERE v.invite_id IN ? AND i.circle_id = 0 AND (v.ends_at IS NULL OR v.ends_at > ?)
 AND NOT EXISTS (SELECT 1 FROM links l WHERE l.account_id = ? AND l.server_id = v.server_id AND (l.ends_at IS NULL OR l.ends_at > ?))
ORDER BY v.invite_id DESC, v.server_id`

type offeredServerRow struct {
	Server    describedRow `gorm:"embedded"`
	ServerID  int64
	Type      string
	CreatedAt time.Time
	EndsAt    *time.Time
}

// located returns the server without its addresses.
func (r *offeredServerRow) located(accountID int64) Located {
	return Located{
		Link: Link{
			ServerID: r.ServerID, AccountID: accountID, Server: r.Server.description(), Type: r.Type, State: LinkPending,
			CreatedAt: r.CreatedAt.UTC(), EndsAt: orZero(r.EndsAt),
		},
	}
}

// Offered lists the servers of the invites that wait for the answer of an account, each server once. The entries are
// like the entries of [Links.Locate] for pending links: they have addresses and no access key. They have no ID,
// because there is no link yet. Servers to which the account has a link are left out. After an error the list is nil.
func (i *Invites) Offered(ctx context.Context, accountID int64) ([]Located, error) {
	invites, err := i.received(ctx, accountID)
	if err != nil || len(invites) == 0 {
		return nil, err
	}
	ids := make([]int64, len(invites))
	for at, invite := range invites {
		ids[at] = invite.ID
	}
	now := i.Now()
	var rows []offeredServerRow
	if err := i.read(ctx).Raw(offeredServers, ids, now, accountID, now).Scan(&rows).Error; err != nil {
		return nil, explained("list the servers of invites", err)
	}
	var found []Located
	for _, row := range rows {
		if !slices.ContainsFunc(found, func(one Located) bool { return one.ServerID == row.ServerID }) {
			found = append(found, row.located(accountID))
		}
	}
	return i.withAddresses(ctx, found)
}

// withAddresses fills in the addresses of servers that are not hidden.
func (i *Invites) withAddresses(ctx context.Context, servers []Located) ([]Located, error) {
	at := map[int64]int{}
	var ids []int64
	for index, one := range servers {
		at[one.ServerID] = index
		ids = append(ids, one.ServerID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := database.G[addressRow](i.read(ctx)).Where("server_id IN ? AND hidden = ?", ids, false).Order("position, id").Find(ctx)
	if err != nil {
		return nil, explained("read the addresses of servers", err)
	}
	for _, row := range rows {
		one := &servers[at[row.ServerID]]
		one.Addresses = append(one.Addresses, row.address())
	}
	return servers, nil
}

// AcceptServer accepts the offer of one server to an account: the newest invite that offers the server, or else the
// pending link. Other servers of the invite still wait. If the link is already accepted, AcceptServer does nothing
// and spends nothing, because clients of the Emby Connect protocol repeat a request whose answer was lost, and do not
// know an answer that says that the link is accepted already. It returns [ErrNotFound] when there is nothing to
// accept, [ErrLocalUserTaken], [ErrLocalUserGone], [ErrAlreadyLinked] for a link to another local user, or
// [ErrAddressFirst] for a newcomer. After an error nothing has changed.
func (i *Invites) AcceptServer(ctx context.Context, accountID, serverID int64, caller Caller) error {
	return i.tx(ctx, "accept the invite to a server", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, accountID); err != nil {
			return err
		}
		link, err := i.linkOf(ctx, tx, serverID, accountID)
		if err != nil || link != nil && link.State == LinkAccepted {
			return err
		}
		if err := i.requireAddress(ctx, tx, accountID); err != nil {
			return err
		}
		invites, err := i.invitesTo(ctx, tx, accountID, serverID)
		if err != nil {
			return err
		}
		switch {
		case len(invites) > 0:
			return i.acceptOffer(ctx, tx, &invites[0], serverID, accountID, caller)
		case link != nil:
			return i.acceptPending(ctx, tx, accountID, link.ID, caller)
		}
		return ErrNotFound
	})
}

// acceptOffer accepts the offer of an open invite for one server.
func (i *Invites) acceptOffer(ctx context.Context, tx *gorm.DB, invite *inviteRow, serverID, accountID int64, caller Caller) error {
	offer, err := database.G[inviteServerRow](tx).Where("invite_id = ? AND server_id = ?", invite.ID, serverID).Take(ctx)
	if err != nil {
		return explained("read the invite", err)
	}
	if err := lockAccount(tx, invite.OwnerID); err != nil { // the owner gets a mail
		return err
	}
	if err := i.closeOffer(tx, invite.ID, serverID, InviteAccepted, accountID); err != nil {
		return err
	}
	owner, err := i.accountByID(ctx, tx, invite.OwnerID)
	if err != nil {
		return err
	}
	name, err := i.acceptServer(ctx, tx, invite, &owner, offer, accountID)
	if err == nil && name == "" {
		err = ErrNotFound
	}
	if err != nil {
		return err
	}
	if err := i.oweInviter(ctx, tx, invite, &owner, accountID, name, MailLinkAccepted); err != nil {
		return err
	}
	return i.recordAbout(ctx, tx, accountID, EventLinkAccepted, name, caller)
}

// invitesTo reads the invites that wait for the answer of an account and offer one
// server, the newest first.
func (c *core) invitesTo(ctx context.Context, tx *gorm.DB, accountID, serverID int64) ([]inviteRow, error) {
	keys, err := c.ownAddresses(ctx, tx, accountID)
	if err != nil {
		return nil, err
	}
	const offers = ` AND i.circle_id = 0 AND EXISTS (SELECT 1 FROM invite_servers w JOIN servers t ON t.id = w.server_id AND t.owner_id = i.owner_id AND t.disabled_at IS NULL
 WHERE w.invite_id = i.id AND w.server_id = ? AND (w.ends_at IS NULL OR w.ends_at > ?))`
	rows, err := c.openInvites(ctx, tx, "i.account_id = ? AND i.owner_id <> ?"+offers, accountID, accountID, serverID, c.Now())
	if err != nil || len(keys) == 0 {
		return rows, err
	}
	mailed, err := c.openInvites(ctx, tx, "i.account_id = 0 AND i.email_key IN ? AND i.owner_id <> ?"+offers, keys, accountID, serverID, c.Now())
	return newestFirst(append(rows, mailed...)), err
}

// closeOffer closes the offer of one server in a pending invite. While the invite offers
// other servers too, the offer is deleted. The last offer is kept, and the invite itself
// gets the state and, if it is accepted, the account. closeOffer returns [ErrNotFound] when
// another caller was faster.
func (c *core) closeOffer(tx *gorm.DB, inviteID, serverID int64, state string, accountID int64) error {
	by := int64(0)
	if state == InviteAccepted {
		by = accountID
	}
	now := c.Now()
	used := 0
	if state == InviteAccepted {
		used = 1
	}
	err := requireRow(tx.Exec(`UPDATE invites SET state = ?, answered_at = ?, answered_by = ?, used = used + ? WHERE id = ? AND state = ? AND expires_at > ?
 AND EXISTS (SELECT 1 FROM invite_servers v WHERE v.invite_id = invites.id AND v.server_id = ?)
 AND NOT EXISTS (SELECT 1 FROM invite_servers v WHERE v.invite_id = invites.id AND v.server_id <> ?)`,
		state, now, by, used, inviteID, invitePending, now, serverID, serverID))
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return requireRow(tx.Exec(`DELETE FROM invite_servers WHERE invite_id = ? AND server_id = ?
 AND EXISTS (SELECT 1 FROM invites i WHERE i.id = invite_servers.invite_id AND i.state = ? AND i.expires_at > ?)`,
		inviteID, serverID, invitePending, now))
}

// DeclineServer ends everything between an account and one server: the link, pending or
// accepted, and the offers of invites for this server. Other servers of an invite still
// wait. It returns [ErrNotFound] when there is nothing to end.
func (i *Invites) DeclineServer(ctx context.Context, accountID, serverID int64, caller Caller) error {
	return i.tx(ctx, "decline a server", func(tx *gorm.DB) error {
		if err := lockAccount(tx, accountID); err != nil {
			return err
		}
		link, err := i.linkOf(ctx, tx, serverID, accountID)
		if err != nil {
			return err
		}
		if link != nil {
			if err := i.removeLink(ctx, tx, link, caller); err != nil {
				return err
			}
		}
		declined, err := i.declineOffers(ctx, tx, accountID, serverID, caller)
		if err == nil && link == nil && declined == 0 {
			err = ErrNotFound
		}
		return err
	})
}

// declineOffers declines the offers of all open invites for one server, and returns how
// many there were.
func (i *Invites) declineOffers(ctx context.Context, tx *gorm.DB, accountID, serverID int64, caller Caller) (int, error) {
	invites, err := i.invitesTo(ctx, tx, accountID, serverID)
	if err != nil {
		return 0, err
	}
	for at := range invites {
		if err := i.declineOffer(ctx, tx, &invites[at], serverID, accountID, caller); err != nil {
			return 0, err
		}
	}
	return len(invites), nil
}

// declineOffer declines the offer of an open invite for one server.
func (i *Invites) declineOffer(ctx context.Context, tx *gorm.DB, invite *inviteRow, serverID, accountID int64, caller Caller) error {
	if err := lockAccount(tx, invite.OwnerID); err != nil { // the owner gets a mail
		return err
	}
	if err := i.closeOffer(tx, invite.ID, serverID, InviteDeclined, accountID); err != nil {
		return err
	}
	server, err := i.serverByID(ctx, tx, serverID)
	if err != nil {
		return err
	}
	return i.declined(ctx, tx, invite, accountID, server.server().Name, caller)
}

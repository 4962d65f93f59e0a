package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// OperatedServers are the operations of operators on any server, no matter who owns it. The parameter operatorID is
// as in [OperatedAccounts].
type OperatedServers struct{ *core }

// OperatedServer is a server as operators see it.
type OperatedServer struct {
	ServerDetail
	Owner   string // username; "" while nobody has claimed it
	People  int    // accepted links; only from [OperatedServers.List]
	Invites int    // that can still be accepted and name the server; only from [OperatedServers.Get]
}

// The states of servers by which operators filter them.
const (
	ServersAway      = "away" // enabled, and its agent has been silent for [AwayAfter]
	ServersUnclaimed = "unclaimed"
	ServersDisabled  = "disabled"
)

// ServerStates returns the states that [ServersAsk] knows.
func ServerStates() []string { return []string{ServersAway, ServersUnclaimed, ServersDisabled} }

// ServersAsk says which servers [OperatedServers.List] returns.
type ServersAsk struct {
	State string // ServersAway or another; "" for all
	After int64  // the id of the server before the first one; 0 for the beginning
	Most  int    // the largest number of servers
}

// List returns servers in the order of their registration, without their addresses and links.
func (o *OperatedServers) List(ctx context.Context, ask ServersAsk) ([]OperatedServer, error) {
	query := database.G[serverRow](o.read(ctx)).Where("id > ?", ask.After)
	switch ask.State {
	case ServersAway:
		query = query.Where("kind = ? AND disabled_at IS NULL AND last_seen_at <= ?", ServerAgent, o.Now().Add(-AwayAfter))
	case ServersUnclaimed:
		query = query.Where("owner_id = 0")
	case ServersDisabled:
		query = query.Where("disabled_at IS NOT NULL")
	}
	rows, err := query.Order("id").Limit(ask.Most).Find(ctx)
	if err != nil {
		return nil, explained("list the servers", err)
	}
	owners, err := o.ownersOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	people, err := o.peopleOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	servers := make([]OperatedServer, len(rows))
	for i := range rows {
		servers[i] = OperatedServer{ServerDetail: ServerDetail{Server: rows[i].server()}, Owner: owners[rows[i].OwnerID], People: people[rows[i].ID]}
	}
	return servers, nil
}

// ownersOf returns the usernames of the owners of servers, by account id.
func (o *OperatedServers) ownersOf(ctx context.Context, rows []serverRow) (map[int64]string, error) {
	var ids []int64
	for _, row := range rows {
		if row.OwnerID != 0 {
			ids = append(ids, row.OwnerID)
		}
	}
	return o.usernames(ctx, ids)
}

// peopleOf returns how many people servers have, by server id.
func (o *OperatedServers) peopleOf(ctx context.Context, rows []serverRow) (map[int64]int, error) {
	people := map[int64]int{}
	if len(rows) == 0 {
		return people, nil
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var counts []struct {
		ServerID int64
		Count    int
	}
	err := o.read(ctx).Raw("SELECT server_id, COUNT(*) AS count FROM links WHERE server_id IN ? AND state = ? AND (ends_at IS NULL OR ends_at > ?) GROUP BY server_id",
		ids, LinkAccepted, o.Now()).Scan(&counts).Error
	for _, c := range counts {
		people[c.ServerID] = c.Count
	}
	return people, explained("count the people", err)
}

// openInvitesOf counts the invites that name a server and can still be accepted.
const openInvitesOf = "SELECT COUNT(*) FROM invite_servers v JOIN invites i ON i.id = v.invite_id WHERE v.server_id = ? AND i.state = ? AND i.expires_at > ?"

// Get reads a server with its addresses and people. It returns
// [ErrNotFound].
func (o *OperatedServers) Get(ctx context.Context, serverID int64) (OperatedServer, error) {
	row, err := o.serverByID(ctx, o.read(ctx), serverID)
	if err != nil {
		return OperatedServer{}, err
	}
	owners, err := o.ownersOf(ctx, []serverRow{row})
	if err != nil {
		return OperatedServer{}, err
	}
	found := OperatedServer{Owner: owners[row.OwnerID]}
	if found.ServerDetail, err = o.serverDetail(ctx, &row); err != nil {
		return OperatedServer{}, err
	}
	err = o.read(ctx).Raw(openInvitesOf, serverID, invitePending, o.Now()).Row().Scan(&found.Invites)
	return found, explained("count the invites", err)
}

// Disable disables a server: its key is refused, and its people no longer see it,
// until it is enabled. Its links stay. It returns [ErrNotFound].
func (o *OperatedServers) Disable(ctx context.Context, operatorID, serverID int64) error {
	now := o.Now()
	return o.setServerDisabled(ctx, operatorID, serverID, &now, ActServerDisabled, EventServerDisabled)
}

// Enable enables a disabled server. It returns [ErrNotFound].
func (o *OperatedServers) Enable(ctx context.Context, operatorID, serverID int64) error {
	return o.setServerDisabled(ctx, operatorID, serverID, nil, ActServerEnabled, EventServerEnabled)
}

func (o *OperatedServers) setServerDisabled(ctx context.Context, operatorID, serverID int64, at *time.Time, kind ActKind, event EventKind) error {
	return o.act(ctx, operatorID, serverID, kind, event, func(_ context.Context, tx *gorm.DB, _ *serverRow) error {
		return o.changeTold(tx, serverID, func() error {
			return tx.Exec("UPDATE servers SET disabled_at = ? WHERE id = ?", at, serverID).Error
		})
	})
}

// Remove erases a server of any owner with its keys, addresses and links; its people
// get a mail. It returns [ErrNotFound].
func (o *OperatedServers) Remove(ctx context.Context, operatorID, serverID int64) error {
	return o.act(ctx, operatorID, serverID, ActServerRemoved, EventServerRemovedByOperator, o.removeServer)
}

// act runs work on a server, in one transaction, as the act of an operator.
func (o *OperatedServers) act(ctx context.Context, operatorID, serverID int64, kind ActKind, event EventKind,
	work func(ctx context.Context, tx *gorm.DB, row *serverRow) error,
) error {
	return o.tx(ctx, "act on a server", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		row, err := o.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		if err := work(ctx, tx, &row); err != nil {
			return err
		}
		if err := o.recordForOwner(ctx, tx, &row, event); err != nil {
			return err
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: kind, AccountID: row.OwnerID, ServerID: serverID, Subject: row.server().Name})
	})
}

// recordForOwner writes an event into the history of a server's owner, if the server
// has one.
func (o *OperatedServers) recordForOwner(ctx context.Context, tx *gorm.DB, row *serverRow, event EventKind) error {
	if row.OwnerID == 0 {
		return nil
	}
	return o.recordAbout(ctx, tx, row.OwnerID, event, row.server().Name, Caller{})
}

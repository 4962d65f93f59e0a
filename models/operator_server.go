package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// OperatedServers are the operations of operators on any server, no matter who owns it.
type OperatedServers struct{ *core }

// OperatedServer is a server as operators see it.
type OperatedServer struct {
	ServerDetail
	Owner string // username; "" while nobody has claimed it
}

// List returns at most n servers in the order of their registration, without their
// addresses and links. The parameter after is the id of a server: the list begins with the
// next one.
func (o *OperatedServers) List(ctx context.Context, after int64, n int) ([]OperatedServer, error) {
	rows, err := database.G[serverRow](o.read(ctx)).Where("id > ?", after).Order("id").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("list the servers", err)
	}
	owners, err := o.ownersOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	servers := make([]OperatedServer, len(rows))
	for i := range rows {
		servers[i] = OperatedServer{ServerDetail{Server: rows[i].server()}, owners[rows[i].OwnerID]}
	}
	return servers, nil
}

// ownersOf returns the usernames of the owners of servers, by account id.
func (o *OperatedServers) ownersOf(ctx context.Context, rows []serverRow) (map[int64]string, error) {
	names := map[int64]string{}
	var ids []int64
	for _, row := range rows {
		if row.OwnerID != 0 {
			ids = append(ids, row.OwnerID)
		}
	}
	if len(ids) == 0 {
		return names, nil
	}
	owners, err := database.G[accountRow](o.read(ctx)).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, explained("read the owners", err)
	}
	for i := range owners {
		names[owners[i].ID] = owners[i].Username
	}
	return names, nil
}

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
	detail, err := o.serverDetail(ctx, &row)
	return OperatedServer{detail, owners[row.OwnerID]}, err
}

// Disable disables a server: its key is refused, and its people no longer see it,
// until it is enabled. Its links stay. It returns [ErrNotFound].
func (o *OperatedServers) Disable(ctx context.Context, serverID int64) error {
	now := o.Now()
	return o.setServerDisabled(ctx, serverID, &now, EventServerDisabled)
}

// Enable enables a disabled server. It returns [ErrNotFound].
func (o *OperatedServers) Enable(ctx context.Context, serverID int64) error {
	return o.setServerDisabled(ctx, serverID, nil, EventServerEnabled)
}

func (o *OperatedServers) setServerDisabled(ctx context.Context, serverID int64, at *time.Time, event EventKind) error {
	return o.tx(ctx, "disable or enable a server", func(tx *gorm.DB) error {
		row, err := o.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		err = o.changeTold(tx, serverID, func() error {
			return tx.Exec("UPDATE servers SET disabled_at = ? WHERE id = ?", at, serverID).Error
		})
		if err != nil {
			return err
		}
		return o.recordForOwner(ctx, tx, &row, event)
	})
}

// Remove erases a server of any owner with its keys, addresses and links; its people
// get a mail. It returns [ErrNotFound].
func (o *OperatedServers) Remove(ctx context.Context, serverID int64) error {
	return o.tx(ctx, "remove a server", func(tx *gorm.DB) error {
		row, err := o.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		if err := o.removeServer(ctx, tx, &row); err != nil {
			return err
		}
		return o.recordForOwner(ctx, tx, &row, EventServerRemovedByOperator)
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

package models

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// ServerStart has everything that a person needs who wants to get into a server for the first
// time. Its link has FirstDeviceAt and the fields that [Links.List] fills.
type ServerStart struct {
	Link
	Addresses    []Address // in the order in which a client should try them; hidden ones are left out
	Note         string    // of the owner; "" for none
	Media        string    // which media server it is, see [Report]; "" if nobody said
	QuickConnect bool      // its agent has reported that codes can be approved
}

// Start reads what an account needs to get in at a server. It returns [ErrNotFound] unless the
// account has an accepted link to the server. ServerDisabled says that an operator shut the
// server out.
func (l *Links) Start(ctx context.Context, accountID, serverID int64) (ServerStart, error) {
	links, err := l.List(ctx, accountID, LinkAccepted)
	if err != nil {
		return ServerStart{}, err
	}
	at := slices.IndexFunc(links, func(one Link) bool { return one.ServerID == serverID })
	if at < 0 {
		return ServerStart{}, ErrNotFound
	}
	start := ServerStart{Link: links[at]}
	db := l.read(ctx)
	server, err := l.serverByID(ctx, db, serverID)
	if err != nil {
		return ServerStart{}, err
	}
	start.Note, start.Media, start.QuickConnect = server.StartNote, server.Media, server.QuickConnect
	link, err := database.G[linkRow](db).Where("id = ?", start.ID).Take(ctx)
	if err != nil {
		return ServerStart{}, explained("read a link", err)
	}
	start.FirstDeviceAt = orZero(link.FirstDeviceAt)
	start.Addresses, err = l.shownAddresses(ctx, db, serverID)
	return start, err
}

// shownAddresses reads the addresses of a server that are not hidden.
func (c *core) shownAddresses(ctx context.Context, db *gorm.DB, serverID int64) ([]Address, error) {
	rows, err := database.G[addressRow](db).Where("server_id = ? AND hidden = ?", serverID, false).Order("position, id").Find(ctx)
	if err != nil {
		return nil, explained("read the addresses", err)
	}
	addresses := make([]Address, len(rows))
	for i := range rows {
		addresses[i] = rows[i].address()
	}
	return addresses, nil
}

// noteFirstDevice stores that a device of a link was signed in by a code, if it is the first.
func (c *core) noteFirstDevice(tx *gorm.DB, linkID int64) error {
	return tx.Exec("UPDATE links SET first_device_at = ? WHERE id = ? AND first_device_at IS NULL", c.Now(), linkID).Error
}

package models

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// serverListRow is a row of server_lists: the version of the list of servers that an account
// may use, see [Links.LocateTagged]. Each account has such a row from its sign-up on. Two
// lists of an account that differ never have the same version, not even in a restored
// backup, because versions are random.
type serverListRow struct {
	AccountID int64
	Version   int64
	EndsAt    *time.Time // the end of the first link or pause that ends: then the list changes, and the version does not
}

// TableName returns the name of the table, server_lists.
func (serverListRow) TableName() string { return "server_lists" }

// listVersion is the version of a list, as a statement reads it. Both fields are nil for an
// account without a row.
type listVersion struct {
	version *int64
	endsAt  *time.Time
}

// tag returns the tag that a session gets for the list at a time. It returns "" if the version does
// not describe the present list, because a link or a pause has ended and was not swept yet, or
// because the account has no row.
func (v *listVersion) tag(sessionID int64, now time.Time) string {
	if v.version == nil || v.endsAt != nil && !v.endsAt.After(now) {
		return ""
	}
	// The id of the session is a part of the tag, because two sessions have different access keys: a
	// program that sends the tag of another session must not hear that nothing has changed.
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(sessionID))                        //nolint:gosec // the bits count
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(*v.version))) //nolint:gosec // the bits count
}

// newVersion makes a version.
func (c *core) newVersion() (int64, error) {
	var b [8]byte
	if _, err := io.ReadFull(c.opt.Random, b[:]); err != nil {
		return 0, fmt.Errorf("no randomness: %w", err)
	}
	return int64(binary.BigEndian.Uint64(b[:]) >> 1), nil
}

// newServerList writes the row of a new account.
func (c *core) newServerList(ctx context.Context, tx *gorm.DB, accountID int64) error {
	version, err := c.newVersion()
	if err != nil {
		return err
	}
	return database.G[serverListRow](tx).Create(ctx, &serverListRow{AccountID: accountID, Version: version})
}

// renewList gives the list of servers of an account a new version. Every transaction that
// changes an accepted link calls it, after the change. A link that becomes accepted must
// be changed while its server is locked, so that [core.renewListsOf] does not miss it.
func (c *core) renewList(tx *gorm.DB, accountID int64) error {
	version, err := c.newVersion()
	if err != nil {
		return err
	}
	return tx.Exec(`UPDATE server_lists SET version = ?,
 ends_at = (SELECT MIN(CASE WHEN l.ends_at <= l.paused_until THEN l.ends_at ELSE COALESCE(l.paused_until, l.ends_at) END)
 FROM links l WHERE l.account_id = ? AND l.state = ?) WHERE account_id = ?`,
		version, accountID, LinkAccepted, accountID).Error
}

// renewListsOf gives new versions to the lists of all people of a server, in a transaction
// that has locked the server.
func (c *core) renewListsOf(tx *gorm.DB, serverID int64) error {
	version, err := c.newVersion()
	if err != nil {
		return err
	}
	if c.db.Dialect == database.SQLite {
		return tx.Exec("UPDATE server_lists SET version = ? WHERE account_id IN (SELECT account_id FROM links WHERE server_id = ? AND state = ?)",
			version, serverID, LinkAccepted).Error
	}
	// MariaDB would read the whole table if it ran the statement above.
	return tx.Exec("UPDATE server_lists v JOIN links l ON l.account_id = v.account_id SET v.version = ? WHERE l.server_id = ? AND l.state = ?",
		version, serverID, LinkAccepted).Error
}

// toldRow is a row of what the people of a server are told about that server: the server,
// with one of its addresses.
type toldRow struct {
	Server                    describedRow `gorm:"embedded"`
	Disabled                  bool
	DeviceKeys                bool
	AddressKind               string // this field and the next ones are empty without an address
	Scheme, Host, AddressPath string
	Port                      int
}

// changeTold runs work, which may change what the people of a server are told about that
// server. If it does, changeTold renews their lists. It locks the server.
func (c *core) changeTold(tx *gorm.DB, serverID int64, work func() error) error {
	before, err := c.told(tx, serverID)
	if err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	after, err := c.told(tx, serverID)
	if err != nil || slices.Equal(before, after) {
		return err
	}
	return c.renewListsOf(tx, serverID)
}

// told reads what the people of a server are told about that server. It locks the server, and
// reads the newest rows, not the rows as they were when the transaction began: otherwise it could
// miss a change that another transaction has just made.
func (c *core) told(tx *gorm.DB, serverID int64) ([]toldRow, error) {
	statement := "SELECT " + describedColumns + `, s.disabled_at IS NOT NULL AS disabled, s.device_keys, COALESCE(a.kind, '') AS address_kind,
 COALESCE(a.scheme, '') AS scheme, COALESCE(a.host, '') AS host, COALESCE(a.path, '') AS address_path, COALESCE(a.port, 0) AS port
FROM servers s LEFT JOIN server_addresses a ON a.server_id = s.id AND a.hidden = ? WHERE s.id = ? ORDER BY a.position, a.id`
	if c.db.Dialect == database.MySQL {
		statement += " FOR UPDATE"
	}
	var rows []toldRow
	if err := tx.Raw(statement, false, serverID).Scan(&rows).Error; err != nil {
		return nil, err
	}
	if len(rows) > 0 && rows[0].Disabled {
		return nil, nil // nobody sees it
	}
	return rows, nil
}

package models

import (
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// ServerKeys are the operations on the secret keys by which servers prove who they are.
type ServerKeys struct{ *core }

// serverKeyRow is a row of server_keys: the hash of a key by which a server proves who
// it is.
type serverKeyRow struct {
	Hash      secret.Hash
	ServerID  int64
	CreatedAt time.Time
	ExpiresAt *time.Time // set when it was replaced
}

// TableName is server_keys.
func (serverKeyRow) TableName() string { return "server_keys" }

// serverKey returns a server's key of a version. The key is derived, so that no table
// holds it and a repeated registration gets the same key again.
func (c *core) serverKey(serverID, version int64) string {
	return secret.FormatToken(secret.ServerKey, c.keys.MAC("server key", FormatID(serverID), strconv.FormatInt(version, 10)))
}

// newServerKey makes a key for a server and stores its hash. Emby's servers know keys
// of 32 hexadecimal digits; the keys of the service are longer and begin with a prefix.
func (c *core) newServerKey(ctx context.Context, tx *gorm.DB, serverID, version int64) (string, error) {
	key := c.serverKey(serverID, version)
	return key, gorm.G[serverKeyRow](tx).Create(ctx, &serverKeyRow{Hash: secret.Sum(key), ServerID: serverID, CreatedAt: c.Now()})
}

// lookServer is the statement that every call with a server key runs.
const lookServer = `SELECT s.id, s.system_id, s.owner_id, s.name, s.own_name, s.kind, s.version, s.key_version, s.created_at,
 s.claimed_at, s.last_seen_at, s.disabled_at, s.change_seq, s.acked_seq, s.report_hash, s.self_service, k.expires_at AS key_expires_at
FROM server_keys k JOIN servers s ON s.id = k.server_id
WHERE k.hash = ? AND (k.expires_at IS NULL OR k.expires_at > ?)`

// Look returns the server of a server key. It returns [ErrNoServer] for a key that is
// malformed, unknown or replaced, [ErrServerDisabled], or [ErrUnavailable].
func (k *ServerKeys) Look(ctx context.Context, key string) (Server, error) {
	if !secret.WellFormed(secret.ServerKey, key) {
		return Server{}, ErrNoServer
	}
	var rows []struct {
		Server       serverRow `gorm:"embedded"`
		KeyExpiresAt *time.Time
	}
	if err := k.read(ctx).Raw(lookServer, secret.Sum(key), k.Now()).Scan(&rows).Error; err != nil {
		return Server{}, explained("look up a server", err)
	}
	if len(rows) != 1 {
		return Server{}, ErrNoServer
	}
	if rows[0].Server.DisabledAt != nil {
		return Server{}, ErrServerDisabled
	}
	server := rows[0].Server.server()
	server.KeyExpiresAt = orZero(rows[0].KeyExpiresAt)
	return server, nil
}

// KeyOverlap is the time for which a replaced server key still works.
const KeyOverlap = 24 * time.Hour

// Rotate gives a server of an owner a new key and returns it; it cannot be read again.
// The old key works for another 24 hours; keys that were replaced earlier end when
// they would have. Parallel callers get different keys. It returns [ErrNotFound].
func (k *ServerKeys) Rotate(ctx context.Context, ownerID, serverID int64, caller Caller) (key string, err error) {
	err = k.tx(ctx, "rotate a server key", func(tx *gorm.DB) error {
		// Raised before it is read, so that a parallel rotation waits here.
		err := requireRow(tx.Exec("UPDATE servers SET key_version = key_version + 1 WHERE id = ? AND owner_id = ?", serverID, ownerID))
		if err != nil {
			return err
		}
		row, err := k.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND expires_at IS NULL", k.Now().Add(KeyOverlap), serverID).Error
		if err != nil {
			return err
		}
		if key, err = k.newServerKey(ctx, tx, serverID, row.KeyVersion); err != nil {
			return err
		}
		return k.recordEvent(ctx, tx, ownerID, EventServerKeyRotated, caller)
	})
	return key, err
}

// RotateOwn gives the calling server a new key, which is returned once; the old one works
// until overlapUntil. Only the present key may do that, because a thief with a replaced
// key could otherwise replace the new one. For a replaced key, and for a server that was
// removed meanwhile, it returns [ErrNoServer].
func (k *ServerKeys) RotateOwn(ctx context.Context, this Server) (key string, overlapUntil time.Time, err error) {
	overlapUntil = k.Now().Add(KeyOverlap)
	err = k.tx(ctx, "rotate a server key", func(tx *gorm.DB) error {
		// Raised before it is read, so that a parallel rotation waits here.
		raised := tx.Exec("UPDATE servers SET key_version = key_version + 1 WHERE id = ? AND key_version = ?", this.ID, this.KeyVersion)
		if raised.Error != nil {
			return raised.Error
		}
		if raised.RowsAffected != 1 || !this.KeyExpiresAt.IsZero() {
			return ErrNoServer
		}
		row, err := k.serverByID(ctx, tx, this.ID)
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND expires_at IS NULL", overlapUntil, this.ID).Error
		if err != nil {
			return err
		}
		if key, err = k.newServerKey(ctx, tx, this.ID, row.KeyVersion); err != nil || row.OwnerID == 0 {
			return err
		}
		return k.recordEvent(ctx, tx, row.OwnerID, EventServerKeyRotated, Caller{})
	})
	return key, overlapUntil, err
}

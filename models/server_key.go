package models

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// ServerKeys are the operations on the secret keys by which servers prove who they are.
type ServerKeys struct {
	*core

	used *notes[secret.Hash, keyUse] // last uses that are not written yet
}

// keyUse is a use of a server key.
type keyUse struct {
	serverID int64
	at       time.Time
	newest   bool // it was not replaced
	past     keyPast
}

// keyPast tells whether a former owner of the server may know a key.
type keyPast int

const (
	keyOwn       keyPast = iota // the present owner made it, or it has replaced a keyOwn
	keyInherited                // it has replaced a key that a former owner may know; either the server or the former owner replaced that key
	keyKnown                    // it worked when the server was handed over, so a former owner may know it
)

// pastOfKey is the SQL expression for the [keyPast] of a row of server_keys.
const pastOfKey = "CASE WHEN handed_over_at IS NULL THEN 0 WHEN handed_over_at < created_at THEN 1 ELSE 2 END"

// serverKeyRow is a row of server_keys: the hash of a key by which a server proves who
// it is.
type serverKeyRow struct {
	Hash      secret.Hash
	ServerID  int64
	CreatedAt time.Time
	ExpiresAt *time.Time // set when it was replaced

	UsedAt *time.Time // its last use, to the hour; nil if there was none

	// HandedOverAt is set when the server gets another owner, who did not make the key. If
	// the server itself replaces such a key, the new key inherits this time, and so was made
	// later than its HandedOverAt.
	HandedOverAt *time.Time
}

// past computes in Go what pastOfKey computes in SQL.
func (r *serverKeyRow) past() keyPast {
	switch {
	case r.HandedOverAt == nil:
		return keyOwn
	case r.HandedOverAt.Before(r.CreatedAt):
		return keyInherited
	default:
		return keyKnown
	}
}

// TableName returns the name of the table, server_keys.
func (serverKeyRow) TableName() string { return "server_keys" }

// serverKey returns a server's key of a version. The key is derived, so that no table
// holds it and a repeated registration gets the same key again.
func (c *core) serverKey(serverID, version int64) string {
	return secret.FormatToken(secret.ServerKey, c.keys.MAC("server key", FormatID(serverID), strconv.FormatInt(version, 10)))
}

// newServerKey makes a key for a server and stores its hash. Emby's servers know keys of 32
// hexadecimal digits; the keys of the service are longer and begin with a prefix.
// handedOver is nil, or the HandedOverAt that the key inherits.
func (c *core) newServerKey(ctx context.Context, tx *gorm.DB, serverID, version int64, handedOver *time.Time) (string, error) {
	key := c.serverKey(serverID, version)
	row := serverKeyRow{Hash: secret.Sum(key), ServerID: serverID, CreatedAt: c.Now(), HandedOverAt: handedOver}
	if handedOver != nil && !row.CreatedAt.After(*handedOver) { // a clock may be late
		row.CreatedAt = handedOver.Add(time.Millisecond)
	}
	return key, database.G[serverKeyRow](tx).Create(ctx, &row)
}

// lookServer is the statement that every call with a server key runs. Whether the key has
// expired is decided in Go.
const lookServer = `SELECT s.id, s.system_id, s.owner_id, s.name, s.own_name, s.kind, s.version, s.key_version, s.created_at,
 s.claimed_at, s.last_seen_at, s.disabled_at, s.change_seq, s.acked_seq, s.report_hash, s.self_service, s.agent_run, k.expires_at, k.used_at,
 CASE WHEN k.handed_over_at IS NULL THEN 0 WHEN k.handed_over_at < k.created_at THEN 1 ELSE 2 END
FROM server_keys k JOIN servers s ON s.id = k.server_id
WHERE k.hash = ?`

// Look returns the server of a server key. It returns [ErrNoServer] for a key that is
// malformed, unknown or replaced, [ErrServerDisabled], or [ErrUnavailable].
func (k *ServerKeys) Look(ctx context.Context, key string) (Server, error) {
	if !secret.WellFormed(secret.ServerKey, key) {
		return Server{}, ErrNoServer
	}
	hash := secret.Sum(key)
	var r serverRow
	var expires, used *time.Time
	var past keyPast
	found, err := k.hot.serverKey.One(ctx, []any{hash[:]}, &r.ID, &r.SystemID, &r.OwnerID, &r.Name, &r.OwnName, &r.Kind, &r.Version,
		&r.KeyVersion, &r.CreatedAt, &r.ClaimedAt, &r.LastSeenAt, &r.DisabledAt, &r.ChangeSeq, &r.AckedSeq, &r.ReportHash, &r.SelfService,
		&r.AgentRun, &expires, &used, &past)
	if err != nil {
		return Server{}, explained("look up a server", err)
	}
	if !found || expires != nil && !expires.After(k.Now()) {
		return Server{}, ErrNoServer
	}
	if r.DisabledAt != nil {
		return Server{}, ErrServerDisabled
	}
	server := r.server()
	server.KeyExpiresAt, server.KeyHandedOver = orZero(expires), past == keyKnown
	if used == nil || k.Now().Sub(*used) >= keyUseEvery {
		k.noteKeyUse(hash, keyUse{serverID: server.ID, at: k.Now(), newest: server.KeyExpiresAt.IsZero(), past: past})
	}
	return server, nil
}

// keyUseEvery is the precision of the time of a key's last use.
const keyUseEvery = time.Hour

// noteKeyUse stores a use in memory for [ServerKeys.Flush].
func (k *ServerKeys) noteKeyUse(hash secret.Hash, use keyUse) {
	k.used.note(hash, use)
}

// Flush writes the stored uses, a few in each transaction. If that fails, the next Flush tries
// again. Once a server uses its newest key, it does not need its older keys any more. Then Flush
// ends each older key whose [keyPast] is worse, and the owner gets a mail: a keyOwn ends every
// keyInherited and keyKnown, and a keyInherited ends every keyKnown.
func (k *ServerKeys) Flush(ctx context.Context) error {
	byHash := func(a, b secret.Hash) int { return bytes.Compare(a[:], b[:]) }
	return k.used.flush(byHash, func(hashes []secret.Hash, used map[secret.Hash]keyUse) error {
		return k.tx(ctx, "write the uses of server keys", func(tx *gorm.DB) error {
			for _, hash := range hashes {
				if err := k.writeKeyUse(ctx, tx, hash, used[hash]); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// writeKeyUse writes one use of a key. If the key is the newest of its server, it also ends
// the keys with a worse [keyPast].
func (k *ServerKeys) writeKeyUse(ctx context.Context, tx *gorm.DB, hash secret.Hash, use keyUse) error {
	const write = "UPDATE server_keys SET used_at = ? WHERE hash = ? AND (used_at IS NULL OR used_at < ?)"
	if !use.newest || use.past == keyKnown {
		return tx.Exec(write, use.at, hash, use.at).Error
	}
	// The update locks the row until the commit, so that a hand-over at the same time waits.
	// If the key was handed over or replaced after this use, the use does not end any other
	// key.
	written := tx.Exec(write+" AND expires_at IS NULL AND "+pastOfKey+" = ?", use.at, hash, use.at, use.past)
	if written.Error != nil || written.RowsAffected == 0 {
		return written.Error
	}
	ended := tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND hash <> ? AND (expires_at IS NULL OR expires_at > ?) AND "+
		pastOfKey+" > ?", k.Now(), use.serverID, hash, k.Now(), use.past)
	if ended.Error != nil || ended.RowsAffected == 0 {
		return ended.Error
	}
	row, err := k.serverByID(ctx, tx, use.serverID)
	if err != nil {
		return err
	}
	this := row.server()
	return k.tellOwner(ctx, tx, &this, EventServerFormerKeyEnded, keysEndedFormer, Caller{})
}

// tellOwner writes an event about the keys of a server into the history of its owner, and
// owes the owner a mail about the event. The parameter what is [MailFacts].What of this
// mail. For a server without an owner it does nothing.
func (k *ServerKeys) tellOwner(ctx context.Context, tx *gorm.DB, this *Server, event EventKind, what string, caller Caller) error {
	if this.OwnerID == 0 {
		return nil
	}
	owner, err := k.accountByID(ctx, tx, this.OwnerID)
	if err != nil {
		return err
	}
	if err := k.recordAbout(ctx, tx, owner.ID, event, this.Name, caller); err != nil {
		return err
	}
	return k.owe(ctx, tx, serverKeyMail(&owner, this.Name, what, caller, k.Now()))
}

// KeyOverlap is the time for which a replaced server key still works.
const KeyOverlap = 24 * time.Hour

// Rotate gives a server of an owner a new key and returns it; it cannot be read again. The
// old key works for another 24 hours; keys that were replaced earlier still end at the time
// that was set then. Parallel callers get different keys. It returns [ErrNotFound].
func (k *ServerKeys) Rotate(ctx context.Context, ownerID, serverID int64, caller Caller) (key string, err error) {
	err = k.tx(ctx, "rotate a server key", func(tx *gorm.DB) error {
		var this Server
		if key, this, err = k.rotate(ctx, tx, ownerID, serverID, "expires_at IS NULL", k.Now().Add(KeyOverlap)); err != nil {
			return err
		}
		return k.recordAbout(ctx, tx, ownerID, EventServerKeyRotated, this.Name, caller)
	})
	return key, err
}

// RotateStolen gives a server of an owner a new key and returns it; it cannot be read
// again. Every other key ends at once, so a thief who has one is shut out, and so is the
// server until it gets the new key. The owner gets a mail. It returns [ErrNotFound].
func (k *ServerKeys) RotateStolen(ctx context.Context, ownerID, serverID int64, caller Caller) (key string, err error) {
	err = k.tx(ctx, "replace the keys of a server", func(tx *gorm.DB) error {
		now := k.Now()
		var this Server
		if key, this, err = k.rotate(ctx, tx, ownerID, serverID, "(expires_at IS NULL OR expires_at > ?)", now, now); err != nil {
			return err
		}
		return k.tellOwner(ctx, tx, &this, EventServerKeysEnded, keysEnded, caller)
	})
	return key, err
}

// rotate gives a server of an owner a new key. The keys that fulfil the SQL condition, with
// its values args, end at the time until.
func (k *ServerKeys) rotate(
	ctx context.Context, tx *gorm.DB, ownerID, serverID int64, condition string, until time.Time, args ...any,
) (key string, this Server, err error) {
	// The version is raised before the row is read, so that a parallel rotation waits here.
	err = requireRow(tx.Exec("UPDATE servers SET key_version = key_version + 1 WHERE id = ? AND owner_id = ?", serverID, ownerID))
	if err != nil {
		return "", Server{}, err
	}
	row, err := k.ownedServer(ctx, tx, ownerID, serverID)
	if err != nil {
		return "", Server{}, err
	}
	err = tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND "+condition, append([]any{until, serverID}, args...)...).Error
	if err != nil {
		return "", Server{}, err
	}
	key, err = k.newServerKey(ctx, tx, serverID, row.KeyVersion, nil)
	return key, row.server(), err
}

// EndReplaced ends the replaced keys of a server of an owner before their time; only the
// newest key keeps working. The owner gets a mail if a key was ended. It returns
// [ErrNotFound].
func (k *ServerKeys) EndReplaced(ctx context.Context, ownerID, serverID int64, caller Caller) error {
	return k.tx(ctx, "end the replaced keys of a server", func(tx *gorm.DB) error {
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		row, err := k.ownedServer(ctx, tx, ownerID, serverID)
		if err != nil {
			return err
		}
		ended := tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND expires_at > ?", k.Now(), serverID, k.Now())
		if ended.Error != nil || ended.RowsAffected == 0 {
			return ended.Error
		}
		this := row.server()
		return k.tellOwner(ctx, tx, &this, EventServerKeysEnded, keysEnded, caller)
	})
}

// WorkingKey is a key of a server that works, as the server's owner sees it. Times are
// UTC.
type WorkingKey struct {
	CreatedAt  time.Time
	UsedAt     time.Time // to the hour; zero for a key that was never used
	EndsAt     time.Time // zero for the newest key
	HandedOver bool      // a former owner of the server may know it
	Inherited  bool      // it was made with a key that a former owner may know; a newer key of the owner ends it at its first use
}

// List returns the working keys of a server of an owner, the newest first. It returns
// [ErrNotFound].
func (k *ServerKeys) List(ctx context.Context, ownerID, serverID int64) ([]WorkingKey, error) {
	if _, err := k.ownedServer(ctx, k.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	rows, err := database.G[serverKeyRow](k.read(ctx)).Where("server_id = ? AND (expires_at IS NULL OR expires_at > ?)", serverID, k.Now()).
		Order("expires_at IS NOT NULL, created_at DESC, expires_at DESC").Find(ctx)
	if err != nil {
		return nil, explained("list the keys of a server", err)
	}
	keys := make([]WorkingKey, len(rows))
	for i, row := range rows {
		keys[i] = WorkingKey{
			CreatedAt: row.CreatedAt.UTC(), UsedAt: orZero(row.UsedAt), EndsAt: orZero(row.ExpiresAt), HandedOver: row.past() == keyKnown, Inherited: row.past() == keyInherited,
		}
	}
	return keys, nil
}

// RotateOwn gives the calling server a new key and returns it; the old key works until
// overlapUntil. Only the newest key may be used for this. Otherwise a thief with a replaced key
// could replace the newest key. The new key inherits the past of the old key: if a former owner may
// know the old key, a key that the present owner makes ends both (see [ServerKeys.Flush]). A server
// that has lost the answer can repeat the call with the same old key and the same Idempotency-Key,
// and gets the same new key. The owner gets a mail. For a replaced key, and for a server that was
// removed meanwhile, it returns [ErrNoServer]; it also returns [ErrOtherRequest], [ErrThrottled] or
// an error about the Idempotency-Key.
func (k *ServerKeys) RotateOwn(ctx context.Context, this Server, idempotencyKey string, caller Caller) (key string, overlapUntil time.Time, err error) {
	o, err := k.idempotent("rotate server key "+FormatID(this.ID), idempotencyKey)
	if err != nil {
		return "", time.Time{}, err
	}
	if version, err := k.doneBefore(ctx, o); err != nil || version != 0 {
		return k.rotatedBefore(&this, version, err)
	}
	if !this.KeyExpiresAt.IsZero() {
		return "", time.Time{}, ErrNoServer
	}
	if err := k.throttle.allow(ctx, k.throttle.key("rotate server key", FormatID(this.ID)), k.opt.Limits.ServerKeyDay); err != nil {
		return "", time.Time{}, err
	}
	overlapUntil = k.Now().Add(KeyOverlap)
	version, err := k.txOnce(ctx, "rotate a server key", o, this.KeyVersion+1, func(tx *gorm.DB) error {
		key, err = k.rotateOwn(ctx, tx, &this, overlapUntil, caller)
		return err
	})
	if err != nil || version != 0 {
		this.KeyExpiresAt = overlapUntil
		return k.rotatedBefore(&this, version, err)
	}
	return key, overlapUntil, nil
}

// rotatedBefore answers a repeated rotation with the new key of the first rotation, which
// it derives again. If err is not nil it returns err. If the calling key has not been
// replaced, it returns [ErrNoServer].
func (k *ServerKeys) rotatedBefore(this *Server, version int64, err error) (key string, overlapUntil time.Time, _ error) {
	if err == nil && this.KeyExpiresAt.IsZero() {
		err = ErrNoServer
	}
	if err != nil {
		return "", time.Time{}, err
	}
	return k.serverKey(this.ID, version), this.KeyExpiresAt, nil
}

// rotateOwn does the work of [ServerKeys.RotateOwn] in a transaction.
func (k *ServerKeys) rotateOwn(ctx context.Context, tx *gorm.DB, this *Server, overlapUntil time.Time, caller Caller) (key string, err error) {
	// The version is raised before the row is read, so that a parallel rotation waits here.
	raised := tx.Exec("UPDATE servers SET key_version = key_version + 1 WHERE id = ? AND key_version = ?", this.ID, this.KeyVersion)
	if raised.Error != nil {
		return "", raised.Error
	}
	if raised.RowsAffected != 1 {
		return "", ErrNoServer
	}
	row, err := k.serverByID(ctx, tx, this.ID)
	if err != nil {
		return "", err
	}
	present, err := database.G[serverKeyRow](tx).Where("server_id = ? AND expires_at IS NULL", this.ID).Take(ctx)
	if err != nil {
		return "", err
	}
	err = tx.Exec("UPDATE server_keys SET expires_at = ? WHERE server_id = ? AND expires_at IS NULL", overlapUntil, this.ID).Error
	if err != nil {
		return "", err
	}
	if key, err = k.newServerKey(ctx, tx, this.ID, row.KeyVersion, present.HandedOverAt); err != nil {
		return "", err
	}
	now := row.server()
	return key, k.tellOwner(ctx, tx, &now, EventServerKeyRenewed, keyRenewed, caller)
}

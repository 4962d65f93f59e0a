package models

import "gorm.io/gorm"

// A transaction that writes a row of an account or a server first locks that account or
// server, by an update that raises its lock_version. A transaction that deletes the account
// or server at the same time either waits for that lock, or was first, and then there is
// nothing left to lock. So no row outlives its account or server. Locks are always taken in
// the same order, so that transactions do not block each other: accounts, then sessions,
// then circles, then servers, then links, then server_lists.
//
// On a Galera cluster, an update that changes nothing would lock the row at one node only:
// the other nodes are told only what changed, so a row that stayed the same cannot conflict
// with their changes. TestLocksChangeTheirRow finds such updates.

// lockAccount locks an account in any state. It returns [ErrNotFound].
func lockAccount(tx *gorm.DB, accountID int64) error {
	return lockRow(tx, "accounts", "id = ?", accountID)
}

// lockUsableAccount locks an account that is confirmed and not disabled. It returns
// [ErrNotFound] for any other account.
func lockUsableAccount(tx *gorm.DB, accountID int64) error {
	return lockRow(tx, "accounts", "id = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL", accountID)
}

// lockPerson locks an account that is confirmed and not disabled, and still has the PIN with this
// hash, or none for "". It returns [ErrNotFound] for any other account.
func lockPerson(tx *gorm.DB, accountID int64, pinHash string) error {
	return lockRow(tx, "accounts", "id = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL AND pin_hash = ? AND pin_off_at IS NULL", accountID, pinHash)
}

// lockMember does the same as [lockPerson] for an account that is looked after in a family.
func lockMember(tx *gorm.DB, accountID int64, pinHash string, familyID int64) error {
	return lockRow(tx, "accounts", "id = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL AND pin_hash = ? AND pin_off_at IS NULL AND guardian_id = ?",
		accountID, pinHash, familyID)
}

// lockSession locks a session. It returns [ErrNoSession].
func lockSession(tx *gorm.DB, sessionID int64) error {
	err := lockRow(tx, "sessions", "id = ?", sessionID)
	if KindOf(err) == KindNotFound {
		return ErrNoSession
	}
	return err
}

// lockOwnServer locks a server of an owner. It returns [ErrNotFound] for a server of
// another owner.
func lockOwnServer(tx *gorm.DB, ownerID, serverID int64) error {
	return lockServer(tx, "id = ? AND owner_id = ?", serverID, ownerID)
}

// lockServer locks the server that the SQL condition selects. It returns [ErrNotFound] if
// there is none.
func lockServer(tx *gorm.DB, condition string, args ...any) error {
	return lockRow(tx, "servers", condition, args...)
}

// lockRow raises the lock_version of the rows of a table that the SQL condition selects. It
// returns [ErrNotFound] if there are none.
func lockRow(tx *gorm.DB, table, condition string, args ...any) error {
	return requireRow(tx.Exec("UPDATE "+table+" SET lock_version = lock_version + 1 WHERE "+condition, args...))
}

// lockEnabledServer locks a server that is not disabled. It returns [ErrNotFound] for any
// other server.
func lockEnabledServer(tx *gorm.DB, serverID int64) error {
	return lockServer(tx, "id = ? AND disabled_at IS NULL", serverID)
}

// requireRow returns [ErrNotFound] when a statement changed no row.
func requireRow(result *gorm.DB) error {
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrNotFound
	}
	return result.Error
}

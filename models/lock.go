package models

import "gorm.io/gorm"

// A transaction that writes a row of an account or a server first locks that account
// or server, by an update that changes nothing. A transaction that deletes it at the
// same time then waits, or it was first and there is nothing left to lock. So no row
// outlives its account or server. Locks are always taken in the same order, so that
// transactions do not block each other: accounts, then servers, then links.

// lockAccount locks an account in any state. It returns [ErrNotFound].
func lockAccount(tx *gorm.DB, accountID int64) error {
	return requireRow(tx.Exec("UPDATE accounts SET username = username WHERE id = ?", accountID))
}

// lockUsableAccount locks an account that is confirmed and not disabled. It returns
// [ErrNotFound] for any other account.
func lockUsableAccount(tx *gorm.DB, accountID int64) error {
	return requireRow(tx.Exec("UPDATE accounts SET username = username WHERE id = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL", accountID))
}

// lockOwnServer locks a server of an owner. It returns [ErrNotFound] for a server of
// another owner.
func lockOwnServer(tx *gorm.DB, ownerID, serverID int64) error {
	return requireRow(tx.Exec("UPDATE servers SET name = name WHERE id = ? AND owner_id = ?", serverID, ownerID))
}

// requireRow returns [ErrNotFound] when a statement changed no row.
func requireRow(result *gorm.DB) error {
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrNotFound
	}
	return result.Error
}

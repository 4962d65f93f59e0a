package models

import "gorm.io/gorm"

// A transaction that writes a row which belongs to an account or a server holds
// that one first, by an update that changes nothing: whoever deletes it at the
// same time waits, or has come first and leaves nothing to hold. So no row can
// be left behind of something that is gone. Accounts are held before servers,
// and both before links.

// holdAccount holds an account in whatever state. It returns [ErrNotFound].
func holdAccount(tx *gorm.DB, accountID int64) error {
	return oneRow(tx.Exec("UPDATE accounts SET username = username WHERE id = ?", accountID))
}

// holdUsableAccount holds an account that is confirmed and not disabled. It
// returns [ErrNotFound] for any other.
func holdUsableAccount(tx *gorm.DB, accountID int64) error {
	return oneRow(tx.Exec("UPDATE accounts SET username = username WHERE id = ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL", accountID))
}

// holdOwnServer holds a server of an owner. It returns [ErrNotFound] for one that
// is somebody else's.
func holdOwnServer(tx *gorm.DB, ownerID, serverID int64) error {
	return oneRow(tx.Exec("UPDATE servers SET name = name WHERE id = ? AND owner_id = ?", serverID, ownerID))
}

// oneRow returns [ErrNotFound] when a statement changed no row.
func oneRow(result *gorm.DB) error {
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrNotFound
	}
	return result.Error
}

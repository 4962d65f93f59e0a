package models

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Restores is the area that notices when the database was restored from a backup. A backup brings
// back secrets that no longer worked, such as the tokens of ended sessions and the secrets of
// used links. Restores ends them again.
type Restores struct {
	*core
	last atomic.Int64 // when a restored database was cleaned last, in milliseconds since 1970; 0 for never
}

// restoreRow is the single row of restores.
type restoreRow struct {
	ID         int64
	Mark       string
	Counter    int64
	AfterID    int64
	RestoredAt *time.Time
	LastAt     *time.Time
}

// TableName returns the name of the table.
func (restoreRow) TableName() string { return "restores" }

// DatabaseMark names a database and counts upwards while the service uses it. The service keeps a
// copy outside of the database. If the counter in the database is lower than the counter in the
// copy, the database was restored from a backup.
type DatabaseMark struct {
	Name    string // random; the same in all backups of the database
	Counter int64
}

const (
	theRestoreRow = 1
	// restoreLeap is added to the counter of a restored database, so that it is above
	// the copies of all processes: each of them knows a slightly different value.
	restoreLeap = 1000
	// accountsAtOnce is the number of accounts whose access keys one transaction
	// replaces.
	accountsAtOnce = 20
)

// Raise raises the counter of the database and returns its mark. The caller keeps a copy of
// the mark outside of the database, and passes it as known at the next call; without a copy
// known is the zero value. restored reports that the database is behind the copy; then
// [Restores.Finish] has work to do. A copy with the name of another database is ignored.
func (r *Restores) Raise(ctx context.Context, known DatabaseMark) (mark DatabaseMark, restored bool, err error) {
	err = r.tx(ctx, "raise the counter of the database", func(tx *gorm.DB) error {
		restored = false
		fresh, err := r.makeRow(ctx, tx)
		if err != nil {
			return err
		}
		if err := tx.Exec("UPDATE restores SET counter = counter + 1 WHERE id = ?", theRestoreRow).Error; err != nil {
			return err
		}
		row, err := database.G[restoreRow](tx).Where("id = ?", theRestoreRow).Take(ctx)
		if err != nil {
			return err
		}
		mark = DatabaseMark{Name: row.Mark, Counter: row.Counter}
		// A backup that is older than this table has no row. makeRow has just given such a
		// database a new name, so its name cannot be compared.
		restored = known.Counter > 0 && (fresh || known.Name == row.Mark) && row.Counter <= known.Counter
		if restored {
			mark.Counter = known.Counter + restoreLeap
			return r.begin(tx, mark.Counter-row.Counter)
		}
		if row.LastAt != nil {
			r.last.Store(row.LastAt.UnixMilli())
		}
		return nil
	})
	return mark, restored, err
}

// makeRow writes the row into a database that does not have it yet, and reports whether it has
// written the row.
func (r *Restores) makeRow(ctx context.Context, tx *gorm.DB) (bool, error) {
	rows, err := database.G[restoreRow](tx).Where("id = ?", theRestoreRow).Count(ctx, "*")
	if err != nil || rows > 0 {
		return false, err
	}
	name := make([]byte, 16)
	if _, err := io.ReadFull(r.opt.Random, name); err != nil {
		return false, err
	}
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&restoreRow{ID: theRestoreRow, Mark: hex.EncodeToString(name)})
	return made.RowsAffected == 1, made.Error
}

// begin stores that the database was restored, so that a crash loses nothing, and raises
// the counter by leap.
func (r *Restores) begin(tx *gorm.DB, leap int64) error {
	for _, table := range lostAtRestore() {
		// A clock may have been ahead when the row was written. What was made before the restore must not
		// look as if it were made after it.
		if err := tx.Exec("UPDATE "+table+" SET created_at = ? WHERE created_at > ?", r.Now(), r.Now()).Error; err != nil {
			return err
		}
	}
	return tx.Exec("UPDATE restores SET counter = counter + ?, after_id = 0, restored_at = ? WHERE id = ?", leap, r.Now(), theRestoreRow).Error
}

// lostAtRestore returns the tables with rows that end after a restore because they were made before it.
func lostAtRestore() []string {
	return []string{"sessions", "device_codes", "quick_connects", "local_passwords", "quick_devices", "claim_codes", "proofs", "tokens", "outbox", "invites"}
}

// Declare stores that the database was restored from a backup, because its operator says
// so; then [Restores.Finish] has work to do.
func (r *Restores) Declare(ctx context.Context) error {
	return r.tx(ctx, "store that the database was restored", func(tx *gorm.DB) error {
		if _, err := r.makeRow(ctx, tx); err != nil {
			return err
		}
		return r.begin(tx, restoreLeap)
	})
}

// Finish ends the secrets that a restored backup has brought back: all sessions, device codes,
// Quick Connect codes, claim codes, proofs, mailed links, open invites and messages for webhooks. It also replaces all
// access keys; agents fetch the new ones by their feed. What was made after the restore stays.
// Two kinds of mailed links stay too: mailed links that undo a change of the address, and mailed
// links that confirm a sign-up. The restore may have undone what they did, so people must be able
// to use them again. Finish reports false when there is nothing to do. After an error or a crash
// the next call continues, and several processes can share the work.
func (r *Restores) Finish(ctx context.Context) (done bool, err error) {
	row, err := r.row(ctx)
	if err != nil || row.RestoredAt == nil {
		return false, err
	}
	if err := r.endOld(ctx, *row.RestoredAt); err != nil {
		return false, err
	}
	for row.RestoredAt != nil {
		if err := r.nextAccounts(ctx, row); err != nil {
			return false, err
		}
		if row, err = r.row(ctx); err != nil {
			return false, err
		}
	}
	if row.LastAt != nil {
		r.last.Store(row.LastAt.UnixMilli())
	}
	return true, nil
}

// row returns the row, or the zero value for a database that does not have the row.
func (r *Restores) row(ctx context.Context) (restoreRow, error) {
	row, err := database.G[restoreRow](r.read(ctx)).Where("id = ?", theRestoreRow).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return restoreRow{}, nil
	}
	return row, explained("read whether the database was restored", err)
}

// endOld deletes things that were made before the restore: sessions, codes, proofs, the tokens that
// must not work again, and the owed mails with such tokens. The parameter at is the time of the
// restore. It also withdraws the open invites. It changes a few rows at a time.
func (r *Restores) endOld(ctx context.Context, at time.Time) error {
	for _, rule := range []struct{ table, key, condition string }{
		{"sessions", "id", ""},
		{"device_codes", "id", ""},
		{"quick_connects", "id", ""},
		{"local_passwords", "id", ""},
		{"quick_devices", "id", ""},
		{"claim_codes", "code_mac", ""},
		{"proofs", "id", ""},
		{"webhook_events", "id", ""},
		{"webhook_deliveries", "id", " AND state = 'queued'"}, // they may have been sent after the backup
		{"tokens", "hash", " AND purpose IN ('reset', 'pin_reset', 'email_change', 'not_me', 'stay', 'invite')"},
	} {
		if err := r.sweepTable(ctx, sweepRule{rule.table, rule.key, "created_at <= ?" + rule.condition, []any{at}}); err != nil {
			return err
		}
	}
	// The worker mints the secret of an owed mail when it sends the mail. The mail may have
	// been sent before the restore, and its link used, so it must not be sent again.
	kinds := kindsWithSecret([]purpose{purposeReset, purposePINReset, purposeEmailChange, purposeNotMe, purposeStay, purposeInvite})
	for _, kind := range kinds {
		if err := r.sweepTable(ctx, sweepRule{"outbox", "id", "created_at <= ? AND kind = ?", []any{at, string(kind)}}); err != nil {
			return err
		}
	}
	if err := r.stopMessages(ctx); err != nil {
		return err
	}
	return r.withdrawInvites(ctx, at)
}

// withdrawInvites withdraws the invites that were open at the time of the restore: some
// of them had been accepted or withdrawn after the backup.
func (r *Restores) withdrawInvites(ctx context.Context, at time.Time) error {
	for {
		ids, err := r.sweepKeys(ctx, "SELECT id FROM invites WHERE state = ? AND created_at <= ? LIMIT ?", invitePending, at, sweepStep)
		if err != nil || len(ids) == 0 {
			return explained("find open invites", err)
		}
		err = r.tx(ctx, "withdraw invites", func(tx *gorm.DB) error {
			return tx.Exec("UPDATE invites SET state = ?, answered_at = ? WHERE id IN ? AND state = ?", InviteWithdrawn, r.Now(), ids, invitePending).Error
		})
		if err != nil {
			return err
		}
	}
}

// nextAccounts replaces the access keys of the next accounts and writes the restore into
// their history; after the last account it stores that all is done. The transaction
// begins by taking the accounts, so that no other process takes the same ones.
func (r *Restores) nextAccounts(ctx context.Context, row restoreRow) error {
	return r.tx(ctx, "replace access keys after a restore", func(tx *gorm.DB) error {
		accounts, err := database.G[accountRow](tx).Where("id > ?", row.AfterID).Order("id").Limit(accountsAtOnce).Find(ctx)
		if err != nil {
			return err
		}
		if len(accounts) == 0 {
			return tx.Exec("UPDATE restores SET last_at = restored_at, restored_at = NULL, after_id = 0 WHERE id = ? AND after_id = ? AND restored_at IS NOT NULL",
				theRestoreRow, row.AfterID).Error
		}
		taken := tx.Exec("UPDATE restores SET after_id = ? WHERE id = ? AND after_id = ? AND restored_at IS NOT NULL",
			accounts[len(accounts)-1].ID, theRestoreRow, row.AfterID)
		if taken.Error != nil || taken.RowsAffected != 1 {
			return taken.Error
		}
		accounts = slices.DeleteFunc(accounts, func(a accountRow) bool { return errors.Is(lockAccount(tx, a.ID), ErrNotFound) })
		for _, account := range accounts {
			if err := r.endOpen(ctx, tx, account.ID); err != nil {
				return err
			}
		}
		return r.recordEvents(ctx, tx, accounts, EventRestored, "")
	})
}

// endOpen replaces the access keys of an account and closes its unlocks: what was open at the backup may have been
// closed since, or its PIN replaced.
func (r *Restores) endOpen(ctx context.Context, tx *gorm.DB, accountID int64) error {
	if err := r.replaceAccessKeys(ctx, tx, accountID); err != nil {
		return err
	}
	if err := r.feedAccount(ctx, tx, accountID, ChangeDevicesEnded); err != nil {
		return err
	}
	_, err := r.closeUnlocks(ctx, tx, "account_id = ?", accountID)
	return err
}

// Name returns the name of the database, which all of its backups have too. It is "" for a database that
// no service has used yet.
func (r *Restores) Name(ctx context.Context) (string, error) {
	row, err := r.row(ctx)
	return row.Mark, err
}

// Last returns when a restored database was cleaned last, as far as this process knows,
// or the zero time. It is UTC.
func (r *Restores) Last() time.Time {
	at := r.last.Load()
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

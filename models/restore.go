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
)

// Restores are the operations by which the service notices that its database was
// restored from a backup, and ends what would otherwise live again: sessions that had
// been ended, and links that had been spent.
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

// TableName is restores.
func (restoreRow) TableName() string { return "restores" }

// DatabaseMark names a database and how far it had come. A copy of it is kept outside of
// the database: if the database is behind the copy, a backup was restored.
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

// Raise raises the counter of the database and returns its mark, of which the caller
// keeps a copy outside of the database. known is the copy that the caller has kept, or
// the zero value. restored reports that the database is behind that copy; then
// [Restores.Finish] has work to do. The mark of another database says nothing.
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
		row, err := gorm.G[restoreRow](tx).Where("id = ?", theRestoreRow).Take(ctx)
		if err != nil {
			return err
		}
		mark = DatabaseMark{Name: row.Mark, Counter: row.Counter}
		// A backup from before this table existed has no row, so its name is new.
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

// makeRow writes the row of a database that has none, and reports whether it did.
func (r *Restores) makeRow(ctx context.Context, tx *gorm.DB) (bool, error) {
	rows, err := gorm.G[restoreRow](tx).Where("id = ?", theRestoreRow).Count(ctx, "*")
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
	return tx.Exec("UPDATE restores SET counter = counter + ?, after_id = 0, restored_at = ? WHERE id = ?", leap, r.Now(), theRestoreRow).Error
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

// Finish ends what lives again in a restored database: all sessions, device codes, codes
// of Quick Connect, claim codes and proofs, the links of mails, and open invites; and it
// replaces all access keys, which agents fetch by their feed. What was made after the
// restore stays, and so do the links that undo a change of address or confirm a sign-up:
// what they had done is undone by the restore, and nobody else could do it. It reports
// false when there is nothing to do. After an error or a crash another call goes on;
// calls in several processes share the work.
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

// row returns the row, or the zero value for a database that has none.
func (r *Restores) row(ctx context.Context) (restoreRow, error) {
	row, err := gorm.G[restoreRow](r.read(ctx)).Where("id = ?", theRestoreRow).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return restoreRow{}, nil
	}
	return row, explained("read whether the database was restored", err)
}

// endOld deletes what works once and was made until at, a few rows at a time.
func (r *Restores) endOld(ctx context.Context, at time.Time) error {
	for _, rule := range []struct{ table, key, condition string }{
		{"sessions", "id", ""},
		{"device_codes", "id", ""},
		{"quick_connects", "id", ""},
		{"claim_codes", "code_mac", ""},
		{"proofs", "id", ""},
		{"tokens", "hash", " AND purpose IN ('reset', 'pin_reset', 'email_change', 'not_me', 'invite')"},
	} {
		if err := r.sweepTable(ctx, rule.table, rule.key, "created_at <= ?"+rule.condition, []any{at}); err != nil {
			return err
		}
	}
	// A mail that is still owed would bring a link that was spent.
	kinds := kindsWithSecret([]purpose{purposeReset, purposePINReset, purposeEmailChange, purposeNotMe, purposeInvite})
	for _, kind := range kinds {
		if err := r.sweepTable(ctx, "outbox", "id", "created_at <= ? AND kind = ?", []any{at, string(kind)}); err != nil {
			return err
		}
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
		accounts, err := gorm.G[accountRow](tx).Where("id > ?", row.AfterID).Order("id").Limit(accountsAtOnce).Find(ctx)
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
			if err := r.replaceAccessKeys(ctx, tx, account.ID); err != nil {
				return err
			}
			if err := r.feedAccount(ctx, tx, account.ID, ChangeDevicesEnded); err != nil {
				return err
			}
		}
		return r.recordEvents(ctx, tx, accounts, EventRestored)
	})
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

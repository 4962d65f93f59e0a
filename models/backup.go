package models

import (
	"compress/gzip"
	"context"
	"io"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// Backups is the area that makes backups and knows when the last one was made.
type Backups struct{ *core }

// backupRow is the single row of backups.
type backupRow struct {
	ID         int64
	LeaseOwner string
	LeaseUntil *time.Time
	TriedAt    *time.Time
	LastAt     *time.Time
	LastBytes  int64
	FailedAt   *time.Time
	Failure    string
}

// TableName returns the name of the table.
func (backupRow) TableName() string { return "backups" }

const (
	theBackupRow = 1
	// backupSchema41 is the schema from which on the table backups exists.
	backupSchema41 = 41
	// BackupLease is the time for which a scheduled backup belongs to one instance, which renews the
	// lease meanwhile.
	BackupLease = 5 * time.Minute
	// backupPause is the time after which a scheduled backup that failed is tried again.
	backupPause = 15 * time.Minute
	// longestFailure is the number of bytes of a failure that are kept.
	longestFailure = 400
)

// BackupState has the last backup of a database and the last failure. Its times are UTC. A time is zero if
// the event has not happened.
type BackupState struct {
	LastAt    time.Time // the moment that the newest whole backup shows
	LastBytes int64     // its size
	FailedAt  time.Time // when a scheduled backup failed, if none has succeeded since
	Failure   string    // why
}

// Write writes the database, as it is at one moment, to w. Others can go on to write into the database
// meanwhile. version is the version of this program; progress may be nil.
func (b *Backups) Write(ctx context.Context, w io.Writer, version string, progress BackupProgress) (BackupManifest, error) {
	a := &archiveWriter{version: version, level: gzip.DefaultCompression, keys: b.opt.Keys, progress: progress}
	m, err := a.writeBackup(ctx, b.db, w, b.Now)
	return m, explained("make a backup", err)
}

// Last returns what is known about the backups of this database.
func (b *Backups) Last(ctx context.Context) (BackupState, error) {
	rows, err := database.G[backupRow](b.read(ctx)).Where("id = ?", theBackupRow).Find(ctx)
	if err != nil || len(rows) == 0 {
		return BackupState{}, explained("read when the last backup was made", err)
	}
	row, state := rows[0], BackupState{LastBytes: rows[0].LastBytes, Failure: rows[0].Failure}
	if row.LastAt != nil {
		state.LastAt = row.LastAt.UTC()
	}
	if row.FailedAt != nil {
		state.FailedAt = row.FailedAt.UTC()
	}
	return state, nil
}

// Note stores that somebody has made the complete backup m. The parameter bytes is its size. Note
// does nothing in a database whose schema is older than this.
func (b *Backups) Note(ctx context.Context, m *BackupManifest, bytes int64) error {
	if m.Schema < backupSchema41 {
		return nil
	}
	return b.tx(ctx, "note a backup", func(tx *gorm.DB) error {
		if err := makeBackupRow(tx); err != nil {
			return err
		}
		return tx.Exec("UPDATE backups SET last_at = ?, last_bytes = ?, failed_at = NULL, failure = '' WHERE id = ? AND (last_at IS NULL OR last_at <= ? OR last_at > ?)",
			m.At, bytes, theBackupRow, m.At, b.Now()).Error
	})
}

func makeBackupRow(tx *gorm.DB) error {
	return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&backupRow{ID: theBackupRow}).Error
}

// Claim gives the scheduled backup to the instance owner if the last whole backup is older than due, no
// other instance is making one, and none was begun in the last fifteen minutes. The owner must call
// [Backups.Renew] before [BackupLease] has passed, and at the end [Backups.Done], [Backups.Fail] or
// [Backups.Release]. Times that lie in the future count as unknown: a clock was wrong when they were written.
func (b *Backups) Claim(ctx context.Context, owner string, due time.Time) (won bool, err error) {
	state, err := database.G[backupRow](b.read(ctx)).Where("id = ?", theBackupRow).Find(ctx)
	if err != nil {
		return false, explained("look whether a backup is due", err)
	}
	if now := b.Now(); len(state) == 1 && state[0].LastAt != nil && !state[0].LastAt.Before(due) && !state[0].LastAt.After(now) {
		return false, nil // the usual answer, without a write
	}
	err = b.tx(ctx, "claim the backup", func(tx *gorm.DB) error {
		if err := makeBackupRow(tx); err != nil {
			return err
		}
		now := b.Now()
		claimed := tx.Exec(`UPDATE backups SET lease_owner = ?, lease_until = ?, tried_at = ?
WHERE id = ? AND (last_at IS NULL OR last_at < ? OR last_at > ?) AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?)
AND (tried_at IS NULL OR tried_at <= ? OR tried_at > ?)`,
			owner, now.Add(BackupLease), now, theBackupRow, due, now, now, now.Add(BackupLease), now.Add(-backupPause), now)
		won = claimed.RowsAffected == 1
		return claimed.Error
	})
	return won, err
}

// Renew makes the lease of the instance owner longer. It returns false if another instance has the
// lease now.
func (b *Backups) Renew(ctx context.Context, owner string) (held bool, err error) {
	held, err = b.leased(ctx, owner, "lease_until = ?", b.Now().Add(BackupLease))
	return held, explained("renew the lease of the backup", err)
}

// Done stores that the instance with the name owner has made the complete backup m, and ends its
// lease. The parameter bytes is the size of the backup.
func (b *Backups) Done(ctx context.Context, owner string, m *BackupManifest, bytes int64) error {
	if err := b.Note(ctx, m, bytes); err != nil {
		return err
	}
	_, err := b.leased(ctx, owner, "lease_owner = '', lease_until = NULL")
	return explained("end the lease of the backup", err)
}

// Fail stores that the backup of the instance owner has failed and why, and ends its lease. The backup
// is tried again after fifteen minutes.
func (b *Backups) Fail(ctx context.Context, owner, why string) error {
	why = printable.Text(why)
	if len(why) > longestFailure {
		why = why[:longestFailure]
	}
	_, err := b.leased(ctx, owner, "lease_owner = '', lease_until = NULL, failed_at = ?, failure = ?", b.Now(), strings.ToValidUTF8(why, ""))
	return explained("note that a backup failed", err)
}

// Release ends the lease of the instance owner, which has stopped before its backup was whole, so that
// the backup is due again at once.
func (b *Backups) Release(ctx context.Context, owner string) error {
	_, err := b.leased(ctx, owner, "lease_owner = '', lease_until = NULL, tried_at = NULL")
	return explained("release the backup", err)
}

// leased sets columns of the row if the instance with the name owner has the lease. It reports
// whether that instance has the lease.
func (b *Backups) leased(ctx context.Context, owner, set string, args ...any) (held bool, err error) {
	err = b.db.Again(ctx, func(db *gorm.DB) error {
		changed := db.Exec("UPDATE backups SET "+set+" WHERE id = ? AND lease_owner = ?", append(append([]any{}, args...), theBackupRow, owner)...)
		held = changed.RowsAffected == 1
		return changed.Error
	})
	return held, err
}

package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Backups makes the scheduled backups. Several instances may run it at the same time: one of them makes
// each backup. All fields are required.
type Backups struct {
	Store    *models.Store
	Log      *slog.Logger
	Owner    string        // names this instance
	Every    time.Duration // between two looks whether a backup is due
	Schedule BackupSchedule
	// Make makes a backup, whole and on disk, and removes old ones after that. Its errors say what an
	// operator can do.
	Make func(ctx context.Context) (BackupMade, error)
}

// BackupMade describes a backup that is whole.
type BackupMade struct {
	Manifest models.BackupManifest
	File     string
	Bytes    int64
	Removed  int // old backups
}

// BackupSchedule says when backups are due: at a time of each day, or a time after the last one.
type BackupSchedule struct {
	Daily  bool
	At     time.Duration // since midnight, if Daily
	Zone   *time.Location
	EachIn time.Duration // between two backups, if not Daily
}

// Due returns the time before which the last backup is too old.
func (s BackupSchedule) Due(now time.Time) time.Time {
	if !s.Daily {
		return now.Add(-s.EachIn)
	}
	local := now.In(s.Zone)
	hour, minute := int(s.At/time.Hour), int(s.At%time.Hour/time.Minute)
	at := time.Date(local.Year(), local.Month(), local.Day(), hour, minute, 0, 0, s.Zone)
	if at.After(now) {
		at = time.Date(local.Year(), local.Month(), local.Day()-1, hour, minute, 0, 0, s.Zone)
	}
	return at
}

// Run works until ctx ends.
func (j *Backups) Run(ctx context.Context) {
	ticker := time.NewTicker(j.Every)
	defer ticker.Stop()
	for {
		j.Once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Once makes a backup if one is due and no other instance makes it.
func (j *Backups) Once(ctx context.Context) {
	won, err := j.Store.Backups.Claim(ctx, j.Owner, j.Schedule.Due(j.Store.Now()))
	if err != nil && ctx.Err() == nil && models.KindOf(err) != models.KindUnavailable {
		j.Log.WarnContext(ctx, "the service could not look whether a backup is due; it looks again", slog.Any("err", err))
	}
	if err != nil || !won {
		return
	}
	made, err := j.make(ctx)
	after := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		err = j.Store.Backups.Done(after, j.Owner, &made.Manifest, made.Bytes)
		j.Log.InfoContext(ctx, "a backup was made", slog.String("file", made.File), slog.Int64("bytes", made.Bytes),
			slog.Int64("rows", made.Manifest.Rows()), slog.Int("old_ones_removed", made.Removed))
	case ctx.Err() != nil:
		err = j.Store.Backups.Release(after, j.Owner)
	default:
		j.Log.ErrorContext(ctx, "the scheduled backup failed; it is tried again in fifteen minutes", slog.Any("err", err))
		err = j.Store.Backups.Fail(after, j.Owner, err.Error())
	}
	if err != nil {
		j.Log.WarnContext(ctx, "the service could not note what came of a backup", slog.Any("err", err))
	}
}

// make makes a backup, and renews the lease meanwhile. It stops if another instance has taken the lease.
func (j *Backups) make(ctx context.Context) (BackupMade, error) {
	ctx, stop := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	defer renewing.Wait()
	defer stop()
	renewing.Go(func() {
		ticker := time.NewTicker(models.BackupLease / 5)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if held, err := j.Store.Backups.Renew(ctx, j.Owner); err == nil && !held {
					stop()
					return
				}
			}
		}
	})
	return j.Make(ctx)
}

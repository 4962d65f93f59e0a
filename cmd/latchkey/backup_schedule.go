package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"filippo.io/age"

	"github.com/latchkey-media/latchkey/internal/backupfile"
	"github.com/latchkey-media/latchkey/jobs"
	"github.com/latchkey-media/latchkey/models"
)

// scheduledBackups makes the backups of the settings.
type scheduledBackups struct {
	store      *models.Store
	folder     string
	keep       int
	recipients []age.Recipient
}

// backups returns the worker that makes the scheduled backups, or nil if the settings want none.
func (p *program) backups(store *models.Store, log *slog.Logger) (*jobs.Backups, error) {
	if p.settings.BackupFolder == "" {
		return nil, nil //nolint:nilnil // no worker is a setting, too
	}
	recipients, err := backupfile.Recipients(p.settings.BackupRecipients)
	if err != nil {
		return nil, fmt.Errorf("backup-recipients: %w", err)
	}
	at, daily := p.settings.BackupTime()
	s := &scheduledBackups{store: store, folder: p.settings.BackupFolder, keep: p.settings.BackupKeep, recipients: recipients}
	return &jobs.Backups{
		Store: store, Log: log, Owner: owner(), Every: time.Minute, Make: s.make,
		Schedule: jobs.BackupSchedule{Daily: daily, At: at, Zone: time.Local, EachIn: p.settings.BackupEvery},
	}, nil
}

// make makes a backup in the folder and removes old ones after that.
func (s *scheduledBackups) make(ctx context.Context) (made jobs.BackupMade, err error) {
	name, err := s.store.Restores.Name(ctx)
	if err != nil {
		return made, err
	}
	const enough = 8 // characters of the name, to tell the backups of two services apart
	folder := backupfile.Folder{Path: s.folder, Name: "latchkey-" + name[:min(len(name), enough)], Keep: s.keep}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return made, s.advice(err)
	}
	made.File = folder.Next(s.store.Now(), len(s.recipients) > 0)
	made.Bytes, err = backupfile.Create(made.File, s.recipients, false, func(w io.Writer) (err error) {
		made.Manifest, err = s.store.Backups.Write(ctx, w, version, nil)
		return err
	})
	if err != nil {
		return made, s.advice(err)
	}
	removed, err := folder.Prune(made.File)
	if made.Removed = len(removed); err != nil {
		return made, fmt.Errorf("the backup is whole, but old ones could not be removed: %w", s.advice(err))
	}
	return made, nil
}

// advice returns err with what an operator can do about it.
func (s *scheduledBackups) advice(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), isReadOnly(err):
		return fmt.Errorf("%w; let the service's user write into the folder %s: with the systemd unit, backup-folder must be below /var/lib/latchkey, "+
			"or name the folder by ReadWritePaths= in the unit", err, s.folder)
	case isFull(err):
		return fmt.Errorf("%w; free some space where the folder %s is, or lower backup-keep", err, s.folder)
	}
	return advised(err)
}

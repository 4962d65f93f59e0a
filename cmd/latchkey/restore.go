package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// restoreWatch notices that the database was restored from a backup. The database has a mark, which
// rises every minute and at each start and end of the service, and a file in the data folder has a
// copy of the mark. If the mark in the database is lower than the copy, the database was restored.
type restoreWatch struct {
	store *models.Store
	log   *slog.Logger
	file  string
	every time.Duration

	warned bool // whether the log already says that the file cannot be used
}

// restoreFile is the name of the file with the copy of the mark, in the data folder.
const restoreFile = "database-mark"

// begin finds out whether the database was restored. If declared is true, the operator has said so.
// After a restore, begin ends the sessions, invites, codes and mailed links that the backup brought
// back, before the service answers anybody. It also finishes this work if an earlier start of the
// service, or another process, has begun it.
func (w *restoreWatch) begin(ctx context.Context, declared bool) error {
	if declared {
		if err := w.store.Restores.Declare(ctx); err != nil {
			return err
		}
	}
	return w.look(ctx)
}

// run calls look every minute until ctx ends, and then a last time. The last call raises the mark
// above the mark in a backup that was made in the last minute. So the service also recognises
// that backup if it is restored.
func (w *restoreWatch) run(ctx context.Context) {
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.tell(ctx, w.look(ctx))
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			w.tell(last, w.look(last))
			return
		}
	}
}

// tell logs an error of look, unless ctx has ended.
func (w *restoreWatch) tell(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "the service could not look whether the database was restored", slog.Any("err", err))
	}
}

// look raises the mark of the database and keeps a copy of it in the data folder. If the
// database was restored, look ends everything that the backup brought back, such as
// sessions. If the data folder cannot be used, look logs that once, because then the
// service notices no restore by itself, and the operator has to declare it.
func (w *restoreWatch) look(ctx context.Context) error {
	known, failed := w.read()
	mark, restored, err := w.store.Restores.Raise(ctx, known)
	if err != nil {
		return err
	}
	if restored {
		w.log.WarnContext(ctx, "the database is older than it was: a backup was restored")
	}
	if failed = errors.Join(failed, w.write(mark)); failed != nil && !w.warned {
		w.warned = true
		w.log.WarnContext(ctx, "the service cannot notice by itself that a backup is restored: start it with --restored then",
			slog.String("file", w.file), slog.Any("err", failed))
	}
	done, err := w.store.Restores.Finish(ctx)
	if done {
		w.log.WarnContext(ctx, "the database was restored from a backup: all sessions, open invites, codes and mailed links have ended, "+
			"and all access keys are new; everybody has to sign in again")
	}
	return err
}

// read returns the copy of the mark, or the zero value when there is no copy yet or it
// is damaged.
func (w *restoreWatch) read() (models.DatabaseMark, error) {
	text, err := os.ReadFile(w.file)
	if errors.Is(err, os.ErrNotExist) {
		return models.DatabaseMark{}, nil
	}
	if err != nil {
		return models.DatabaseMark{}, err
	}
	name, counter, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	number, err := strconv.ParseInt(counter, 10, 64)
	if err != nil || number < 0 {
		return models.DatabaseMark{}, fmt.Errorf("%s: %q is no mark of a database", w.file, text)
	}
	return models.DatabaseMark{Name: name, Counter: number}, nil
}

// write replaces the copy of the mark. The new file has a name of its own, because
// several processes may use one folder.
func (w *restoreWatch) write(mark models.DatabaseMark) error {
	next, err := os.CreateTemp(filepath.Dir(w.file), restoreFile+".*")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(next, "%s %d\n", mark.Name, mark.Counter)
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), w.file)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(next.Name()))
	}
	return err
}

// newRestoreWatch returns the watch of the settings.
func (p *program) newRestoreWatch(store *models.Store, log *slog.Logger) *restoreWatch {
	return &restoreWatch{store: store, log: log, file: filepath.Join(p.settings.DataDir, restoreFile), every: time.Minute}
}

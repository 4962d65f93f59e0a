package models

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/migrations"
)

// RestoreOptions say how a backup is restored.
type RestoreOptions struct {
	Store    Options                       // of the database that is filled, and the secret key
	Open     func() (io.ReadCloser, error) // opens the backup at its beginning; it is called twice
	Owner    string                        // names this process among others
	Replace  bool                          // also if the database has data, which is then lost
	Unproven bool                          // also if the backup has no keyed hash, as those of older versions
	Progress BackupProgress                // may be nil
}

// RestoreBackup checks a whole backup and then puts it in the place of a database, which no other
// program may have open. The database is then marked as restored: the next [Restores.Finish] ends
// everything that must not become valid again. It returns an error of [CheckBackup], [ErrWrongKey],
// [ErrBackupForged], [ErrBackupUnproven], [ErrNotEmpty], database.ErrInUse or database.ErrNewerSchema before it has changed anything. If it is
// interrupted, a SQLite database is as it was. With any other database, no program can start until a
// restore has been completed.
func RestoreBackup(ctx context.Context, o RestoreOptions) (m BackupManifest, err error) {
	err = reading(o.Open, func(r io.Reader) error {
		m, err = CheckBackup(ctx, r, o.Progress)
		return err
	})
	if err != nil {
		return m, err
	}
	if m.SecretKey != "" && m.SecretKey != o.Store.Keys.ID() && m.SecretKey != o.Store.Keys.PreviousID() {
		return m, fmt.Errorf("the backup was made with another secret key: %w", ErrWrongKey)
	}
	if err := m.provenBy(o.Store.Keys); err != nil && (!o.Unproven || !errors.Is(err, ErrBackupUnproven)) {
		return m, err
	}
	if err := inEmptyFolder(func(folder string) error { return checkColumns(ctx, &m, folder) }); err != nil {
		return m, err
	}
	address := o.Store.Database
	if err := database.Alone(ctx, address); err != nil {
		return m, err
	}
	if !o.Replace {
		if err := emptyAt(ctx, address); err != nil {
			return m, err
		}
	}
	path, isFile := strings.CutPrefix(address, "sqlite:")
	if !isFile {
		return m, restoreInto(ctx, o, m.sums)
	}
	aside := path + "-restoring"
	if err := database.Discard(aside); err != nil { // of a restore that was killed
		return m, err
	}
	o.Store.Database = "sqlite:" + aside
	if err := restoreInto(ctx, o, m.sums); err != nil {
		return m, errors.Join(err, database.Discard(aside))
	}
	return m, database.Swap(ctx, aside, path)
}

// reading opens a file for read and closes it afterwards.
func reading(open func() (io.ReadCloser, error), read func(io.Reader) error) (err error) {
	file, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return read(file)
}

// inEmptyFolder calls do with an empty folder, which it removes afterwards.
func inEmptyFolder(do func(folder string) error) (err error) {
	folder, err := os.MkdirTemp("", "latchkey-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	return do(folder)
}

// emptyAt returns [ErrNotEmpty] if the database at an address has data.
func emptyAt(ctx context.Context, address string) (err error) {
	if database.Exists(address) != nil {
		return nil
	}
	db, err := database.Open(address, 2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	schema, err := schemaOf(ctx, db)
	if err != nil {
		return err
	}
	return mustBeEmpty(ctx, db, schema)
}

// restoreInto loads the backup, brings its schema up to date and marks the database as restored. It returns
// [ErrBackupForged] if the file no longer has the checksums sums, which were checked before.
func restoreInto(ctx context.Context, o RestoreOptions, sums []byte) (err error) {
	store, err := New(o.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	l := &loader{db: store.db, owner: o.Owner, replace: true, tell: o.Progress}
	err = reading(o.Open, func(r io.Reader) error {
		m, err := l.load(ctx, r)
		if err == nil && !bytes.Equal(m.sums, sums) {
			return ErrBackupForged
		}
		return err
	})
	if err != nil {
		return err
	}
	steps, err := migrations.For(string(store.db.Dialect))
	if err != nil {
		return err
	}
	newest, err := migrations.Newest(string(store.db.Dialect))
	if err != nil {
		return err
	}
	if err := store.db.MigrateTo(ctx, steps, o.Owner, newest); err != nil {
		return err
	}
	if err := store.Restores.Declare(ctx); err != nil {
		return err
	}
	return store.db.EndFilling(ctx)
}

// CopyOptions say which database is copied where.
type CopyOptions struct {
	From, To string // addresses, see database.ErrAddress
	Version  string // of this program
	Owner    string // names this process among others
	Now      func() time.Time
	Progress BackupProgress // may be nil
}

// CopyDatabase copies a database into an empty one of the same or another engine, and then compares
// every row. No other program may have one of them open. Unlike a restore, it ends nothing, and it does
// not change the original. It returns database.ErrNoDatabase, database.ErrInUse,
// database.ErrNewerSchema or [ErrNotEmpty] before it has changed anything. If it is interrupted, no
// program can start on the copy until CopyDatabase has been repeated and has completed the copy.
func CopyDatabase(ctx context.Context, o CopyOptions) (m BackupManifest, err error) {
	if err := database.Exists(o.From); err != nil {
		return m, err
	}
	for _, address := range []string{o.From, o.To} {
		if err := database.Alone(ctx, address); err != nil {
			return m, err
		}
	}
	from, err := database.Open(o.From, 2)
	if err != nil {
		return m, fmt.Errorf("the original: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := copyable(ctx, from); err != nil {
		return m, fmt.Errorf("the original: %w", err)
	}
	to, err := database.Open(o.To, 2)
	if err != nil {
		return m, fmt.Errorf("the copy: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	out, in := io.Pipe()
	written := make(chan error, 1)
	go func() {
		a := &archiveWriter{version: o.Version, level: gzip.NoCompression}
		_, err := a.writeBackup(ctx, from, in, o.Now)
		in.CloseWithError(err)
		written <- err
	}()
	m, err = (&loader{db: to, owner: o.Owner, tell: o.Progress}).load(ctx, out)
	_ = out.CloseWithError(err) // so that the writer ends; it never fails
	if failed := <-written; failed != nil && (err == nil || errors.Is(err, failed)) {
		return m, fmt.Errorf("the original: %w", failed)
	}
	if err != nil {
		return m, fmt.Errorf("the copy: %w", err)
	}
	return m, to.EndFilling(ctx)
}

// copyable returns an error if a database has no tables, a newer schema, or a part of a backup.
func copyable(ctx context.Context, db *database.DB) error {
	schema, err := schemaOf(ctx, db)
	if err != nil {
		return err
	}
	if err := servable(schema.version, db.Dialect); err != nil {
		return err
	}
	half, err := db.HalfFilled(ctx)
	if err == nil && half {
		return database.ErrHalfFilled
	}
	return err
}

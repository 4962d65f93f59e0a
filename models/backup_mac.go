package models

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models/migrations"
)

// Errors about backups whose origin is in doubt.
var (
	ErrBackupForged   = errors.New("the backup was changed after it was made, by somebody who does not have the secret key, so nothing was changed")
	ErrBackupUnproven = errors.New("the backup does not prove who made it: somebody may have changed it")
)

// The last entry of a backup is a keyed hash of its checksums, made with the secret key. Who can write to
// the place where backups are kept cannot make one, so they cannot give themselves an account of an
// operator by way of a backup. Backups of versions before this one have no such entry.
const (
	macEntry         = "manifest.hmac"
	purposeBackupMAC = "backup manifest"
)

// backupMAC returns the content of the last entry for a backup with these checksums.
func backupMAC(keys secret.Keys, sums []byte) []byte {
	mac := keys.MAC(purposeBackupMAC, string(sums))
	return fmt.Appendf(nil, "%s %x\n", keys.ID(), mac[:])
}

// provenBy returns nil if the keyed hash of the backup was made with one of the keys. Otherwise it returns
// [ErrBackupUnproven] for a backup without one, [ErrWrongKey] or [ErrBackupForged].
func (m *BackupManifest) provenBy(keys secret.Keys) error {
	if len(m.mac) == 0 {
		return ErrBackupUnproven
	}
	id, text, _ := strings.Cut(strings.TrimSuffix(string(m.mac), "\n"), " ")
	want, ok := keys.MACWith(id, purposeBackupMAC, string(m.sums))
	if !ok {
		return fmt.Errorf("the backup was made with another secret key: %w", ErrWrongKey)
	}
	got, err := hex.DecodeString(text)
	if err != nil || subtle.ConstantTimeCompare(got, want[:]) != 1 {
		return ErrBackupForged
	}
	return nil
}

// Proven reports whether the backup has a keyed hash. It does not check that hash, which needs the secret
// key.
func (m *BackupManifest) Proven() bool { return len(m.mac) > 0 }

// checkColumns returns [ErrBackupDamaged] if a table of the backup does not have the columns that its
// schema has. It makes that schema in a database of its own, so that a restore learns of it before it
// has changed anything. The folder must be empty.
func checkColumns(ctx context.Context, m *BackupManifest, folder string) (err error) {
	db, err := database.Open("sqlite:"+filepath.Join(folder, "schema.db"), 2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := servable(m.Schema, db.Dialect); err != nil {
		return fmt.Errorf("%w: %w", ErrBackupNewer, err)
	}
	steps, err := migrations.For(string(db.Dialect))
	if err != nil {
		return err
	}
	if err := db.MigrateTo(ctx, steps, "check", m.Schema); err != nil {
		return err
	}
	schema, err := schemaOf(ctx, db)
	if err != nil {
		return err
	}
	for _, table := range m.Tables {
		if !slices.Equal(schema.tables[table.Name], table.Columns) {
			return fmt.Errorf("%w (the columns of %s are not those of schema %d)", ErrBackupDamaged, table.Name, m.Schema)
		}
	}
	return nil
}

package models

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// A backup is a tar file. Its first entry (headEntry) says what it is, each table has parts of some
// thousand rows, and after them come the manifest, its checksum and its keyed hash (see macEntry): a
// file that was cut off has no manifest. Everything can be read with tar, zcat and sha256sum.
const (
	backupFormat   = 1
	headEntry      = "latchkey-backup.json"
	manifestEntry  = "manifest.json"
	checksumsEntry = "SHA256SUMS"
	partSize       = 1 << 20 // bytes of rows, before they are compressed
)

// BackupManifest describes a backup: its origin, its time, and each table with its rows and checksums.
type BackupManifest struct {
	Format    int           `json:"format"`
	Version   string        `json:"version"` // of the program that made the backup
	Schema    int64         `json:"schema"`  // the number of the newest migration
	Engine    string        `json:"engine"`  // sqlite or mysql
	At        time.Time     `json:"at"`      // of the moment that the backup shows, in UTC
	SecretKey string        `json:"secret_key_id"`
	Tables    []BackupTable `json:"tables"` // in the order of their names

	sums, mac []byte // the last two entries; mac is empty for a backup that does not have one
}

// BackupTable is a table of a backup.
type BackupTable struct {
	Name    string         `json:"name"`
	Columns []backupColumn `json:"columns"`
	Rows    int64          `json:"rows"`
	Digest  string         `json:"digest,omitempty"` // of all rows, whatever their order
	Parts   []BackupPart   `json:"parts,omitempty"`
}

// BackupPart is an entry of the file with rows of a table.
type BackupPart struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Rows returns the number of rows of all tables.
func (m *BackupManifest) Rows() int64 {
	rows := int64(0)
	for _, table := range m.Tables {
		rows += table.Rows
	}
	return rows
}

// RowsOf returns the number of rows of a table, or 0 for one that the backup does not have.
func (m *BackupManifest) RowsOf(table string) int64 {
	for _, t := range m.Tables {
		if t.Name == table {
			return t.Rows
		}
	}
	return 0
}

// The steps that [BackupProgress] is told about.
const (
	BackupWriting   = "write"
	BackupChecking  = "check"
	BackupLoading   = "load"
	BackupComparing = "compare"
)

// BackupProgress is called at each part of a long step, with the number of rows that are done and of
// all rows. It may be nil.
type BackupProgress func(step string, done, all int64)

func (p BackupProgress) tell(step string, done, all int64) {
	if p != nil {
		p(step, done, all)
	}
}

// archiveWriter writes a database into a backup.
type archiveWriter struct {
	version  string // of this program
	snapshot *database.Snapshot
	schema   *backupSchema
	tar      *tar.Writer
	manifest BackupManifest
	progress BackupProgress
	done     int64
	all      int64
	level    int         // of the compression
	keys     secret.Keys // the zero value for a file that nobody keeps
}

// writeBackup writes the database as it is at one moment to w. now is asked at that moment. a has the
// version, the level of the compression, the keys and the progress.
func (a *archiveWriter) writeBackup(ctx context.Context, db *database.DB, w io.Writer, now func() time.Time) (m BackupManifest, err error) {
	snapshot, err := db.Snapshot(ctx)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	at := now()
	schema, err := readSchema(ctx, db.Dialect, snapshot)
	if err != nil {
		return m, err
	}
	if err := servable(schema.version, db.Dialect); err != nil {
		return m, err
	}
	a.snapshot, a.schema, a.tar = snapshot, schema, tar.NewWriter(w)
	a.manifest = BackupManifest{Format: backupFormat, Version: a.version, Schema: schema.version, Engine: string(db.Dialect), At: at.UTC()}
	if err := a.write(ctx); err != nil {
		return m, err
	}
	return a.manifest, nil
}

// write writes the whole file.
func (a *archiveWriter) write(ctx context.Context) error {
	err := eachRow(ctx, a.snapshot, func(scan func(...any) error) error { return scan(&a.manifest.SecretKey) },
		"SELECT key_id FROM secret_keys ORDER BY created_at DESC LIMIT 1")
	if err != nil {
		return fmt.Errorf("read the key check: %w", err)
	}
	for _, name := range a.schema.names() {
		table := BackupTable{Name: name, Columns: a.schema.tables[name]}
		err := eachRow(ctx, a.snapshot, func(scan func(...any) error) error { return scan(&table.Rows) }, "SELECT COUNT(*) FROM "+name)
		if err != nil {
			return fmt.Errorf("count %s: %w", name, err)
		}
		a.all += table.Rows
		a.manifest.Tables = append(a.manifest.Tables, table)
	}
	headSum, err := a.entryJSON(headEntry, a.manifest)
	if err != nil {
		return err
	}
	for i := range a.manifest.Tables {
		if err := a.table(ctx, &a.manifest.Tables[i]); err != nil {
			return fmt.Errorf("back up %s: %w", a.manifest.Tables[i].Name, err)
		}
	}
	sum, err := a.entryJSON(manifestEntry, a.manifest)
	if err != nil {
		return err
	}
	sums := checksums(headSum, sum)
	if err := a.entry(checksumsEntry, sums); err != nil {
		return err
	}
	if a.keys.ID() != "" {
		if err := a.entry(macEntry, backupMAC(a.keys, sums)); err != nil {
			return err
		}
	}
	return a.tar.Close()
}

// checksums returns the entry with the checksums of a backup, in the form of the program sha256sum.
func checksums(head, manifest string) []byte {
	return fmt.Appendf(nil, "%s  %s\n%s  %s\n", head, headEntry, manifest, manifestEntry)
}

// table writes the rows of a table in parts.
func (a *archiveWriter) table(ctx context.Context, table *BackupTable) error {
	var part []byte
	var digest rowsDigest
	rows := int64(0)
	flush := func() error {
		if rows == 0 {
			return nil
		}
		err := a.part(table, part, rows)
		part, rows = part[:0], 0
		return err
	}
	err := readTable(ctx, a.snapshot, table.Name, table.Columns, func(line []byte) error {
		digest.add(line)
		part = append(part, line...)
		if rows++; len(part) < partSize {
			return nil
		}
		return flush()
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	if digest.rows != table.Rows {
		return fmt.Errorf("the table had %d rows when they were counted and %d when they were read: the database does not keep its snapshot", table.Rows, digest.rows)
	}
	table.Digest = digest.text()
	return nil
}

// readTable calls use with the line of each row of a table.
func readTable(ctx context.Context, reader backupReader, table string, columns []backupColumn, use func(line []byte) error) error {
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range into {
		into[i] = &values[i]
	}
	var line []byte
	return eachRow(ctx, reader, func(scan func(...any) error) error {
		err := scan(into...)
		if err != nil {
			return err
		}
		if line, err = appendRow(line[:0], columns, values); err != nil {
			return err
		}
		return use(line)
	}, "SELECT "+columnList(columns)+" FROM "+table)
}

// part writes an entry with rows.
func (a *archiveWriter) part(table *BackupTable, rows []byte, count int64) error {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, a.level)
	if err != nil {
		return err
	}
	if _, err := zip.Write(rows); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(packed.Bytes())
	part := BackupPart{Name: partName(table), Rows: count, SHA256: hex.EncodeToString(sum[:])}
	if err := a.entry(part.Name, packed.Bytes()); err != nil {
		return err
	}
	table.Parts = append(table.Parts, part)
	a.done += count
	a.progress.tell(BackupWriting, a.done, a.all)
	return nil
}

// partName returns the name of the next part of a table.
func partName(table *BackupTable) string {
	return fmt.Sprintf("%s/%06d.jsonl.gz", table.Name, len(table.Parts)+1)
}

// entryJSON writes an entry with JSON and returns its checksum.
func (a *archiveWriter) entryJSON(name string, content any) (string, error) {
	text, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), a.entry(name, text)
}

// entry writes an entry.
func (a *archiveWriter) entry(name string, content []byte) error {
	header := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: a.manifest.At.Truncate(time.Second), Format: tar.FormatPAX}
	if err := a.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	if _, err := a.tar.Write(content); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

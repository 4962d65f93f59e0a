package models

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Errors about files from which nothing can be restored.
var (
	ErrNoBackup      = errors.New("the file is not a backup of latchkey")
	ErrBackupDamaged = errors.New("the backup is damaged, so nothing was changed: use another one")
	ErrBackupNewer   = errors.New("a newer version of latchkey made the backup: restore it with that version")
)

const (
	longestRow   = 64 << 20 // bytes of a line
	lineCost     = 24       // bytes of memory that a line takes beside its text
	longestEntry = 64 << 20 // bytes of an entry that is not a part
)

// archiveReader reads a backup from its beginning to its end. It computes all checksums itself, and
// compares them with the manifest when it has come to it.
type archiveReader struct {
	tar  *tar.Reader
	seen BackupManifest // the beginning of the file, and what was found since
	at   int            // the table that is being read
	sum  string         // of the entry at the beginning

	begin func(ctx context.Context, head *BackupManifest) error               // called before the first row; may be nil
	rows  func(ctx context.Context, table *BackupTable, lines [][]byte) error // called for each part; may be nil
	step  string
	tell  BackupProgress
}

// readArchive reads the whole backup and returns its manifest. It returns [ErrNoBackup], [ErrBackupDamaged] or
// [ErrBackupNewer], or an error of begin or rows.
func (a *archiveReader) readArchive(ctx context.Context, r io.Reader) (BackupManifest, error) {
	a.tar = tar.NewReader(r)
	if err := a.head(); err != nil {
		return BackupManifest{}, err
	}
	expected, digests := a.seen.Rows(), make([]rowsDigest, len(a.seen.Tables))
	for i := range a.seen.Tables {
		a.seen.Tables[i].Rows = 0
	}
	if a.begin != nil {
		if err := a.begin(ctx, &a.seen); err != nil {
			return BackupManifest{}, err
		}
	}
	if err := a.parts(ctx, expected, digests); err != nil {
		return BackupManifest{}, err
	}
	for i := range digests {
		a.seen.Tables[i].Digest = digests[i].text()
	}
	m, err := a.manifest()
	if err != nil {
		return m, err
	}
	if _, err := io.Copy(io.Discard, r); err != nil { // an encrypted file is whole only if its end is
		return m, damaged("it ends too early", err)
	}
	return m, nil
}

// parts reads all entries with rows, up to the manifest.
func (a *archiveReader) parts(ctx context.Context, expected int64, digests []rowsDigest) error {
	for done := int64(0); ; a.tell.tell(a.step, done, expected) {
		if err := ctx.Err(); err != nil {
			return err
		}
		header, err := a.tar.Next()
		if err != nil {
			return damaged("it ends before its manifest", err)
		}
		if header.Name == manifestEntry {
			return nil
		}
		count, err := a.part(ctx, header.Name, digests)
		if err != nil {
			return err
		}
		done += count
	}
}

// head reads the entry at the beginning.
func (a *archiveReader) head() error {
	header, err := a.tar.Next()
	if err != nil || header.Name != headEntry {
		return ErrNoBackup
	}
	text, err := a.all()
	if err != nil {
		return err
	}
	hash := sha256.Sum256(text)
	a.sum = hex.EncodeToString(hash[:])
	var format struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &format); err != nil || format.Format < 1 {
		return damaged("its beginning cannot be read", err)
	}
	if format.Format > backupFormat {
		return fmt.Errorf("%w: it has format %d, this program knows %d", ErrBackupNewer, format.Format, backupFormat)
	}
	if err := json.Unmarshal(text, &a.seen); err != nil {
		return damaged("its beginning cannot be read", err)
	}
	known := backupTables()
	for _, table := range a.seen.Tables {
		if !slices.Contains(known, table.Name) {
			return fmt.Errorf("%w: it has the table %q, which this program does not know", ErrBackupNewer, table.Name)
		}
		if len(table.Columns) == 0 {
			return damaged("the table "+table.Name+" has no columns", nil)
		}
	}
	return nil
}

// part reads an entry with rows and returns the number of its rows.
func (a *archiveReader) part(ctx context.Context, name string, digests []rowsDigest) (int64, error) {
	folder, _, _ := strings.Cut(name, "/")
	for a.at < len(a.seen.Tables) && a.seen.Tables[a.at].Name != folder {
		a.at++
	}
	if a.at == len(a.seen.Tables) || name != partName(&a.seen.Tables[a.at]) {
		return 0, damaged("the part "+name+" is in a wrong place", nil)
	}
	table, hash := &a.seen.Tables[a.at], sha256.New()
	packed := io.TeeReader(a.tar, hash)
	zip, err := gzip.NewReader(packed)
	if err != nil {
		return 0, damaged("the part "+name+" cannot be read", err)
	}
	lines, count, size, scanner := [][]byte{}, int64(0), 0, bufio.NewScanner(zip)
	scanner.Buffer(make([]byte, 0, 64<<10), longestRow)
	for scanner.Scan() {
		line := append(slices.Clone(scanner.Bytes()), '\n')
		digests[a.at].add(line)
		if count, size = count+1, size+len(line)+lineCost; size > partSize+longestRow {
			return 0, damaged("the part "+name+" has more rows than any part that this program writes", nil)
		}
		if a.rows != nil {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return 0, damaged("the part "+name+" cannot be read", err)
	}
	if _, err := io.Copy(io.Discard, packed); err != nil {
		return 0, damaged("the part "+name+" cannot be read", err)
	}
	table.Rows += count
	table.Parts = append(table.Parts, BackupPart{Name: name, Rows: count, SHA256: hex.EncodeToString(hash.Sum(nil))})
	if a.rows == nil {
		return count, nil
	}
	return count, a.rows(ctx, table, lines)
}

// manifest reads the end of the file, and compares what it says with what was found.
func (a *archiveReader) manifest() (m BackupManifest, err error) {
	text, err := a.all()
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, damaged("its manifest cannot be read", err)
	}
	if header, err := a.tar.Next(); err != nil || header.Name != checksumsEntry {
		return m, damaged("it ends before the checksum of its manifest", err)
	}
	sums, err := a.all()
	if err != nil {
		return m, err
	}
	hash := sha256.Sum256(text)
	if !bytes.Equal(sums, checksums(a.sum, hex.EncodeToString(hash[:]))) {
		return m, damaged("the checksum of its beginning or of its manifest is wrong", nil)
	}
	m.sums = sums
	if header, err := a.tar.Next(); err == nil && header.Name == macEntry {
		if m.mac, err = a.all(); err != nil {
			return m, err
		}
	}
	return m, a.compareParts(&m)
}

// compareParts returns [ErrBackupDamaged] if a manifest differs from what was found in the file.
func (a *archiveReader) compareParts(m *BackupManifest) error {
	if m.Schema != a.seen.Schema || m.SecretKey != a.seen.SecretKey || !m.At.Equal(a.seen.At) || len(m.Tables) != len(a.seen.Tables) {
		return damaged("its manifest does not fit its beginning", nil)
	}
	for i, want := range m.Tables {
		got := a.seen.Tables[i]
		if want.Name != got.Name || want.Rows != got.Rows || want.Digest != got.Digest ||
			!slices.Equal(want.Columns, got.Columns) || !slices.Equal(want.Parts, got.Parts) {
			return damaged("the table "+want.Name+" is not as the manifest says", nil)
		}
	}
	return nil
}

// all reads the rest of an entry.
func (a *archiveReader) all() ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(a.tar, longestEntry))
	if err != nil {
		return nil, damaged("it ends too early", err)
	}
	return text, nil
}

// damaged returns [ErrBackupDamaged] with what was seen, and with its cause, which may be nil.
func damaged(what string, cause error) error {
	if cause == nil || errors.Is(cause, io.EOF) {
		return fmt.Errorf("%w (%s)", ErrBackupDamaged, what)
	}
	return fmt.Errorf("%w (%s: %w)", ErrBackupDamaged, what, cause)
}

// CheckBackup reads a whole backup and checks that nothing of it is missing or changed. It returns what
// the backup holds, or [ErrNoBackup], [ErrBackupDamaged] or [ErrBackupNewer]. It needs no database.
func CheckBackup(ctx context.Context, r io.Reader, progress BackupProgress) (BackupManifest, error) {
	a := &archiveReader{step: BackupChecking, tell: progress}
	return a.readArchive(ctx, r)
}

package models_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// fresh returns the address of an empty database of the same engine as address.
func fresh(t *testing.T, address string) string {
	t.Helper()
	if strings.HasPrefix(address, "sqlite:") {
		return modelstest.SQLite(t)
	}
	return modelstest.MySQL(t)
}

// without returns a backup without one of its entries.
func without(t *testing.T, backup []byte, name string) []byte {
	t.Helper()
	return rewritten(t, backup, func(header *tar.Header, content []byte) []byte {
		if header.Name == name {
			return nil
		}
		return content
	})
}

// forged returns a backup that says another version made it, with all checksums as they must be. Only
// the keyed hash of the manifest is the old one.
func forged(t *testing.T, backup []byte) []byte {
	t.Helper()
	sums := map[string]string{} // by the checksum of the original
	sum := func(content []byte) string {
		hash := sha256.Sum256(content)
		return hex.EncodeToString(hash[:])
	}
	return rewritten(t, backup, func(header *tar.Header, content []byte) []byte {
		before := sum(content)
		for old, changed := range sums {
			content = bytes.ReplaceAll(content, []byte(old), []byte(changed))
		}
		if strings.HasPrefix(header.Name, "latchkey-") {
			content = bytes.ReplaceAll(content, []byte(`"version": "`), []byte(`"version": "0`))
		}
		if header.Name == "manifest.json" {
			content = bytes.ReplaceAll(content, []byte(`"version": "`), []byte(`"version": "0`))
		}
		sums[before] = sum(content)
		return content
	})
}

// rewritten returns a backup in which change has changed the content of each entry. An entry for which
// change returns nil is left out.
func rewritten(t *testing.T, backup []byte, change func(header *tar.Header, content []byte) []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	from, to := tar.NewReader(bytes.NewReader(backup)), tar.NewWriter(&out)
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		if content = change(header, content); content == nil {
			continue
		}
		header.Size = int64(len(content))
		if err := to.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fillEmptyTables puts a row into each table that has none. It does not matter whether the service could
// have written the row.
func (k *kit) fillEmptyTables() {
	k.t.Helper()
	kinds, err := models.BackupColumns(k.t.Context(), k.Store)
	k.must(err)
	tables := map[string][]string{}
	for column := range kinds {
		table, _, _ := strings.Cut(column, ".")
		tables[table] = append(tables[table], column)
	}
	values := map[string]any{
		"integer": 7, "boolean": true, "text": "é ", "bytes": slices.Repeat([]byte{0xff, 0}, 16), "time": time.Date(2026, 1, 2, 3, 4, 5, 67e6, time.UTC),
	}
	for table, columns := range tables {
		if k.query("SELECT COUNT(*) FROM " + table)[0].text(0) != "0" {
			continue
		}
		var names []string
		var args []any
		for _, column := range columns {
			names, args = append(names, strings.TrimPrefix(column, table+".")), append(args, values[kinds[column]])
		}
		k.exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES (?"+strings.Repeat(", ?", len(names)-1)+")", args...)
	}
}

// raiseBoth returns a transaction that raises two counters by one, in two tables.
func raiseBoth(writer int) func(tx *gorm.DB) error {
	key := slices.Repeat([]byte{byte(writer)}, 32)
	return func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE accounts SET password_version = password_version + 1 WHERE id = 77").Error; err != nil {
			return err
		}
		raised := tx.Exec("UPDATE throttle SET hits = hits + 1 WHERE throttle_key = ?", key)
		if raised.Error != nil || raised.RowsAffected == 1 {
			return raised.Error
		}
		return tx.Exec("INSERT INTO throttle (hits, throttle_key, window_ends, open_at) VALUES (1, ?, 4242424242, 0)", key).Error
	}
}

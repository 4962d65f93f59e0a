package models_test

import (
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

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

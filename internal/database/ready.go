package database

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// readyTime is the longest time that [DB.Ready] takes.
const readyTime = 1500 * time.Millisecond

// Ready returns nil if the database can be used, and otherwise the reason. It reads a row of a
// table, because a node that has lost its cluster may still answer statements that read no table.
// Ready also writes a row if the server reports that it is read-only, or if the last transaction
// could not write. It needs the tables that [DB.Migrate] makes.
func (d *DB) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	onlyReads := false
	statement := "SELECT 0 FROM leases LIMIT 1"
	if d.Dialect == MySQL {
		statement = "SELECT @@global.read_only FROM leases LIMIT 1"
	}
	if err := d.SQL.QueryRowContext(ctx, statement).Scan(&onlyReads); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if !onlyReads && !d.writeFailed.Load() {
		return nil
	}
	return d.tryToWrite(ctx)
}

// tryToWrite writes the row of a lease that no program ever takes.
func (d *DB) tryToWrite(ctx context.Context) error {
	words := d.Dialect.sql()
	err := d.Tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(words.insertLease, "write").Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE leases SET until_at = " + words.now + " WHERE name = 'write'").Error
	})
	if err != nil {
		return fmt.Errorf("the database does not write: %w", err)
	}
	return nil
}

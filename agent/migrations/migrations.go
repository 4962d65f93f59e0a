// Package migrations holds the steps by which the agent's own file gets its
// tables.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed sqlite/*.sql
var files embed.FS

// SQLite returns the steps for SQLite, the only database that an agent uses.
func SQLite() (fs.FS, error) {
	steps, err := fs.Sub(files, "sqlite")
	if err != nil {
		return nil, fmt.Errorf("migrations of the agent: %w", err)
	}
	return steps, nil
}

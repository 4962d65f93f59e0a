// Package migrations holds the steps that bring a database's schema up to
// date, one set for each family of engines.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed sqlite mysql
var files embed.FS

// For returns the steps for "sqlite" or "mysql".
func For(dialect string) (fs.FS, error) {
	steps, err := fs.Sub(files, dialect)
	if err != nil {
		return nil, fmt.Errorf("migrations for %s: %w", dialect, err)
	}
	return steps, nil
}

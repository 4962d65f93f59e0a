// Package migrations holds the steps that bring a database's schema up to
// date, one set for each family of engines.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
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

// Newest returns the number of the newest step for "sqlite" or "mysql".
func Newest(dialect string) (int64, error) {
	steps, err := For(dialect)
	if err != nil {
		return 0, err
	}
	files, err := fs.Glob(steps, "*.sql") // sorted by their names, which begin with five digits
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("migrations for %s: %d files: %w", dialect, len(files), err)
	}
	number, _, _ := strings.Cut(files[len(files)-1], "_")
	return strconv.ParseInt(number, 10, 64)
}

package database

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// replaceFile gives the file from the name to, and waits until both the file and its name are on disk.
func replaceFile(from, to string) error {
	if whole, err := filepath.EvalSymlinks(to); err == nil {
		to = whole // a link to the database stays
	}
	if err := syncPath(from); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("put the new database in its place: %w", err)
	}
	return syncPath(filepath.Dir(to))
}

// syncPath waits until a file or a folder is on disk. Windows cannot do that.
func syncPath(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the database
	if err != nil {
		return fmt.Errorf("put the new database in its place: %w", err)
	}
	return errors.Join(file.Sync(), file.Close())
}

// Discard removes the SQLite database at path with the files beside it, if they exist.
func Discard(path string) error {
	var all error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", "-migrating"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, fmt.Errorf("remove the unfinished database: %w", err))
		}
	}
	return all
}

package backupfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Folder is a folder in which backups are kept. Other files in it are never touched.
type Folder struct {
	Path string
	Name string // with which the names of the files begin; two services that share a folder have two names
	Keep int    // backups that stay, the newest ones
}

// nameTime is the layout of the time in the name of a file, in UTC. Names sort by it.
const nameTime = "2006-01-02T15-04-05Z"

// Next returns the path of the backup that is made at a time.
func (f Folder) Next(at time.Time, encrypted bool) string {
	name := f.Name + "-" + at.UTC().Format(nameTime) + ".tar"
	if encrypted {
		name += ".age"
	}
	return filepath.Join(f.Path, name)
}

// Prune removes the oldest backups of the folder, so that Keep of them stay, and files that an earlier run
// of this program has left half written. The file made stays in any case: names of the others may lie in
// the future, if a clock was wrong once. Prune returns the names of what it has removed. Call it after the
// backup in made is whole, and not while one is being written.
func (f Folder) Prune(made string) (removed []string, err error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, err
	}
	own := regexp.MustCompile(`^` + regexp.QuoteMeta(f.Name) + `-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.tar(\.age)?(` + regexp.QuoteMeta(unfinished) + `\d+)?$`)
	var whole, gone []string
	for _, entry := range entries {
		found := own.FindStringSubmatch(entry.Name())
		switch {
		case found == nil || !entry.Type().IsRegular() || entry.Name() == filepath.Base(made):
		case found[2] != "":
			gone = append(gone, entry.Name())
		default:
			whole = append(whole, entry.Name())
		}
	}
	slices.Sort(whole)
	gone = append(gone, whole[:max(0, len(whole)+1-max(f.Keep, 1))]...)
	for _, name := range gone {
		if failed := os.Remove(filepath.Join(f.Path, name)); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
			continue
		}
		removed = append(removed, name)
	}
	return removed, err
}

//go:build unix

package agent

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// changeTime returns the time of the last change of a file's content or attributes. Only the
// system sets it, so that a copy never has the time of its original.
func changeTime(path string) (string, error) {
	var found unix.Stat_t
	if err := unix.Stat(path, &found); err != nil {
		return "", fmt.Errorf("look at %s: %w", path, err)
	}
	return strconv.FormatInt(found.Ctim.Nano(), 10), nil
}

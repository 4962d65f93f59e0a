package main

import (
	"fmt"
	"syscall"
)

// freeDisk returns the number of bytes that are free on the disk of a folder.
func freeDisk(folder string) (uint64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return 0, fmt.Errorf("ask for the room on the disk: %w", err)
	}
	return disk.Bavail * uint64(disk.Bsize), nil //nolint:gosec // the size of a block is positive
}

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

// fileKind returns the kind of the file system of a file, or "other" for one that is on a disk of this machine or unknown.
func fileKind(path string) (string, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		return "", fmt.Errorf("ask for the kind of the file system: %w", err)
	}
	// The numbers are those of statfs(2).
	kinds := map[uint32]string{
		0x6969: "nfs", 0x517b: "smb", 0xff534d42: "cifs", 0xfe534d42: "smb2", 0x01021997: "9p", 0x65735546: "fuse", 0x5346414f: "afs", 0x00c36400: "ceph",
		0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x2fc12fc1: "zfs", 0x794c7630: "overlay", 0x01021994: "tmpfs", 0xf2f52010: "f2fs",
	}
	if kind, known := kinds[uint32(disk.Type)]; known { //nolint:gosec // the numbers have 32 bits
		return kind, nil
	}
	return "other", nil
}

//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
)

// ownerOf returns the number of the user who owns a file.
func ownerOf(t *testing.T, entry os.DirEntry) int {
	t.Helper()
	info, err := entry.Info()
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("got no owner of the file, want one")
	}
	return int(stat.Uid)
}

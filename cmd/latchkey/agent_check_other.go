//go:build !linux

package main

import "errors"

// freeDisk returns an error: on other systems nobody asks.
func freeDisk(string) (uint64, error) {
	return 0, errors.New("the room on the disk is known on Linux alone")
}

// fileKind returns an error: on other systems nobody asks.
func fileKind(string) (string, error) {
	return "", errors.New("the kind of the file system is known on Linux alone")
}

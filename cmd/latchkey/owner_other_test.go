//go:build !unix

package main

import (
	"os"
	"testing"
)

// ownerOf does nothing where files have no such owner.
func ownerOf(*testing.T, os.DirEntry) int { return 0 }

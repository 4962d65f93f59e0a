//go:build unix

package main

import (
	"errors"
	"syscall"
)

// isReadOnly reports whether err means that nothing can be written at a place.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// isFull reports whether err means that a disk is full.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

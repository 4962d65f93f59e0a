//go:build !unix

package main

// isReadOnly reports whether err means that nothing can be written at a place. On this system it
// always returns false.
func isReadOnly(error) bool { return false }

// isFull reports whether err means that a disk is full. On this system it always returns false.
func isFull(error) bool { return false }

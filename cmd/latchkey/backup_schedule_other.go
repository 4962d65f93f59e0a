//go:build !unix

package main

// isReadOnly reports whether err means that nothing can be written at a place. It is not known here.
func isReadOnly(error) bool { return false }

// isFull reports whether err means that a disk is full. It is not known here.
func isFull(error) bool { return false }

//go:build !unix

package main

// lockFolder does nothing, because this system has no such locks.
func lockFolder(string) (release func(), err error) { return func() {}, nil }

// actAsOwner does nothing, because this system has no root.
func actAsOwner(string) error { return nil }

// asOwner calls work, because this system has no root.
func asOwner(_ string, work func() error) error { return work() }

//go:build !unix

package main

// lockFolder does nothing where there are no such locks.
func lockFolder(string) (release func(), err error) { return func() {}, nil }

// actAsOwner does nothing where there is no root.
func actAsOwner(string) error { return nil }

// asOwner just does the work where there is no root.
func asOwner(_ string, work func() error) error { return work() }

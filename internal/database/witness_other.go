//go:build !unix

package database

import "errors"

// lockFile returns an error, because this system has no such locks.
func lockFile(string) (release func() error, err error) { return nil, errors.ErrUnsupported }

//go:build !unix

package database

import "errors"

// lockFile refuses: this system has no such locks.
func lockFile(string) (release func() error, err error) { return nil, errors.ErrUnsupported }

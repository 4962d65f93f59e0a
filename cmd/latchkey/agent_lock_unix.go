//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// lockFolder locks a data folder until the process ends or release is called. It returns errLocked
// if another process has the lock.
func lockFolder(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the admin names the folder
	if err != nil {
		return nil, fmt.Errorf("data-dir: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("data-dir: lock: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

// actAsOwner turns root into the owner of a folder for the rest of the process.
func actAsOwner(folder string) error {
	owner, err := otherOwner(folder)
	if err != nil || owner == nil {
		return err
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(int(owner.Gid)), syscall.Setuid(int(owner.Uid))); err != nil {
		return fmt.Errorf("become the owner of %s: %w", folder, err)
	}
	return nil
}

// asOwner calls work as the owner of a folder, and becomes root again afterwards. So a link that
// the owner puts into the folder cannot lead root to files of other users.
func asOwner(folder string, work func() error) (err error) {
	owner, err := otherOwner(folder)
	if err != nil {
		return err
	}
	if owner == nil {
		return work()
	}
	groups, err := syscall.Getgroups()
	if err != nil {
		return fmt.Errorf("become the owner of %s: %w", folder, err)
	}
	group := syscall.Getegid()
	defer func() {
		back := errors.Join(syscall.Setreuid(-1, 0), syscall.Setregid(-1, group), syscall.Setgroups(groups))
		if back != nil {
			err = errors.Join(err, fmt.Errorf("become root again: %w", back))
		}
	}()
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setregid(-1, int(owner.Gid)), syscall.Setreuid(-1, int(owner.Uid))); err != nil {
		return fmt.Errorf("become the owner of %s: %w", folder, err)
	}
	return work()
}

// otherOwner returns the owner of a folder if this process is root and the owner is another user,
// and otherwise nil.
func otherOwner(folder string) (*syscall.Stat_t, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("data-dir: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil, nil
	}
	return owner, nil
}

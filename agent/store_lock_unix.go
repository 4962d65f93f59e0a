//go:build unix

package agent

import (
	"fmt"
	"os"
	"syscall"
)

// lock takes the lock of the file for the one program that runs an agent on it, and
// returns false if another program has it. The lock ends when the program ends, even by
// a crash.
func (s *Store) lock() (unlock func(), ok bool, err error) {
	file, err := os.OpenFile(s.lockPath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("lock the agent's file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, false, file.Close()
	}
	return func() { _ = file.Close() }, true, nil
}

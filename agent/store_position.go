package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// If the agent's file is restored from a backup, it does not know which links were removed
// after the backup. Two other files in the same folder show that it was restored, see
// [Store.untouched]:
//
//   - The lock file is made once and never changed. The agent's file stores the change time of the
//     lock file. If the whole folder is restored, the lock file is a copy with a later change time,
//     and the two times differ.
//   - The position file holds the number of the last change, and the agent's file holds this number,
//     too. If only the agent's file is restored, its number is lower.

func (s *Store) lockPath() string { return s.path + ".lock" }

func (s *Store) positionPath() string { return s.path + ".position" }

// writePosition writes the number of the last change beside the agent's file. It replaces the
// old file in one step, so that after a crash either the old or the new file exists.
func (s *Store) writePosition(serverID string, seq int64) error {
	fresh := s.positionPath() + ".new"
	if err := os.WriteFile(fresh, []byte(serverID+" "+strconv.FormatInt(seq, 10)+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the position: %w", err)
	}
	if err := os.Rename(fresh, s.positionPath()); err != nil {
		return fmt.Errorf("write the position: %w", err)
	}
	return nil
}

// position returns the server and the number of the last change that the position file beside
// the agent's file holds. It returns an error if that file does not exist.
func (s *Store) position() (serverID string, seq int64, err error) {
	text, err := os.ReadFile(s.positionPath())
	if err != nil {
		return "", 0, fmt.Errorf("read the position: %w", err)
	}
	serverID, number, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if seq, err = strconv.ParseInt(number, 10, 64); err != nil {
		return "", 0, errors.New("the position makes no sense")
	}
	return serverID, seq, nil
}

// untouched reports whether the agent's file is unchanged since an agent wrote it in this
// place. It returns false for a file that was restored from a backup or moved, and for a file
// that the service has never confirmed. It cannot notice that another system has restored the
// whole disk.
func (s *Store) untouched(ctx context.Context) (bool, error) {
	facts, err := s.facts(ctx)
	if err != nil {
		return false, err
	}
	own, err := changeSeq(s.read(ctx))
	if err != nil {
		return false, err
	}
	place, err := changeTime(s.lockPath())
	if err != nil || facts[factPlace] == "" || place != facts[factPlace] {
		return false, nil //nolint:nilerr // a lock file that cannot be read belongs to another program
	}
	serverID, seq, err := s.position()
	return err == nil && serverID == facts[factServerID] && seq <= own, nil
}

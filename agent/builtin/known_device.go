package builtin

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// knownDevicesKept is the number of known devices that one local user may have. A further
// device replaces the device whose last use is the longest time ago.
const knownDevicesKept = 50

// unnamed is the prefix of the id that this server makes for a device that sends no id.
// Several devices can get the same id, so such a device never becomes a known device.
const unnamed = "unnamed-"

// isKnown reports whether a local user has signed in on a device with the current
// password, or is signed in there. For a name that does not exist the id is empty, and the
// same statement runs, so that the time does not tell which names exist.
func (s *Server) isKnown(ctx context.Context, localUserID, deviceID string) (bool, error) {
	const look = `SELECT EXISTS (SELECT 1 FROM known_devices WHERE local_user_id = ? AND device_hash = ?)
 OR EXISTS (SELECT 1 FROM access_tokens WHERE local_user_id = ? AND device_id = ?)`
	var is bool
	err := s.scan(ctx, "look for a known device", &is, look, localUserID, secret.Sum(deviceID), localUserID, deviceID)
	return is && deviceID != "" && !strings.HasPrefix(deviceID, unnamed), err
}

// remember stores that a local user has signed in on a device with the password.
func (s *Server) remember(tx *gorm.DB, localUserID, deviceID string) error {
	if strings.HasPrefix(deviceID, unnamed) {
		return nil
	}
	const write = `INSERT INTO known_devices (local_user_id, device_hash, used_at) VALUES (?, ?, ?)
ON CONFLICT (local_user_id, device_hash) DO UPDATE SET used_at = excluded.used_at`
	if err := tx.Exec(write, localUserID, secret.Sum(deviceID), s.now()).Error; err != nil {
		return fmt.Errorf("remember the device: %w", err)
	}
	const prune = `DELETE FROM known_devices WHERE local_user_id = ? AND device_hash NOT IN
 (SELECT device_hash FROM known_devices WHERE local_user_id = ? ORDER BY used_at DESC, device_hash LIMIT ?)`
	if err := tx.Exec(prune, localUserID, localUserID, knownDevicesKept).Error; err != nil {
		return fmt.Errorf("forget old devices: %w", err)
	}
	return nil
}

// forgetDevices deletes the known devices of a local user. It is called when the password
// is replaced, because only a sign-in with the current password makes a device known.
func forgetDevices(tx *gorm.DB, localUserID string) error {
	if err := tx.Exec("DELETE FROM known_devices WHERE local_user_id = ?", localUserID).Error; err != nil {
		return fmt.Errorf("forget devices: %w", err)
	}
	return nil
}

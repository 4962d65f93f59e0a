package builtin

import (
	"context"
	"fmt"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// SignedIn implements [mediaserver.Devices]. The agent does not call it, because the server has no
// Quick Connect.
func (s *Server) SignedIn(context.Context) ([]mediaserver.SignedIn, error) {
	return nil, fmt.Errorf("list the devices: %w", mediaserver.ErrUnsupported)
}

// EndDevice implements [mediaserver.Devices].
func (s *Server) EndDevice(ctx context.Context, localUserID, deviceID string) error {
	_, err := s.exec(ctx, "sign a device out", "DELETE FROM access_tokens WHERE local_user_id = ? AND device_id = ?", localUserID, deviceID)
	return err
}

// EndTrial implements [mediaserver.Tokens]. Mint reads the hours of a local user in the policy, so
// it never tries them and leaves nothing behind.
func (s *Server) EndTrial(context.Context, string) error { return nil }

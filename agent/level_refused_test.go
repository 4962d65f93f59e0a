package agent_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestUnlockEndsWhenEverydayIsRefused closes what was unlocked, even if the media server cannot hold the everyday level: then
// the strictest level holds until another one is chosen.
func TestUnlockEndsWhenEverydayIsRefused(t *testing.T) {
	s, d, service, _, link := newLevels(t)
	var refuse atomic.Bool
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Limits") && refuse.Swap(false) { // the strictest level is taken
			return mediaserver.ErrUnsupported
		}
		return nil
	}, nil)
	service.send(d, link.ID, open(kids(), "7", s.Clock.Now(), time.Hour, func(*client.AgentUnlock) {}))
	d.limited(unlockedKid())
	refuse.Store(true) // as Jellyfin does for what it cannot keep
	s.Clock.Advance(2 * time.Hour)
	eventually(t, "the strictest level", func() bool {
		now := d.limits()
		return len(now.Libraries) == 0 && !now.AllLibraries && !now.MayDownload && len(now.Hours) == 1 && now.Hours[0] == mediaserver.NeverHours()
	})
	eventually(t, "the problem", func() bool { return service.state(link.ID).Problem == client.LevelProblemRefused })
	s.Clock.Advance(time.Minute)
	d.limited(everydayKid()) // it is tried again
}

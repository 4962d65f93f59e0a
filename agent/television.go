package agent

import (
	"context"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// askerMay reports whether the person who has typed a code may do so for a local user: the person of the link, or the owner
// within the bounds of [quickConnects.ownerMay].
func (q *quickConnects) askerMay(ctx context.Context, one client.OpenQuickConnect, link *linkRow, user mediaserver.LocalUser) (bool, error) {
	if !one.ByOwner {
		return true, nil
	}
	return q.ownerMay(ctx, link, user)
}

// ownerMay reports whether the owner of the server may sign a television in as a local user, with digits that the owner
// has typed for the person of a link: as the agent's own guest unless the setting televisions is off, as a local user
// who was there before only if that setting says so, and never as an administrator. That the local user is allowed, and
// that the PIN was given where the link needs it, is checked as for every other way in.
func (q *quickConnects) ownerMay(ctx context.Context, link *linkRow, user mediaserver.LocalUser) (bool, error) {
	if user.Administrator || q.opt.Policy.Televisions == client.TelevisionsOff {
		return false, nil
	}
	if q.opt.Policy.Televisions == client.TelevisionsLinked {
		return true, nil
	}
	guests, err := readGuests(q.store.read(ctx), "local_user_id = ? AND link_id = ? AND left_alone = '' AND unsure = 0", user.ID, link.ID)
	return len(guests) > 0, q.explainFile(ctx, err)
}

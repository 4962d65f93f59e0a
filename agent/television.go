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
// has typed for the person of a link. The owner may do so for the agent's own guest, unless the setting televisions is
// off. For a local user who was there before, that setting must allow it. The owner may never do so for an
// administrator. The agent checks elsewhere, as for every other sign-in, that the local user is allowed, and that the
// PIN was given if the link needs it.
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

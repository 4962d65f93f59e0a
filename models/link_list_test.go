package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// A server is away for its people when its agent was silent for too long, and is back with
// its next call. A server of Emby's kind calls when it likes, so its silence means nothing.
func TestListSaysWhichServersAreAway(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		guest := k.member(owner, m)
		away := func(want bool) {
			k.t.Helper()
			links, err := k.Links.List(ctx, guest.ID, models.LinkAccepted)
			k.must(err)
			if len(links) != 1 || links[0].ServerAway != want {
				k.t.Errorf("got the links %+v, want one of a server that is away: %t", links, want)
			}
		}
		away(false)
		k.clock.Advance(models.AwayAfter + time.Second)
		away(true)
		server, err := k.ServerKeys.Look(ctx, m.key)
		k.must(err)
		k.Agents.NoteContact(server)
		k.must(k.Agents.Flush(ctx))
		away(false)
	})
}

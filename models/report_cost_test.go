package models_test

import (
	"strings"
	"testing"
	"time"
)

// A request of an agent costs one SELECT while nothing changes: the query that looks up
// the key of the server also returns everything else that the request needs.
func TestAgentsCostOneRead(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		k.clock.Advance(time.Hour)
		in := report()
		in.Run = "a run"
		_, err := k.Agents.Report(ctx, k.again(m).Server, in)
		k.must(err)
		said := k.listen()
		for _, ask := range []func(m media){
			func(media) {}, // the feed, for an agent that has read all changes
			func(m media) {
				if got, err := k.Agents.Report(ctx, m.Server, in); got.Changed || err != nil {
					k.t.Errorf("the same report: changed %t, error %v; want no change", got.Changed, err)
				}
			},
		} {
			said.take()
			this := k.again(m)
			k.Agents.NoteContact(this.Server)
			ask(this)
			if got := said.take(); len(got) != 1 || !strings.HasPrefix(got[0].text, "SELECT ") {
				k.t.Errorf("got %d statements, want one that reads: %+v", len(got), got)
			}
		}
	})
}

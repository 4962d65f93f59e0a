package agent_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestTokenThatCannotBeRevokedHoldsUpNoOther makes the media server refuse to revoke one
// token. The other tokens must end, and the agent must try again to revoke the refused one.
func TestTokenThatCannotBeRevokedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	var stuck string
	for i := range 6 {
		got := must(d.exchange(key, func(ask *agent.ExchangeAsk) { ask.Device.ID = fmt.Sprint("d", i) }))(t)
		if i == 0 {
			stuck = got.AccessToken
		}
	}
	d.fake.hook(func(call string) error {
		if call == "Revoke "+stuck {
			return errDown
		}
		return nil
	}, nil)
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the others end", func() bool { return len(d.fake.live("u1")) == 1 && d.status().OwedTokens == 1 })
	d.fake.hook(nil, nil)
	eventually(t, "it ends too", func() bool { return len(d.fake.live("u1")) == 0 })
}

// TestRevokeIsRepeatedAfterCrash ends the program after a token was revoked and before the
// agent has written that down.
func TestRevokeIsRepeatedAfterCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	var crashes atomic.Int32
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Revoke") && crashes.Add(1) == 1 {
			_ = d.store.Close() // the token is revoked, but that is not written down
		}
		return nil
	})
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the crash", func() bool { return crashes.Load() == 1 })
	d.restart()
	eventually(t, "it is done again", func() bool { return d.status().OwedTokens == 0 && crashes.Load() == 2 })
}

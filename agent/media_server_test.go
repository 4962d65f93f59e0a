package agent_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/client"
)

// TestOtherAdministrator asks another media server than the one that was registered
// who is an administrator: it is not believed.
func TestOtherAdministrator(t *testing.T) {
	t.Parallel()
	d := newDen(t, newSite(t)).started()
	token := must(d.fake.Mint(t.Context(), "u2", tv))(t)
	if got := must(d.MediaServer.Administrator(t.Context(), token.Value))(t); !got {
		t.Error("no administrator")
	}
	d.fake.set(func() { d.fake.identity.ID = "other" })
	eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") })
	got, err := d.MediaServer.Administrator(t.Context(), token.Value)
	if is(t, err, agent.ErrMediaServerAway); got {
		t.Error("it is believed")
	}
}

// TestOtherMediaServer changes the media server's id: nothing is done with it.
func TestOtherMediaServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") })
	_, err := d.exchange(key)
	is(t, err, agent.ErrMediaServerAway)
	d.invite(s.join(t, "cat"), "cat")
	d.linkOf("cat")
	well(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 1 })
	never(t, "it works on another media server", func() bool {
		return len(d.fake.asked()) > 0 || d.log.count("another media server") > 1 || !d.trouble("media_server_changed")
	})
	if server := must(d.asServer().Get(t.Context()))(t); server.SystemID != "5ed0" {
		t.Errorf("reported as %s", server.SystemID)
	}
	d.fake.set(func() { d.fake.identity.ID = "5ed0" })
	eventually(t, "what was owed", func() bool { return len(d.fake.live("u1")) == 0 && len(d.fake.named("cat")) == 1 })
	if d.trouble("media_server_changed") {
		t.Error("the trouble is not over")
	}
}

// TestOtherMediaServerAtStart has it changed while the agent did not run.
func TestOtherMediaServerAtStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	bob := s.join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.halt()
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	d.open()
	_, err := d.exchange(key) // nobody has looked yet
	is(t, err, agent.ErrMediaServerAway)
	if d.Ready() {
		t.Error("it is ready")
	}
}

// TestMediaServerAway says so once, whatever is wrong. A look that has its answer
// already may end it once more.
func TestMediaServerAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDen(t, s).started()
	d.fake.setDown(errDown)
	eventually(t, "a line", func() bool { return d.log.count("does not answer as it should") > 0 && !d.Ready() })
	time.Sleep(100 * time.Millisecond) // the looks that were under way
	lines := d.log.count("does not answer as it should")
	if lines > 2 {
		t.Errorf("%d lines", lines)
	}
	never(t, "more lines", func() bool { return d.log.count("does not answer as it should") > lines || d.Ready() })
	d.fake.setDown(nil)
	eventually(t, "the end of it", func() bool { return d.log.count("msg=resolved") == lines && d.Ready() })
	if users := must(d.ann.People.LocalUsers(t.Context(), d.serverID()))(t); len(users) != 5 {
		t.Errorf("%+v", users)
	}
}

// TestAdministrator asks about tokens.
func TestAdministrator(t *testing.T) {
	t.Parallel()
	d := newDen(t, newSite(t))
	d.fake.tokens["root"], d.fake.tokens["kid"] = fakeToken{user: "u2"}, fakeToken{user: "u1"}
	for token, want := range map[string]bool{"root": true, "kid": false, "other": false, "": false} {
		if got := must(d.MediaServer.Administrator(t.Context(), token))(t); got != want {
			t.Errorf("%q: %v", token, got)
		}
	}
}

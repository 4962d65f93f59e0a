package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestAdministratorOfOtherMediaServerIsNotBelieved asks about an administrator
// when another media server than the registered one answers. It must not be
// believed.
func TestAdministratorOfOtherMediaServerIsNotBelieved(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t)).started()
	token := must(d.fake.Mint(t.Context(), "u2", tv))(t)
	if got := must(d.MediaServer.Administrator(t.Context(), token.Value))(t); !got {
		t.Error("not an administrator, want one")
	}
	d.fake.set(func() { d.fake.identity.ID = "other" })
	eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") })
	got, err := d.MediaServer.Administrator(t.Context(), token.Value)
	if isError(t, err, agent.ErrMediaServerAway); got {
		t.Error("an administrator by the word of another media server, want none")
	}
}

// TestOtherMediaServerIsNotUsed changes the media server's id. The agent must not
// use that media server.
func TestOtherMediaServerIsNotUsed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	link := d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") })
	_, err := d.exchange(key)
	isError(t, err, agent.ErrMediaServerAway)
	d.invite(s.Join(t, "cat"), "cat")
	d.linkOf("cat")
	noError(t, bob.Links.Remove(t.Context(), client.ID(link.ID)))
	eventually(t, "the removal", func() bool { return d.status().Links == 1 })
	d.meets("Identity", 3)
	d.never("it works on another media server", func() bool {
		return len(d.fake.asked()) > 0 || d.log.Count("another media server") > 1 || !d.trouble("media_server_changed")
	})
	if server := must(d.asServer().Get(t.Context()))(t); server.SystemID != "5ed0" {
		t.Errorf("reported as %s, want 5ed0", server.SystemID)
	}
	d.fake.set(func() { d.fake.identity.ID = "5ed0" })
	eventually(t, "what was owed", func() bool { return len(d.fake.live("u1")) == 0 && len(d.fake.named("cat")) == 1 })
	if d.trouble("media_server_changed") {
		t.Errorf("trouble %+v, want no media_server_changed", d.status().Trouble)
	}
}

// TestOtherMediaServerAtStartIsNotUsed changes the media server's id while the
// agent does not run.
func TestOtherMediaServerAtStartIsNotUsed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	key := d.key(bob)
	d.exchanged(key, "u1")
	d.halt()
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	d.open()
	_, err := d.exchange(key) // the media server was not checked yet
	isError(t, err, agent.ErrMediaServerAway)
	if d.Ready() {
		t.Error("the agent is ready, want not ready")
	}
}

// In TestMediaServerAwayIsLoggedOnce the media server fails. A check that began
// before may still succeed and end the trouble once, before the next check begins it.
func TestMediaServerAwayIsLoggedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.fake.setDown(errDown)
	eventually(t, "a line", func() bool { return d.log.Count("does not answer as it should") > 0 && !d.Ready() })
	d.rounds(3) // then the checks that were under way have ended
	d.meets("Identity", 2)
	lines := d.log.Count("does not answer as it should")
	if lines > 2 {
		t.Errorf("%d lines, want 1 or 2", lines)
	}
	d.meets("Identity", 3)
	d.never("more lines", func() bool { return d.log.Count("does not answer as it should") > lines || d.Ready() })
	d.fake.setDown(nil)
	eventually(t, "the end of it", func() bool { return d.log.Count("msg=resolved") == lines && d.Ready() })
	if users := must(d.ann.People.LocalUsers(t.Context(), d.serverID()))(t); len(users) != 5 {
		t.Errorf("local users at the service %+v, want 5", users)
	}
}

// TestAdministratorOfToken asks whether tokens belong to an administrator.
func TestAdministratorOfToken(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t))
	d.fake.tokens["root"], d.fake.tokens["kid"] = fakeToken{user: "u2"}, fakeToken{user: "u1"}
	for token, want := range map[string]bool{"root": true, "kid": false} {
		if got := must(d.MediaServer.Administrator(t.Context(), token))(t); got != want {
			t.Errorf("token %q: administrator %v, want %v", token, got, want)
		}
	}
	for _, token := range []string{"other", ""} {
		if got, err := d.MediaServer.Administrator(t.Context(), token); got || !errors.Is(err, mediaserver.ErrTokenEnded) {
			t.Errorf("token %q: administrator %v, error %v; want false and %v", token, got, err, mediaserver.ErrTokenEnded)
		}
	}
}

// The agent notices a media server that comes back sooner than at the next usual check. The
// log does not shorten the cause of the trouble, because the advice is at its end.
func TestMediaServerThatComesBackIsNoticedSoon(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t), func(o *agent.Options) { o.CheckEvery = time.Hour })
	d.fake.setDown(errors.New("it refuses the connection" + strings.Repeat(".", 300) + "look at its port"))
	d.run()
	eventually(t, "trouble", func() bool { return d.trouble("media_server_away") })
	if d.log.Count("look at its port") != 1 {
		t.Errorf("log:\n%s\nwant the end of the cause", d.log)
	}
	d.fake.setDown(nil)
	eventually(t, "the end of it", d.Ready)
}

// A device that keeps asking in vain does not fill the log.
func TestRefusedDeviceIsLoggedSometimes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u4")
	key := d.key(bob)
	for range 9 {
		_, err := d.exchange(key)
		isError(t, err, agent.ErrLocalUserRefused)
	}
	if n := d.log.Count("a device was refused"); n != 3 {
		t.Errorf("%d lines about a refused device, want 3", n)
	}
}

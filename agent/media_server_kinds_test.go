package agent_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/builtin"
	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/internal/waittest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// onJellyfin returns an agent beside a Jellyfin server of a version.
func onJellyfin(t *testing.T, s *servicetest.Service, version string, adjust ...change) (*deployment, *jellyfintest.Server) {
	t.Helper()
	given := jellyfintest.New(t, version)
	driver := must(jellyfin.New(jellyfin.Options{
		URL: given.URL, APIKey: given.APIKey, HTTP: &http.Client{}, Now: time.Now, Random: rand.Reader, Version: "1",
	}))(t)
	return newDeployment(t, s, append(adjust, func(o *agent.Options) { o.MediaServer = driver })...), given
}

// onBuiltin returns an agent beside the builtin media server, with a catalogue or nil.
func onBuiltin(t *testing.T, s *servicetest.Service, catalogue *builtin.Catalogue, adjust ...change) (*deployment, *builtin.Server) {
	t.Helper()
	var server *builtin.Server
	d := newDeployment(t, s, append(adjust, func(o *agent.Options) {
		server = must(builtin.Open(context.Background(), builtin.Options{
			Catalogue: catalogue,
			Path:      filepath.Join(t.TempDir(), "builtin.db"), Name: "Den", Keys: testKeys(t), Now: time.Now, Random: rand.Reader,
			Hashing: secret.HasherOptions{Memory: 64, Iterations: 1, Parallel: 2, Queue: 8, Wait: waittest.Patience}, Log: o.Log,
		}))(t)
		o.MediaServer = server
	})...)
	t.Cleanup(func() { _ = server.Close() })
	return d, server
}

// goThrough links a local user, invites a guest, and ends both.
func goThrough(t *testing.T, s *servicetest.Service, d *deployment, kid string) {
	t.Helper()
	ctx, media := t.Context(), d.options.MediaServer
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	eventually(t, "the service knows the local user", func() bool {
		for _, u := range must(d.ann.People.LocalUsers(ctx, d.serverID()))(t) {
			if u.ExternalID == kid {
				return true
			}
		}
		return false
	})
	link := d.linked(bob, "bob", kid)
	got := must(d.exchange(d.key(bob)))(t)
	if got.LocalUserID != kid || got.AccessToken == "" {
		t.Errorf("got %+v, want a token of %s", got, kid)
	}
	d.invite(cat, "cat")
	guest := d.guestOf("cat")
	user := must(media.LocalUser(ctx, guest.LocalUserID))(t)
	if !user.Hidden || user.Administrator || user.Disabled || user.Name != "cat" {
		t.Errorf("local user %+v, want hidden, enabled, named cat", user)
	}
	asGuest := must(d.exchange(d.key(cat)))(t)
	if asGuest.LocalUserID != guest.LocalUserID {
		t.Errorf("got %+v, want a token of %s", asGuest, guest.LocalUserID)
	}
	noError(t, bob.Links.Remove(ctx, client.ID(link.ID)))
	noError(t, d.ann.People.Remove(ctx, d.serverID(), client.ID(guest.ID)))
	eventually(t, "the end of both", func() bool {
		status := d.status()
		return status.Links == 0 && status.GuestsShut == 1 && status.OwedTokens == 0
	})
	if user := must(media.LocalUser(ctx, guest.LocalUserID))(t); !user.Disabled {
		t.Errorf("local user %+v, want disabled", user)
	}
	if n := d.log.Count("level=ERROR"); n > 0 {
		t.Errorf("%d errors, want 0; log:\n%s", n, d.log)
	}
}

// TestJellyfinVersions goes through a link and a guest with each version of
// Jellyfin.
func TestJellyfinVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, fake := onJellyfin(t, s, version)
			kid := fake.AddUser("Kid", "secret", false)
			d.started()
			goThrough(t, s, d, kid)
			if n := len(fake.Tokens(kid)); n != 0 {
				t.Errorf("%d tokens, want 0", n)
			}
			if drift := fake.Drift(); len(drift) > 0 {
				t.Errorf("the fake has met requests unlike Jellyfin's %q, want none", drift)
			}
		})
	}
}

// TestOtherJellyfinIsNoticedAtOnce lets a Jellyfin with another id answer at the address of
// the registered Jellyfin. The next exchange notices that.
func TestOtherJellyfinIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, fake := onJellyfin(t, s, "10.11", rarely)
	kid := fake.AddUser("Kid", "secret", false)
	d.started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", kid)
	key := d.key(bob)
	must(d.exchange(key))(t)
	fake.SetID("0ther")
	_, err := d.exchange(key)
	isError(t, err, agent.ErrMediaServerAway)
	if n := len(fake.Tokens(kid)); n != 1 || !d.trouble("media_server_changed") {
		t.Errorf("%d tokens, trouble %+v; want 1 and media_server_changed", n, d.status().Trouble)
	}
}

// TestJellyfinTooOld runs an agent beside a Jellyfin that is too old. The agent must refuse
// it, and log that once.
func TestJellyfinTooOld(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, _ := onJellyfin(t, s, "10.8")
	d.run()
	eventually(t, "one line", func() bool { return d.log.Count("too old for the agent") == 1 })
	d.never("more lines, or a server", func() bool { return d.log.Count("too old for the agent") > 1 || d.status().Registered })
}

// TestJellyfinKeyRevoked lets the admin revoke the API key.
func TestJellyfinKeyRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, fake := onJellyfin(t, s, "10.11")
	d.started()
	fake.RevokeKey()
	eventually(t, "one line", func() bool { return d.log.Count("refuses the agent's key") == 1 })
	d.never("more lines", func() bool { return d.log.Count("level=WARN") > 1 })
}

// TestBuiltinMediaServer goes through a link and a guest with the builtin media
// server.
func TestBuiltinMediaServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, server := onBuiltin(t, s, nil)
	kid := must(server.AddUser(t.Context(), "Kid", "", false))(t)
	d.started()
	goThrough(t, s, d, kid.ID)
	var _ mediaserver.Server = server
}

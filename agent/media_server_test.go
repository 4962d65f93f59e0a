package agent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestAdministratorOfOtherMediaServerIsNotBelieved asks about an administrator while
// another media server than the registered one answers. The agent must not believe the
// answer.
func TestAdministratorOfOtherMediaServerIsNotBelieved(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t), rarely).started()
	token := must(d.fake.Mint(t.Context(), "u2", tv))(t)
	if got := must(d.MediaServer.Administrator(t.Context(), token.Value))(t); !got {
		t.Error("not an administrator, want one")
	}
	d.fake.set(func() { d.fake.identity.ID = "other" }) // which no check has seen yet
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

// rarely lets an agent check the media server and send a report only when a test asks for
// it.
func rarely(o *agent.Options) { o.CheckEvery, o.ReportEvery = time.Hour, time.Hour }

// newRare returns a running agent with the options that [rarely] sets, and the access key
// of bob, who is linked.
func newRare(t *testing.T) (d *deployment, key string) {
	t.Helper()
	s, d := newRunning(t, rarely)
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	return d, d.key(bob)
}

// Another media server takes the place of the registered one between two checks. The next
// exchange notices that, and nobody gets a token of the other media server.
func TestExchangeNoticesOtherMediaServer(t *testing.T) {
	t.Parallel()
	d, key := newRare(t)
	d.exchanged(key, "u1")
	d.fake.set(func() { d.fake.identity.ID = "0ther" })
	_, err := d.exchange(key)
	isError(t, err, agent.ErrMediaServerAway)
	if n := d.fake.begun("Mint"); n != 1 {
		t.Errorf("%d tokens were asked for, want 1: none of the other media server", n)
	}
	if !d.trouble("media_server_changed") || d.Ready() {
		t.Errorf("trouble %+v, ready %v; want media_server_changed, and not ready", d.status().Trouble, d.Ready())
	}
	d.fake.set(func() { d.fake.identity.ID = "5ed0" })
	d.exchanged(key, "u1")
	if d.trouble("media_server_changed") {
		t.Errorf("trouble %+v, want no media_server_changed", d.status().Trouble)
	}
}

// A device closes its connection while the agent asks the media server for its identity.
// The agent must not take that for a failure of the media server.
func TestDeviceThatLeavesIsNoAbsence(t *testing.T) {
	t.Parallel()
	d, key := newRare(t)
	ctx, leave := context.WithCancel(t.Context())
	d.fake.hook(func(call string) error {
		if call == "Identity" {
			leave()
			return ctx.Err()
		}
		return nil
	}, nil)
	_, err := d.Exchanges.Exchange(ctx, agent.ExchangeAsk{AccessKey: key, Device: tv})
	isError(t, err, agent.ErrMediaServerAway)
	if !d.Ready() || len(d.status().Trouble) != 0 {
		t.Errorf("ready %v, trouble %+v; want ready without trouble", d.Ready(), d.status().Trouble)
	}
}

// otherMediaServer puts another media server, which knows none of the local users, in the
// place of the registered one. The function back undoes that.
func (d *deployment) otherMediaServer() (back func()) {
	var users []mediaserver.LocalUser
	d.fake.set(func() {
		users = d.fake.users
		d.fake.identity.ID, d.fake.users = "0ther", []mediaserver.LocalUser{{ID: "o1", Name: "Stranger"}}
	})
	return func() { d.fake.set(func() { d.fake.identity.ID, d.fake.users = "5ed0", users }) }
}

// holdReport makes the loop of the reports wait in the middle of a report, until the test calls
// release.
func (d *deployment) holdReport() (release func()) {
	d.t.Helper()
	held, over := make(chan struct{}, 1), make(chan struct{})
	d.fake.hook(func(call string) error {
		if call == "Libraries" {
			select {
			case held <- struct{}{}:
			default:
			}
			<-over
		}
		return nil
	}, nil)
	release = sync.OnceFunc(func() { close(over) })
	d.t.Cleanup(release)
	d.Wake()
	waittest.Receive(d.t, held, "a report that is being made")
	return release
}

// Another media server takes the place of the registered one between two checks. The next
// report must not regard the guests as deleted, because then their links would end.
func TestReportOfOtherMediaServerEndsNoGuest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s, rarely).started()
	d.invite(s.Join(t, "bob"), "bob")
	d.guestOf("bob")
	d.rounds(2)
	reported := d.usersAtService()
	back := d.otherMediaServer()
	d.never("the link of the guest ends", func() bool { return d.status().Links != 1 })
	if got := d.usersAtService(); !slices.Equal(got, reported) || !d.trouble("media_server_changed") {
		t.Errorf("local users at the service %q, trouble %+v; want %q and media_server_changed", got, d.status().Trouble, reported)
	}
	back()
	eventually(t, "the end of it", func() bool { d.Wake(); return !d.trouble("media_server_changed") })
}

// Another media server takes the place of the registered one between two checks. The agent must
// leave its guests as they are and create no guest, until the registered media server is back.
func TestOtherMediaServerChangesNoGuest(t *testing.T) {
	t.Parallel()
	libraries := []string{"l1"}
	for name, ask := range map[string]func(d *deployment, link agent.Link){
		"other libraries": func(d *deployment, link agent.Link) {
			noError(d.t, d.ann.People.Change(d.t.Context(), d.serverID(), client.ID(link.ID), client.PersonChange{Libraries: &libraries}))
		},
		"another guest": func(d *deployment, _ agent.Link) { d.invite(d.site.Join(d.t, "cat"), "cat") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, newSite(t), rarely).started()
			d.invite(d.site.Join(t, "bob"), "bob")
			link := d.guestOf("bob")
			release := d.holdReport() // otherwise the report could be the first to notice it
			back := d.otherMediaServer()
			ask(d, link)
			wrong := func() bool {
				return d.log.Count("a guest was deleted at the media server") > 0 || len(d.fake.named("cat")) > 0 || d.status().Guests != 1
			}
			eventually(t, "trouble", func() bool { return d.trouble("media_server_changed") || wrong() })
			release()
			d.never("it works on another media server", wrong)
			back()
			eventually(t, "what was owed", func() bool {
				if name == "another guest" {
					return d.status().Guests == 2
				}
				d.fake.mu.Lock()
				defer d.fake.mu.Unlock()
				return slices.Equal(d.fake.limits["g1"].Libraries, libraries)
			})
			if g := d.guestOf("bob"); g.ID != link.ID {
				t.Errorf("link %+v, want the link of before", g)
			}
		})
	}
}

// TestMediaServerAwayIsLoggedOnce lets the media server fail for several checks.
func TestMediaServerAwayIsLoggedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	d.fake.setDown(errDown)
	eventually(t, "a line", func() bool { return d.log.Count("does not answer as it should") > 0 && !d.Ready() })
	d.meets("Identity", 3)
	d.never("more lines", func() bool { return d.log.Count("does not answer as it should") > 1 || d.Ready() })
	d.fake.setDown(nil)
	eventually(t, "the end of it", func() bool { return d.log.Count("msg=resolved") == 1 && d.Ready() })
	if users := must(d.ann.People.LocalUsers(t.Context(), d.serverID()))(t); len(users) != 5 {
		t.Errorf("local users at the service %+v, want 5", users)
	}
}

// A check that began before the media server failed, and that is answered after that, ends nothing.
func TestOlderAnswerEndsNoTrouble(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t), func(o *agent.Options) { o.CheckEvery = time.Hour }).started()
	answer := d.askedBefore()
	d.fake.setDown(errDown)
	isError(t, d.askInVain(), agent.ErrMediaServerAway)
	answer()
	if d.Ready() || !d.trouble("media_server_away") || d.log.Count("msg=resolved") != 0 {
		t.Errorf("ready %v, log:\n%s\nwant a trouble that is still open", d.Ready(), d.log)
	}
	d.fake.setDown(nil)
	isError(t, d.askInVain(), mediaserver.ErrTokenEnded)
	if !d.Ready() || d.trouble("media_server_away") {
		t.Errorf("ready %v, log:\n%s\nwant an end of the trouble", d.Ready(), d.log)
	}
}

// TestOlderAnswerIsNotTheLastWord lets the media server come back before the older check is answered: that check asks again. No
// loop of the agent runs, so nothing else would end the trouble.
func TestOlderAnswerIsNotTheLastWord(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, newSite(t))
	answer := d.askedBefore()
	d.fake.setDown(errDown)
	isError(t, d.askInVain(), agent.ErrMediaServerAway)
	d.fake.setDown(nil)
	answer()
	if d.log.Count("msg=resolved") != 1 {
		t.Errorf("log:\n%s\nwant an end of the trouble", d.log)
	}
}

// askInVain asks about a token that nobody has, which first checks the media server.
func (d *deployment) askInVain() error {
	_, err := d.MediaServer.Administrator(d.t.Context(), "a token")
	return err
}

// askedBefore begins a check that the media server does not answer yet. The function that it returns lets the media server answer,
// and waits for the end of that check.
func (d *deployment) askedBefore() (answer func()) {
	d.t.Helper()
	asked, release, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var first sync.Once
	d.fake.hook(nil, func(call string) error {
		wait := false
		if call == "Identity" {
			first.Do(func() { wait = true })
		}
		if wait {
			close(asked)
			<-release
		}
		return nil
	})
	go func() {
		defer close(over)
		_ = d.askInVain()
	}()
	waittest.Receive(d.t, asked, "the older check")
	return func() {
		d.t.Helper()
		close(release)
		waittest.Receive(d.t, over, "the end of the older check")
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
// log does not shorten the cause of the trouble, because the cause ends with an advice.
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

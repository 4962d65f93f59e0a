package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// gate holds the calls that create guests.
type gate struct {
	mu           sync.Mutex
	inside, most int
	open         chan struct{}
}

// holdGuests makes the media server wait before it creates a guest, until the gate is opened.
func (d *deployment) holdGuests() *gate {
	g := &gate{open: make(chan struct{})}
	d.fake.hook(func(call string) error {
		if !strings.HasPrefix(call, "CreateGuest") {
			return nil
		}
		g.mu.Lock()
		g.inside++
		g.most = max(g.most, g.inside)
		g.mu.Unlock()
		<-g.open
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inside--
		return nil
	}, nil)
	d.t.Cleanup(sync.OnceFunc(func() {
		select {
		case <-g.open:
		default:
			close(g.open)
		}
	}))
	return g
}

// heldGuest invites a person as a guest, and returns when the media server waits before it
// creates their local user.
func (d *deployment) heldGuest(name string) (*client.Client, *gate) {
	d.t.Helper()
	person, g := d.site.Join(d.t, name), d.holdGuests()
	d.invite(person, name)
	eventually(d.t, "the creation", func() bool { return g.count() == 1 })
	return person, g
}

// count returns how many calls wait now.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside
}

// A real agent lets a device wait some seconds for a guest: long enough for an idle media
// server, and shorter than the patience of apps.
func TestUsualWaitForGuests(t *testing.T) {
	t.Parallel()
	if got := agent.UsualWaitForGuests(); got < 3*time.Second || got > 10*time.Second {
		t.Errorf("the wait is %v, want 3 to 10 seconds", got)
	}
}

// While the local user of a guest is being created, a device waits some seconds. If that is
// not enough, the answer is that the device should come again, and not that its access key
// is wrong.
func TestExchangeWaitsForGuest(t *testing.T) {
	t.Parallel()
	_, d := newRunning(t)
	bob, g := d.heldGuest("bob")
	key := d.key(bob)
	if _, err := d.exchange(key); !errors.Is(err, agent.ErrNotYet) {
		t.Errorf("error %v, want %v", err, agent.ErrNotYet)
	}
	d.WaitForGuests(waittest.Patience)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := d.Exchanges.Exchange(ctx, agent.ExchangeAsk{AccessKey: key, Device: tv}); err == nil {
		t.Error("no error for a device that has left, want one at once")
	}
	results := make(chan error)
	go func() {
		_, err := d.exchange(key)
		results <- err
	}()
	close(g.open)
	if err := <-results; err != nil {
		t.Errorf("error %v of the device that waited, want none", err)
	}
}

// A device that waits hears that its link has ended meanwhile.
func TestExchangeWaitsForGuestWhoseLinkEnds(t *testing.T) {
	t.Parallel()
	_, d := newRunning(t)
	bob, g := d.heldGuest("bob")
	key := d.key(bob)
	d.WaitForGuests(waittest.Patience)
	results := make(chan error)
	go func() {
		_, err := d.exchange(key)
		results <- err
	}()
	links := must(bob.Links.List(t.Context(), client.Accepted))(t)
	noError(t, bob.Links.Remove(t.Context(), links[0].ID))
	eventually(t, "the end", func() bool { return len(must(d.Links.List(t.Context()))(t)) == 0 })
	close(g.open)
	if err := <-results; !errors.Is(err, agent.ErrAccessKeyWrong) && !errors.Is(err, agent.ErrAccountUnknown) {
		t.Errorf("error %v, want %v or %v", err, agent.ErrAccessKeyWrong, agent.ErrAccountUnknown)
	}
}

// A guest may enter a Quick Connect code before their local user exists. The code waits
// until the local user has been created, and then signs the device in.
func TestCodeWaitsForGuest(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t)
	bob, g := d.heldGuest("bob")
	d.fake.codeOn("654321")
	asked := must(bob.QuickConnects.Ask(t.Context(), d.serverID(), "654321"))(t)
	state := func() client.QuickConnect { return must(bob.QuickConnects.Get(t.Context(), asked.ID))(t) }
	more(t, "the questions for codes", counted(s, "/quick-connects"), 4)
	if got := state(); got.Status != "asked" {
		t.Errorf("code %+v before the guest exists, want it to wait", got)
	}
	close(g.open)
	eventually(t, "the sign-in", func() bool { return state().Status == "done" })
	if got, want := d.fake.approvedFor("654321"), d.guestOf("bob").LocalUserID; got != want {
		t.Errorf("approved for %q, want %q", got, want)
	}
}

// A few guests are created at the same time, so that one guest who takes long does not
// delay the others.
func TestGuestsAreCreatedSideBySide(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s)
	const many = 2*agent.GuestsAtOnce + 1
	d.started()
	d.fake.setDown(errDown) // so that all of them wait together
	for i := range many {
		name := fmt.Sprintf("guest%d", i)
		d.invite(s.Join(t, name), name)
		d.linkOf(name)
	}
	g := d.holdGuests()
	d.fake.setDown(nil)
	eventually(t, "some at the same time", func() bool { return g.count() == agent.GuestsAtOnce })
	d.meets("Identity", 3) // the agent works on
	close(g.open)
	eventually(t, "all of them", func() bool { return d.status().Guests == many })
	if g.most != agent.GuestsAtOnce {
		t.Errorf("%d at the same time, want %d", g.most, agent.GuestsAtOnce)
	}
}

// A guest whose link has ended frees their place under GuestLimit. Nevertheless, the number
// of local users that exist has a limit.
func TestEndedGuestFreesPlace(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t, func(o *agent.Options) { o.Policy.GuestLimit = 1 })
	for i := range 6 {
		name := fmt.Sprintf("guest%d", i)
		d.invite(s.Join(t, name), name)
		if i == 5 {
			break
		}
		d.guestOf(name)
		noError(t, d.ann.People.Remove(t.Context(), d.serverID(), client.ID(d.linkOf(name).ID)))
		eventually(t, "the end of "+name, func() bool { return d.status().GuestsShut == i+1 })
	}
	eventually(t, "the trouble", func() bool { return d.trouble("guest_limit") })
	d.never("another local user", func() bool { return d.fake.count("CreateGuest") > 5 })
}

// If a setting keeps the agent from creating a guest, the guest is told so at once, at a
// device and for a Quick Connect code. The trouble names the guest and the setting.
func TestGuestIsToldWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t, func(o *agent.Options) { o.Policy.GuestsHourly = 1 })
	d.invite(s.Join(t, "ann2"), "ann2")
	d.guestOf("ann2")
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	eventually(t, "the trouble", func() bool { return d.trouble("guests_hourly") })
	for _, trouble := range d.status().Trouble {
		if !strings.Contains(trouble.Text, "bob") || !strings.Contains(trouble.Text, "guests-hourly") {
			t.Errorf("trouble %q, want one that names bob and guests-hourly", trouble.Text)
		}
	}
	d.WaitForGuests(waittest.Patience)
	if _, err := d.exchange(d.key(bob)); !errors.Is(err, agent.ErrGuestWaits) {
		t.Errorf("error %v, want %v at once", err, agent.ErrGuestWaits)
	}
	if got := d.enter(bob, "654321"); got.Reason != client.QuickConnectNoLocalUser {
		t.Errorf("code: %+v, want the reason %s", got, client.QuickConnectNoLocalUser)
	}
}

// The service hears each reason why no local user is created for a guest, and shows it to the
// guest. It shows no reason once the local user is there.
func TestServiceHearsWhyAGuestWaits(t *testing.T) {
	t.Parallel()
	refusing := func(err error) func(*deployment) {
		return func(d *deployment) {
			d.fake.hook(func(call string) error {
				if strings.HasPrefix(call, "CreateGuest") {
					return err
				}
				return nil
			}, nil)
		}
	}
	mend := func(d *deployment) { d.fake.hook(nil, nil) }
	for reason, c := range map[string]struct {
		policy     func(p *agent.Policy)
		begin, end func(d *deployment)
	}{
		client.WaitGuestsOff: {policy: func(p *agent.Policy) { p.CreateUsers = false }},
		client.WaitLimit:     {policy: func(p *agent.Policy) { p.GuestLimit = 0 }},
		client.WaitHourly: {
			policy: func(p *agent.Policy) { p.GuestsHourly = 1 },
			begin:  func(d *deployment) { d.invite(d.site.Join(d.t, "cat"), "cat"); d.guestOf("cat") },
			end:    func(d *deployment) { d.site.Clock.Advance(time.Hour + time.Second) },
		},
		client.WaitRefused:   {begin: refusing(mediaserver.ErrNotAllowed), end: mend},
		client.WaitNameTaken: {begin: refusing(mediaserver.ErrNameTaken), end: mend},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, newSite(t), func(o *agent.Options) {
				if c.policy != nil {
					c.policy(&o.Policy)
				}
			}).started()
			if c.begin != nil {
				c.begin(d)
			}
			bob := d.site.Join(t, "bob")
			d.invite(bob, "bob")
			waitsFor(t, bob, reason)
			if c.end != nil {
				c.end(d)
				d.guestOf("bob")
				waitsFor(t, bob, "")
			}
		})
	}
}

// waitsFor waits until the service tells a guest with one link why they wait. The parameter
// want is the reason, or "" if the guest does not wait.
func waitsFor(t *testing.T, guest *client.Client, want string) {
	t.Helper()
	eventually(t, "the reason "+want, func() bool {
		list := must(guest.Links.List(t.Context(), client.Accepted))(t)
		return len(list) == 1 && list[0].WaitsFor == want
	})
}

// An agent that starts does not know yet why a guest waits, and tells the service that. So a
// reason of the run before, which may be wrong by now, disappears from the pages of the
// service.
func TestStaleReasonToWaitIsClearedAtStart(t *testing.T) {
	t.Parallel()
	s, d := newRunning(t, func(o *agent.Options) { o.Policy.CreateUsers = false })
	bob := s.Join(t, "bob")
	d.invite(bob, "bob")
	waitsFor(t, bob, client.WaitGuestsOff)
	d.halt()
	d.fake.setDown(errDown) // nobody knows whether the media server would refuse the guest
	d.options.Policy.CreateUsers = true
	d.open()
	d.run()
	waitsFor(t, bob, "")
}

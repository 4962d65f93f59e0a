package agent_test

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// openFilms is the address at which Open reaches the media server of these tests.
const openFilms = "https://films.example.org"

// opening returns a deployment whose media server Open reaches at [openFilms]. In it, bob is linked to
// the local user u1, and has a session in a browser at the service.
func opening(t *testing.T) (*deployment, models.Session) {
	t.Helper()
	s, d := newRunning(t, func(o *agent.Options) {
		o.Addresses.Configured, o.Addresses.Own = []string{openFilms}, true
	})
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	in, err := s.Store.Sessions.SignIn(t.Context(), models.SignIn{NameOrEmail: "bob", Password: servicetest.Password}, models.Caller{Address: "192.0.2.7", Device: "Firefox"})
	noError(t, err)
	return d, in.Session
}

// begin begins a flow, and returns it with the parameters for the service.
func (d *deployment) begin() (flow string, asked url.Values) {
	d.t.Helper()
	begun := must(d.Opens.Begin(d.t.Context(), netip.MustParseAddr("192.0.2.7")))(d.t)
	page := must(url.Parse(begun.URL))(d.t)
	if want := "/servers/" + string(d.serverID()) + "/authorize"; page.Path != want || !strings.HasPrefix(begun.URL, d.site.URL) {
		d.t.Errorf("the flow leads to %s, want %s", begun.URL, want)
	}
	return begun.Flow, page.Query()
}

// allowed begins a flow and lets the person of a session say yes at the service.
func (d *deployment) allowed(session models.Session) (flow, state, code string) {
	d.t.Helper()
	flow, asked := d.begin()
	id := models.ParseID(string(d.serverID()))
	made, err := d.site.Store.Opens.Allow(d.t.Context(), session, id, asked.Get("code_challenge"), true)
	noError(d.t, err)
	return flow, asked.Get("state"), made.Code
}

// browser returns the device of the tests.
func browser() mediaserver.Device {
	return mediaserver.Device{Client: "Jellyfin Web", Name: "Firefox", ID: "b1", Version: "10.11.0"}
}

func TestOpenSignsABrowserIn(t *testing.T) {
	t.Parallel()
	d, session := opening(t)
	flow, state, code := d.allowed(session)
	as := must(d.Opens.Who(t.Context(), flow, state, code, false))(t)
	if as.LocalUserID != "u1" || as.Name == "" {
		t.Errorf("got %+v, want u1 with a name", as)
	}
	if n := d.fake.begun("Mint"); n != 0 {
		t.Errorf("%d tokens were made before the browser wanted one, want none", n)
	}
	made := must(d.Opens.Mint(t.Context(), flow, browser(), false))(t)
	if got := d.fake.live("u1"); made.LocalUserID != "u1" || len(got) != 1 || got[0] != made.AccessToken {
		t.Errorf("got %+v and the tokens %v, want the one token of u1", made, got)
	}
	_, err := d.Opens.Mint(t.Context(), flow, browser(), false)
	isError(t, err, agent.ErrOpenOver)

	// Another browser of the same person keeps its token when this one is signed out.
	other := must(d.exchange(d.key(d.site.SignIn(t, "bob"))))(t)
	noError(t, d.site.Store.Sessions.End(t.Context(), session.AccountID, session.ID, models.Caller{}))
	eventually(t, "the token of the session ends", func() bool {
		live := d.fake.live("u1")
		return len(live) == 1 && live[0] == other.AccessToken
	})
}

// TestOpenEndsWithItsLink ends the link after the browser was signed in.
func TestOpenEndsWithItsLink(t *testing.T) {
	t.Parallel()
	d, session := opening(t)
	flow, state, code := d.allowed(session)
	must(d.Opens.Who(t.Context(), flow, state, code, false))(t)
	must(d.Opens.Mint(t.Context(), flow, browser(), false))(t)
	noError(t, d.Links.EndOf(t.Context(), "u1"))
	eventually(t, "the token ends", func() bool { return len(d.fake.live("u1")) == 0 })
}

// TestStolenFlows tries what somebody could do with one half of a flow. Nobody is signed in, and each
// attempt uses up the flow or the code that it has tried.
func TestStolenFlows(t *testing.T) {
	t.Parallel()
	d, session := opening(t)
	over := func(how string, err error) {
		t.Helper()
		if !errors.Is(err, agent.ErrOpenOver) {
			t.Errorf("%s: got error %v, want %v", how, err, agent.ErrOpenOver)
		}
	}
	who := func(flow, state, code string) error {
		_, err := d.Opens.Who(t.Context(), flow, state, code, false)
		return err
	}
	flow, state, code := d.allowed(session)
	over("in a browser that has not begun", who("made up", state, code))
	thief, _ := d.begin()
	over("in the flow of a thief, with the state of the other", who(thief, state, code))
	other, asked := d.begin()
	over("in the flow of a thief, with their own state", who(other, asked.Get("state"), code))
	over("by the rightful person afterwards", who(flow, state, code)) // the code is burnt

	flow, state, code = d.allowed(session)
	over("with another state", who(flow, "x"+state, code))
	over("again with the right one", who(flow, state, code))
	flow, state, _ = d.allowed(session)
	over("without a code", who(flow, state, ""))
	flow, state, code = d.allowed(session)
	d.site.Clock.Advance(2 * time.Minute)
	over("with an old code", who(flow, state, code))
	flow, _ = d.begin()
	_, err := d.Opens.Mint(t.Context(), flow, browser(), false)
	over("to a token without a code", err)
	flow, state, code = d.allowed(session)
	noError(t, who(flow, state, code))
	over("twice", who(flow, state, code))
	if n := d.fake.begun("Mint"); n != 0 {
		t.Errorf("%d tokens were made, want none", n)
	}
}

// TestOpenRefusesBeforeAToken shuts a local user out in each way that is known before a token is made.
func TestOpenRefusesBeforeAToken(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(u *mediaserver.LocalUser)
		want   error
	}{
		"disabled":      {func(u *mediaserver.LocalUser) { u.Disabled = true }, agent.ErrLocalUserDisabled},
		"administrator": {func(u *mediaserver.LocalUser) { u.Administrator = true }, agent.ErrLocalUserRefused},
		"at home only":  {func(u *mediaserver.LocalUser) { u.RemoteAccess = false }, agent.ErrLocalUserRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, session := opening(t)
			flow, state, code := d.allowed(session)
			d.fake.set(func() { row.change(d.fake.find("u1")) })
			_, err := d.Opens.Who(t.Context(), flow, state, code, false)
			isError(t, err, row.want)
			if n := d.fake.begun("Mint"); n != 0 {
				t.Errorf("%d tokens were made, want none", n)
			}
		})
	}
}

// TestSessionEndsWhileABrowserIsSignedIn ends the session while the media server makes the token.
func TestSessionEndsWhileABrowserIsSignedIn(t *testing.T) {
	t.Parallel()
	d, session := opening(t)
	flow, state, code := d.allowed(session)
	must(d.Opens.Who(t.Context(), flow, state, code, false))(t)
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			d.fake.hook(nil, nil)
			last := d.acknowledged()
			noError(t, d.site.Store.Sessions.End(context.Background(), session.AccountID, session.ID, models.Caller{}))
			eventually(t, "the agent has heard of it", func() bool { return d.acknowledged() > last })
		}
		return nil
	})
	_, err := d.Opens.Mint(t.Context(), flow, browser(), false)
	isError(t, err, agent.ErrOpenOver)
	eventually(t, "no token lives", func() bool { return len(d.fake.live("u1")) == 0 })
}

// TestKilledWhileABrowserIsSignedIn ends the program before the answer of the media server is
// written down.
func TestKilledWhileABrowserIsSignedIn(t *testing.T) {
	t.Parallel()
	d, session := opening(t)
	flow, state, code := d.allowed(session)
	must(d.Opens.Who(t.Context(), flow, state, code, false))(t)
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "Mint") {
			d.fake.hook(nil, nil)
			return errDown // as if the program had not lived to see the answer
		}
		return nil
	})
	if _, err := d.Opens.Mint(t.Context(), flow, browser(), false); err == nil {
		t.Error("a browser was signed in, want an error")
	}
	d.restart()
	eventually(t, "no token lives", func() bool { d.Wake(); return len(d.fake.live("u1")) == 0 })
	_, err := d.Opens.Who(t.Context(), flow, state, code, false)
	isError(t, err, agent.ErrOpenOver) // flows do not survive a restart
}

func TestFlowsAreBounded(t *testing.T) {
	t.Parallel()
	d, _ := opening(t)
	refused := false
	for range 100 {
		if _, err := d.Opens.Begin(t.Context(), netip.MustParseAddr("192.0.2.9")); errors.Is(err, agent.ErrOpenTooOften) {
			refused = true
		}
	}
	if !refused {
		t.Error("a hundred flows began from one network, want a limit")
	}
}

package agent_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// showsCode shows the code 123456 on the screen of the television.
func (f *fake) showsCode() {
	f.set(func() { f.codes["123456"], f.devices["123456"] = "", "tv" })
}

// signedIn reports whether a local user has a live token on the television.
func (f *fake) signedIn(user string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tokens {
		if t == (fakeToken{user, "tv"}) {
			return true
		}
	}
	return false
}

// A device that signs in by Quick Connect is known with its link. It is signed out when the
// person ends it alone, when they sign out everywhere, when they leave the link, and when the
// link is ended at this machine after a restart of the agent. What another local user has on
// the same device stays.
func TestQuickDeviceEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, d *deployment, bob *client.Client, link agent.Link){
		"alone": func(t *testing.T, _ *deployment, bob *client.Client, _ agent.Link) {
			known := must(bob.QuickConnects.Devices(t.Context()))(t)
			if len(known) != 1 || known[0].DeviceID != "tv" || known[0].Device != "TV" || known[0].Client != "Films" || !known[0].Certain || known[0].Server == "" {
				t.Fatalf("got the devices %+v, want the television", known)
			}
			if err := bob.QuickConnects.EndDevice(t.Context(), known[0].ID); err != nil {
				t.Fatal(err)
			}
		},
		"everywhere": func(t *testing.T, _ *deployment, bob *client.Client, _ agent.Link) {
			if err := bob.Sessions.EndAll(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"link left": func(t *testing.T, _ *deployment, bob *client.Client, link agent.Link) {
			if err := bob.Links.Remove(t.Context(), client.ID(link.ID)); err != nil {
				t.Fatal(err)
			}
		},
		"unlinked here, after a restart": func(t *testing.T, d *deployment, _ *client.Client, link agent.Link) {
			d.restart()
			if err := d.Links.End(t.Context(), link.ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			link := d.linked(bob, "bob", "u1")
			d.fake.set(func() { d.fake.tokens["of somebody else"] = fakeToken{"u5", "tv"} })
			d.fake.showsCode()
			if got := d.enter(bob, "123456"); got.Status != "done" || !d.fake.signedIn("u1") {
				t.Fatalf("got %+v, want the television signed in", got)
			}
			end(t, d, bob, link)
			eventually(t, "the television is signed out", func() bool { return !d.fake.signedIn("u1") }, d.log)
			if !d.fake.signedIn("u5") {
				t.Error("somebody else was signed out on the same device, want them to stay")
			}
			eventually(t, "nothing is owed", func() bool { return d.status().OwedTokens == 0 }, d.log)
		})
	}
}

// The device is found by what has changed at the media server. If one new device has come in,
// the result is certain. If several devices have changed, or a device that was there before,
// the result is only probable. Without a change the agent does not guess.
func TestQuickDeviceIsFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(f *fake) // before the code is typed
		during func(f *fake) // while the media server approves it
		want   []client.QuickDevice
	}{
		"new":                    {want: []client.QuickDevice{{DeviceID: "tv", Certain: true}}},
		"beside one that sleeps": {before: func(f *fake) { f.tokens["x"] = fakeToken{"u1", "phone"} }, want: []client.QuickDevice{{DeviceID: "tv", Certain: true}}},
		"beside one that plays": {
			before: func(f *fake) { f.tokens["x"] = fakeToken{"u1", "phone"} },
			during: func(f *fake) { f.seen["x"] = time.Unix(1, 0) },
			want:   []client.QuickDevice{{DeviceID: "tv"}},
		},
		"two new": {
			during: func(f *fake) { f.tokens["x"], f.seen["x"] = fakeToken{"u1", "phone"}, time.Unix(-1, 0) },
			want:   []client.QuickDevice{{DeviceID: "phone"}},
		},
		"of another local user": {during: func(f *fake) { f.tokens["x"] = fakeToken{"u5", "phone"} }, want: []client.QuickDevice{{DeviceID: "tv", Certain: true}}},
		"again": {
			before: func(f *fake) { f.tokens["x"] = fakeToken{"u1", "tv"} },
			during: func(f *fake) { f.seen["quick-123456"] = time.Unix(1, 0) },
			want:   []client.QuickDevice{{DeviceID: "tv"}},
		},
		"not told": {
			before: func(f *fake) {
				f.before = func(call string) error {
					return map[bool]error{true: mediaserver.ErrUnsupported}[call == "SignedIn"]
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			d.linked(bob, "bob", "u1")
			d.fake.showsCode()
			d.fake.set(func() {
				if test.before != nil {
					test.before(d.fake)
				}
				d.fake.after = func(call string) error {
					if test.during != nil && strings.HasPrefix(call, "ApproveCode") {
						d.fake.set(func() { test.during(d.fake) })
					}
					return nil
				}
			})
			if got := d.enter(bob, "123456"); got.Status != "done" {
				t.Fatalf("got %+v, want it done", got)
			}
			var got []client.QuickDevice
			for _, one := range must(bob.QuickConnects.Devices(t.Context()))(t) {
				got = append(got, client.QuickDevice{DeviceID: one.DeviceID, Certain: one.Certain})
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got the devices %+v, want %+v", got, test.want)
			}
		})
	}
}

// The program ends right after the media server has approved a code. The next run finds the
// device, and the code was not wrong.
func TestQuickDeviceAfterCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	d.fake.showsCode()
	var struck atomic.Bool
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "ApproveCode") && struck.CompareAndSwap(false, true) {
			_ = d.store.Close()
		}
		return nil
	})
	s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
		if strings.Contains(r.URL.Path, "/server/quick-connects/") {
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	})
	asked := must(bob.QuickConnects.Ask(t.Context(), d.serverID(), "123456"))(t)
	eventually(t, "it was approved", struck.Load)
	d.halt()
	s.Up()
	d.open()
	d.run()
	eventually(t, "the end of it", func() bool {
		asked = must(bob.QuickConnects.Get(t.Context(), asked.ID))(t)
		return asked.Status != "asked"
	}, d.log)
	if known := must(bob.QuickConnects.Devices(t.Context()))(t); asked.Status != "done" || len(known) != 1 || known[0].DeviceID != "tv" {
		t.Errorf("got %+v and the devices %+v, want the television known", asked, known)
	}
}

// The person signs out everywhere while the media server approves the code: the device is
// signed out again.
func TestQuickDeviceOfAnOldCodeEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.linked(bob, "bob", "u1")
	d.fake.showsCode()
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "ApproveCode") {
			return bob.Sessions.EndAll(t.Context())
		}
		return nil
	})
	must(bob.QuickConnects.Ask(t.Context(), d.serverID(), "123456"))(t)
	d.meets("ApproveCode", 1)
	eventually(t, "the television is signed out again", func() bool { return !d.fake.signedIn("u1") && d.fake.begun("EndDevice") > 0 }, d.log)
}

package agent_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// TestGuestIsCreatedOnceDespiteCrash ends the program at each step of creating a
// guest, or loses an answer. Finally there must be one restricted local user, and
// the service must know them.
func TestGuestIsCreatedOnceDespiteCrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, after string // the call before or after which the program ends
		lose          bool   // only the answer is lost
	}{
		"before":         {before: "CreateGuest"},
		"half made":      {after: "CreateGuest"},
		"not restricted": {before: "Policy"},
		"restricted":     {after: "Policy"},
		"answer lost":    {after: "Policy", lose: true},
		"policy refused": {before: "Policy", lose: true},
		"refused":        {before: "CreateGuest", lose: true},
		"list":           {before: "LocalUsers", lose: true},
		"before report":  {},
		"look for lists": {after: "LocalUsers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d := newDeployment(t, s).started()
			bob := s.Join(t, "bob")
			var crashed atomic.Bool
			var armed atomic.Bool
			act := func(at string) func(string) error {
				return func(call string) error {
					if at == "" || !armed.Load() || !strings.HasPrefix(call, at) || !crashed.CompareAndSwap(false, true) {
						return nil
					}
					d.fake.set(func() { // somebody with such a name, whom an admin creates at the same moment
						d.fake.users = append(d.fake.users, mediaserver.LocalUser{ID: "u9", Name: "BOB 9", Hidden: true})
					})
					if !test.lose {
						_ = d.store.Close()
					}
					return errDown
				}
			}
			d.fake.hook(act(test.before), act(test.after))
			if test.before+test.after == "" {
				s.Intercept(func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
					if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/links") && crashed.CompareAndSwap(false, true) {
						_ = d.store.Close()
						panic(http.ErrAbortHandler)
					}
					inner.ServeHTTP(w, r)
				})
			}
			server := d.serverID() // read first, because the file may be closed at any moment from now
			armed.Store(true)
			invited := must(d.ann.Invites.Create(t.Context(), client.NewInvite{
				To: "bob", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: server, Libraries: []string{"l1"}}},
			}))(t)
			noError(t, bob.Invites.Accept(t.Context(), invited.ID))
			eventually(t, "the crash", crashed.Load)
			if !test.lose {
				d.restart()
			}
			guest := d.guestOf("bob")
			eventually(t, "it can be used", func() bool { _, err := d.exchange(d.key(bob)); return err == nil })
			if got := d.fake.named("bob"); len(got) != 1 || got[0].ID != guest.LocalUserID || got[0].Disabled {
				t.Errorf("local users named bob: %+v, want one enabled %s", got, guest.LocalUserID)
			}
			if diff := cmp.Diff(mediaserver.Restriction{Libraries: []string{"l1"}}, d.fake.limit(guest.LocalUserID)); diff != "" {
				t.Errorf("restriction (-want +got):\n%s", diff)
			}
			eventually(t, "the service knows", func() bool {
				list := must(d.asServer().Links(t.Context()))(t)
				return len(list) == 1 && list[0].LocalUser != nil && list[0].LocalUser.ID == guest.LocalUserID
			})
		})
	}
}

// TestGuestOfRemovedLinkIsFoundAfterCrash removes the link while the program does not run,
// after the guest was created but before the guest was written down. The guest must be
// found and disabled.
func TestGuestOfRemovedLinkIsFoundAfterCrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.fake.set(func() { // a local user who existed before
		d.fake.users = slices.Insert(d.fake.users, 0, mediaserver.LocalUser{ID: "u6", Name: "bob", Hidden: true})
	})
	var crashed atomic.Bool
	d.fake.hook(nil, func(call string) error {
		if strings.HasPrefix(call, "CreateGuest") && crashed.CompareAndSwap(false, true) {
			_ = d.store.Close()
		}
		return nil
	})
	d.invite(bob, "bob")
	eventually(t, "the crash", crashed.Load)
	d.halt()
	links := must(bob.Links.List(t.Context(), client.Accepted))(t)
	noError(t, bob.Links.Remove(t.Context(), links[0].ID))
	d.fake.set(func() { // local users with such names that an admin has created meanwhile
		d.fake.users = slices.Insert(d.fake.users, 0, mediaserver.LocalUser{ID: "u7", Name: "bobby", Hidden: true}, mediaserver.LocalUser{ID: "u8", Name: "bob 3"})
	})
	d.open()
	d.run()
	eventually(t, "disabled", func() bool { return slices.Contains(d.fake.asked(), "Disable g1") })
	for _, u := range d.fake.named("bob") {
		if u.Disabled != (u.ID == "g1") {
			t.Errorf("local user %+v, want g1 alone to be disabled", u)
		}
	}
}

// TestGuestIsRefusedUntilRestricted checks that a guest who was found again after a crash
// is refused until the guest is restricted.
func TestGuestIsRefusedUntilRestricted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob := s.Join(t, "bob")
	d.fake.hook(func(call string) error {
		if strings.HasPrefix(call, "Restrict") {
			return errDown
		}
		return nil
	}, func(call string) error {
		if strings.HasPrefix(call, "CreateGuest") {
			return errDown
		}
		return nil
	})
	d.invite(bob, "bob", func(in *client.NewInvite) { in.Servers[0].Libraries = []string{} })
	guest := d.guestOf("bob")
	_, err := d.exchange(d.key(bob))
	isError(t, err, agent.ErrNotYet)
	d.fake.hook(nil, nil)
	eventually(t, "restricted", func() bool { _, err := d.exchange(d.key(bob)); return err == nil })
	if d.fake.limit(guest.LocalUserID).AllLibraries || d.fake.count("Restrict") == 0 {
		t.Errorf("restriction %+v, want no libraries, applied by Restrict", d.fake.limit(guest.LocalUserID))
	}
}

// TestLinkAskedForByMistakeIsEnded makes the agent ask for a link with a username that
// belongs to another account by now. That link must be ended again.
func TestLinkAskedForByMistakeIsEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := newDeployment(t, s).started()
	bob, cat := s.Join(t, "bob"), s.Join(t, "cat")
	s.Intercept(changesOf(func(list map[string]any) {
		for _, one := range list["changes"].([]any) {
			if link, ok := one.(map[string]any)["link"].(map[string]any); ok {
				link["username"] = "cat"
			}
		}
	}))
	d.invite(bob, "bob")
	eventually(t, "one line", func() bool { return d.log.Count("asked for by mistake is ended again") == 1 })
	eventually(t, "cat has no link", func() bool { return len(must(cat.Links.List(t.Context(), ""))(t)) == 0 })
	d.never("it is asked again", func() bool { return d.log.Count("asked for by mistake is ended again") > 1 })
}

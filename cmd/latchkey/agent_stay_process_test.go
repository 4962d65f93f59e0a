package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// TestAgentIsKilledDuringAPause pauses a guest beside Jellyfin. The agent is killed after the media server has switched
// the local user off, and again after it has switched the local user on, at the end of the pause while the service is away.
// The state is right after each start, and nothing of it is taken for the work of an administrator.
func TestAgentIsKilledDuringAPause(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			jellyfin := jellyfintest.New(t, version)
			jellyfin.AddFilm("Films", "Quayside Nine", "G")
			clock := filepath.Join(t.TempDir(), "ahead")
			setClock(t, clock, 0)
			w := &town{t: t, data: t.TempDir(), address: "127.0.0.1:0", environment: []string{clockFile + "=" + clock}}
			w.open()
			owner, rosa := w.signUp("anna"), w.signUp("rosa")
			h := buildBesideJellyfin(owner, jellyfin, "")
			h.agent.stop()
			h.environment, h.flags = w.environment, []string{"--listen=" + h.agent.address}
			h.start()
			server, _ := owner.owns("root")
			owner.invites(rosa, server, "")
			tv, guest := rosa.watch("television-1"), ""
			within(t, patience, "the guest is let in", func() bool {
				status, localUser, _ := tv.exchange(h.connect)
				guest = localUser
				return status == http.StatusOK
			})
			given := policyOf(t, jellyfin, guest)
			link := owner.linkOf(rosa, server)
			// killed kills the agent after the media server has changed the guest, and starts it again.
			killed := func(what string, begin func()) {
				t.Helper()
				half := make(chan struct{})
				jellyfin.BreakAfter("UpdateUserPolicy", 1, func(w http.ResponseWriter, r *http.Request) {
					close(half)
					jellyfintest.Slow(w, r)
				})
				begin()
				waittest.Receive(t, half, what)
				h.agent.kill()
				h.start()
			}
			disabled := func() bool { user, _ := jellyfin.User(guest); return user.Disabled }
			told := func(off bool) func() bool { // the service has a report of the local user
				return func() bool {
					users, err := owner.People.LocalUsers(t.Context(), server)
					w.done(err)
					return slices.ContainsFunc(users, func(one client.LocalUser) bool { return one.ExternalID == guest && one.Disabled == off })
				}
			}

			killed("the guest is switched off", func() {
				w.done(owner.People.Pause(t.Context(), server, link, time.Now().Add(2*time.Hour)))
			})
			within(t, patience, "the guest is out", func() bool { return disabled() && len(jellyfin.Tokens(guest)) == 0 })
			if _, text := tv.refusal(h.connect); !strings.Contains(text, "is paused until") {
				t.Errorf("the television reads %q, want that the access is paused, and until when", text)
			}
			listed := func(want int) {
				t.Helper()
				list, err := rosa.Servers.List(t.Context())
				w.done(err)
				if old := rosa.watch("television-2").servers; len(list.Servers) != want || len(old) != want {
					t.Errorf("apps are told of %d servers, and apps for Emby Connect of %d; want %d", len(list.Servers), len(old), want)
				}
			}
			listed(0)
			within(t, patience, "it is reported", told(true))
			owner.nothingByHand(server, link)

			w.service.stop()
			killed("the guest is switched on", func() { setClock(t, clock, 3*time.Hour) })
			within(t, patience, "the guest is in", func() bool { status, _, _ := tv.exchange(h.connect); return status == http.StatusOK && !disabled() })
			if diff := cmp.Diff(given, policyOf(t, jellyfin, guest)); diff != "" {
				t.Errorf("the policy is another one after the pause (-before +after):\n%s", diff)
			}
			w.open()
			listed(1)
			within(t, patience, "that is reported", told(false))
			owner.nothingByHand(server, link)
		})
	}
}

// linkOf returns the id of the link of a person.
func (r *resident) linkOf(whom *resident, server client.ID) client.ID {
	r.w.t.Helper()
	for person, err := range r.People.List(r.w.t.Context(), server) {
		r.w.done(err)
		if person.Username == whom.name {
			return person.ID
		}
	}
	r.w.t.Fatalf("%s has no link, want one", whom.name)
	return ""
}

// nothingByHand fails the test if the owner reads that an administrator has changed the guest of a link.
func (r *resident) nothingByHand(server, link client.ID) {
	r.w.t.Helper()
	stay, err := r.People.Stay(r.w.t.Context(), server, link)
	r.w.done(err)
	if len(stay.Hand) > 0 {
		r.w.t.Errorf("the owner reads that an administrator has changed %q, want nothing", stay.Hand)
	}
}

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// newcomer is a person who comes by the link of an invite.
type newcomer struct {
	name, secret, address string
	invite                client.ID
	token                 string // "" unless the service has answered
}

// from sends requests with the IP address of a newcomer, as a proxy forwards it, because sign-ups
// are limited by address.
type from struct {
	address string
	through *http.Transport
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.address)
	return f.through.RoundTrip(r)
}

// client returns a client with an address of its own.
func (n *newcomer) client(w *town) *client.Client {
	w.t.Helper()
	c, err := client.New(w.url(), client.WithHTTPClient(&http.Client{Transport: from{n.address, &http.Transport{DisableKeepAlives: true}}}))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// come accepts the invite with a new account, in one request.
func (n *newcomer) come(w *town) error {
	in, err := n.client(w).Invites.SignUp(w.t.Context(), client.InvitedSignUp{
		Invite: n.secret, Username: n.name, Email: emailOf(n.name), Password: goodPassword, DeviceName: "browser",
	})
	if err == nil {
		n.token = in.Token
	}
	return err
}

// TestFaultKillWhileInvitesAreAccepted kills the service while people come by links, and the agent
// while it makes a guest's local user. An invite is spent if and only if the account of its person
// exists, and each person has one local user.
func TestFaultKillWhileInvitesAreAccepted(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "10.11")
	w := newTown(t, "--trusted-proxies=127.0.0.1")
	owner := w.signUp("anna")
	h := buildBesideJellyfin(owner, jellyfin, "")
	server, _ := owner.owns()
	before := len(jellyfin.Users())
	var all []*newcomer
	rounds := either(3, 20)
	for round := range rounds {
		var these []*newcomer
		for i := range 4 {
			made, err := owner.Invites.Create(t.Context(), client.NewInvite{Link: true, Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: server}}})
			if err != nil {
				t.Fatal(err)
			}
			these = append(these, &newcomer{name: fmt.Sprintf("guest-%d-%d", round, i), secret: made.Link.Secret, invite: made.ID, address: fmt.Sprintf("10.%d.%d.1", round, i)})
		}
		all = append(all, these...)
		reached := make(chan struct{})
		var once sync.Once
		jellyfin.BreakAfter("CreateUserByName", 1, func(w http.ResponseWriter, r *http.Request) {
			once.Do(func() { close(reached) })
			jellyfintest.Slow(w, r)
		})
		come(w, these, rand.IntN(len(these)+1))
		for _, one := range these {
			one.isWhole(t, w, owner)
		}
		waittest.Receive(t, reached, "the agent makes a local user")
		h.agent.kill()
		jellyfin.Mend()
		h.agent = startAgent(t, h.folder)
	}
	within(t, patience, "everybody has a local user", func() bool {
		enabled := 0
		for _, name := range jellyfin.Users() {
			if user, ok := jellyfin.User(name); ok && !user.Disabled {
				enabled++
			}
		}
		return enabled == before+len(all) && len(peopleOf(t, owner, server)) == len(all)
	})
	for _, one := range all {
		if !strings.Contains(strings.Join(jellyfin.Users(), "\n"), one.name) {
			t.Errorf("%s has no local user, want one", one.name)
		}
	}
	faulttest.Report(t, "F-18", "kills of service and agent while invites are accepted", "sqlite", faulttest.Count{Tried: 2 * rounds, Survived: 2 * rounds})
	h.agent.stop()
}

// come lets people come at the same time, and kills the service when some of them have got an
// answer.
func come(w *town, people []*newcomer, some int) {
	w.t.Helper()
	var clients sync.WaitGroup
	in := make(chan struct{}, len(people))
	for _, one := range people {
		clients.Go(func() {
			_ = one.come(w) // the service is killed meanwhile
			in <- struct{}{}
		})
	}
	for range some {
		waittest.Receive(w.t, in, "somebody is answered")
	}
	w.service.kill()
	clients.Wait()
	w.open()
}

// isWhole checks that an invite is spent if and only if the account of its person exists. If the
// account does not exist, isWhole lets the person come again.
func (n *newcomer) isWhole(t *testing.T, w *town, owner *resident) {
	t.Helper()
	used := 0
	for one, err := range owner.Invites.Sent(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if one.ID == n.invite {
			used = one.Used
		}
	}
	signed, err := n.client(w).Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: n.name, Password: goodPassword, DeviceName: "browser"})
	if there := err == nil; there != (used == 1) || n.token != "" && !there {
		t.Errorf("%s: the account is there: %v, the invite was used %d times, and the person was told that they are in: %v", n.name, there, used, n.token != "")
	}
	if err != nil {
		if err := n.come(w); err != nil {
			t.Errorf("%s comes again: %v, want no error", n.name, err)
		}
		return
	}
	if links, err := w.nobody.As(signed.Token).Links.List(t.Context(), client.Accepted); err != nil || len(links) != 1 {
		t.Errorf("%s has %d links, error %v; want one", n.name, len(links), err)
	}
	if err := n.come(w); !errors.Is(err, client.ErrInviteUsed) {
		t.Errorf("%s comes again: %v, want %v", n.name, err, client.ErrInviteUsed)
	}
}

// peopleOf returns the usernames of the people of a server.
func peopleOf(t *testing.T, owner *resident, server client.ID) (names []string) {
	t.Helper()
	for one, err := range owner.People.List(t.Context(), server) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, one.Username)
	}
	return names
}

package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/client"
)

// friends are three owners with a server each: beside Jellyfin 10.11, beside Jellyfin 12, and the builtin one.
type friends struct {
	w      *town
	owners []*resident
	houses []*house
	ids    []client.ID
	circle client.ID
}

// makeFriends puts the servers of three owners into a circle.
func makeFriends(t *testing.T) *friends {
	t.Helper()
	f := &friends{w: newTown(t)}
	for _, name := range []string{"anna", "bert", "cora"} {
		f.owners = append(f.owners, f.w.signUp(name))
	}
	f.houses = []*house{
		buildBesideJellyfin(f.owners[0], jellyfintest.New(t, "10.11"), ""), buildBesideJellyfin(f.owners[1], jellyfintest.New(t, "12"), ""),
		buildHouse(f.owners[2], "Milo"),
	}
	for i, first := range []string{"root", "root", "Milo"} {
		server, _ := f.owners[i].owns(first)
		f.ids = append(f.ids, server)
	}
	ctx := t.Context()
	made, err := f.owners[0].Circles.Make(ctx, "Friends", f.ids[0], client.NewCircleTerms{People: 10})
	f.w.done(err)
	f.circle = made.ID
	for i, owner := range f.owners[1:] {
		f.w.done(f.owners[0].Circles.Ask(ctx, f.circle, owner.name))
		f.w.done(owner.Circles.Join(ctx, f.circle, f.ids[i+1], client.NewCircleTerms{People: 10}))
	}
	return f
}

// brings lets a person accept one link of an owner.
func (f *friends) brings(t *testing.T, owner, person *resident) {
	t.Helper()
	invite, err := owner.Circles.Invite(t.Context(), f.circle, client.NewCircleInvite{Link: true, Greeting: person.name})
	f.w.done(err)
	if invite.Circle == nil || len(invite.Circle.Servers) != 3 || invite.Circle.Servers[1].Owner != "bert" {
		t.Fatalf("the invite is to %+v, want three servers with their owners", invite.Circle)
	}
	_, secret, _ := strings.Cut(invite.Link.URL, "#")
	f.w.done(person.Invites.AcceptLink(t.Context(), secret))
}

// getsIn waits until a person gets in at a house, and returns the local token.
func (f *friends) getsIn(t *testing.T, person *resident, at int) (token string) {
	t.Helper()
	within(t, patience, person.name+" gets in", func() bool {
		list, err := person.Servers.List(t.Context())
		f.w.done(err)
		for _, one := range list.Servers {
			if one.ID == f.ids[at] {
				tv := &television{t: t, w: f.w, id: "tv-" + person.name, accountID: person.id, servers: []wireServer{{AccessKey: one.AccessKey}}}
				_, _, token = tv.exchange(f.houses[at].connect)
			}
		}
		return token != ""
	})
	return token
}

// guests waits until a person has or has no guest at each house.
func (f *friends) guests(t *testing.T, name string, want ...bool) {
	t.Helper()
	for i, h := range f.houses {
		within(t, patience, name+" is a guest or not", func() bool {
			said := h.users()
			return want[i] == (lineWith(said, name, "guest") && !lineWith(said, name, "disabled"))
		})
	}
}

// One link gives a person a guest at three servers of three owners. One owner refuses another person at home, one
// leaves, and one tries to act at the servers of the others: nobody else notices anything.
func TestCircleOfThreeAgents(t *testing.T) {
	t.Parallel()
	f := makeFriends(t)
	ctx := t.Context()
	anna, bert, cora := f.owners[0], f.owners[1], f.owners[2]
	rosa, nico := f.w.signUp("rosa"), f.w.signUp("nico")
	f.brings(t, anna, rosa)
	f.guests(t, "rosa", true, true, true)
	token := f.getsIn(t, rosa, 0)
	f.getsIn(t, rosa, 1)
	f.getsIn(t, rosa, 2)
	f.brings(t, bert, nico)
	f.guests(t, "nico", true, true, true)

	ids := map[string]client.ID{}
	for person, err := range cora.Circles.People(ctx, f.circle) {
		f.w.done(err)
		ids[person.Username] = person.AccountID
		if person.Username == "nico" && person.InvitedBy != "bert" {
			t.Errorf("cora sees that nico came through %q, want bert", person.InvitedBy)
		}
	}
	// cora lies: everything at the servers of the others is refused.
	for what, err := range map[string]error{
		"terms":  cora.Circles.SetTerms(ctx, f.circle, f.ids[0], client.NewCircleTerms{People: 500}),
		"out":    cora.Circles.TakeOut(ctx, f.circle, f.ids[0]),
		"refuse": cora.Circles.Refuse(ctx, f.circle, f.ids[1], ids["rosa"]),
		"admit":  cora.Circles.Admit(ctx, f.circle, f.ids[1], ids["rosa"]),
		"remove": cora.Circles.Dissolve(ctx, f.circle),
	} {
		if !errors.Is(err, client.ErrNotFound) && !errors.Is(err, client.ErrCircleOthers) {
			t.Errorf("cora tries %s: got %v, want a refusal", what, err)
		}
	}
	f.w.done(bert.Circles.Refuse(ctx, f.circle, f.ids[1], ids["rosa"]))
	f.guests(t, "rosa", true, false, true)
	f.guests(t, "nico", true, true, true)
	if _, err := rosa.Circles.Take(ctx, f.circle, f.ids[1]); !errors.Is(err, client.ErrCircleShut) {
		t.Errorf("rosa knocks at bert's again: got %v, want a shut door", err)
	}
	f.w.done(cora.Circles.TakeOut(ctx, f.circle, f.ids[2]))
	f.guests(t, "rosa", true, false, false)
	f.guests(t, "nico", true, true, false)
	if status := info(t, f.houses[0].local, token); status != http.StatusOK {
		t.Errorf("System/Info at anna's: %d, want %d", status, http.StatusOK)
	}
}

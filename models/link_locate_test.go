package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// tagged returns the list of servers of a session's account, and its tag, or a text of the
// list if it has no tag. It fails unless the statement that reads the tag alone agrees.
func (k *kit) tagged(in models.SignedIn) ([]models.Located, string) {
	k.t.Helper()
	found, tag, err := k.Links.LocateTagged(k.t.Context(), in.Session)
	k.must(err)
	this, alone, err := k.Sessions.LookTag(k.t.Context(), in.Token)
	k.must(err)
	if this.ID != in.Session.ID || this.AccountID != in.Session.AccountID || alone != tag && len(found) > 0 {
		k.t.Errorf("got the tag %q of session %d alone, want %q of %d as with the list", alone, this.ID, tag, in.Session.ID)
	}
	if tag == "" {
		tag = fmt.Sprint(found)
	}
	return found, tag
}

// tagStep is something that happens while a person has a list of servers.
type tagStep struct {
	name    string
	changes bool // whether the step changes the list
	do      func() error
}

// Each change of anything that a list of servers shows changes its tag, so that no device
// keeps an old list; and nothing else does, so that no device fetches the same list again.
func TestTagOfServersChangesWithTheList(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, person := k.account(), k.account()
		in := k.signIn(person)
		m := k.server(owner)
		list, tag := k.tagged(in)
		for _, step := range slices.Concat(k.linkSteps(in, m), k.addressSteps(owner, m), k.serverSteps(owner, in, m)) {
			k.must(step.do())
			k.clock.Advance(time.Millisecond)
			nowList, now := k.tagged(in)
			if same := cmp.Equal(list, nowList); same == step.changes || (now == tag) != same {
				k.t.Errorf("%s: the list is the same: %t, the tag: %t; want %t for both", step.name, same, now == tag, !step.changes)
			}
			list, tag = nowList, now
		}
	})
}

// linkSteps returns the steps of links with the server m.
func (k *kit) linkSteps(in models.SignedIn, m media) []tagStep {
	ctx, id := k.t.Context(), in.Session.AccountID
	ask := func(key string) error {
		_, err := k.EmbyServers.Ask(ctx, m.Server, models.AskLink{AccountID: id, AccessKey: key, RequestedBy: "boss"})
		return err
	}
	return []tagStep{
		{"a link is asked for", false, func() error { return ask(serversKey) }},
		{"it is accepted", true, func() error { return k.Invites.AcceptServer(ctx, id, m.ID, home) }},
		{"the server sends another access key", true, func() error { return ask(strings.Repeat("0a", 16)) }},
		{"another person has a link", false, func() error { k.link(m, k.account()); return nil }},
		{"all access keys are replaced", true, func() error { return k.Sessions.EndOthers(ctx, in.Session, home) }},
	}
}

// addressSteps returns the steps of the addresses of the server m.
func (k *kit) addressSteps(owner models.Account, m media) []tagStep {
	ctx, far := k.t.Context(), "https://far.example.org:443"
	id := func() int64 { return k.addressID(owner, m, far) }
	return []tagStep{
		{"an address is added", true, func() error { return k.addAddress(owner, m, far) }},
		{"it moves up", true, func() error { return k.Addresses.Move(ctx, owner.ID, m.ID, id(), true) }},
		{"it is hidden", true, func() error { return k.Addresses.Hide(ctx, owner.ID, m.ID, id(), true) }},
		{"it moves while it is hidden", false, func() error { return k.Addresses.Move(ctx, owner.ID, m.ID, id(), true) }},
		{"it is shown again", true, func() error { return k.Addresses.Hide(ctx, owner.ID, m.ID, id(), false) }},
		{"it is removed", true, func() error { return k.Addresses.Remove(ctx, owner.ID, m.ID, id()) }},
		{"an address has a path", true, func() error { return k.addAddress(owner, m, "https://far.example.org/media") }},
	}
}

// serverSteps returns the steps of the server m itself, up to its end.
func (k *kit) serverSteps(owner models.Account, in models.SignedIn, m media) []tagStep {
	ctx := k.t.Context()
	update := func(change func(in *models.Registration)) func() error {
		return func() error {
			_, err := k.Registrations.Update(ctx, m.Server, changed(den, change))
			return err
		}
	}
	name := func(name string) func() error {
		return func() error { return k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{OwnName: &name}) }
	}
	return []tagStep{
		{"it says the same", false, update(func(*models.Registration) {})},
		{"it has another version", true, update(func(in *models.Registration) { in.Version = "Emby Server 4" })},
		{"it has another system id", true, update(func(in *models.Registration) { in.SystemID = "other" })},
		{"it has another name", true, update(func(in *models.Registration) { in.Name = "den" })},
		{"it has another address", true, update(func(in *models.Registration) { in.WAN = []string{"http://new.example.test:8096"} })},
		{"its owner names it", true, name("Attic")},
		{"the name has other letters", true, name("attic")},
		{"the name stays", false, name("attic")},
		{"it is used", false, func() error { k.clock.Advance(time.Hour); return k.Agents.Touch(ctx, k.again(m).Server) }},
		{"the person has another name", false, func() error {
			return k.Accounts.SetProfile(ctx, in.Session.AccountID, models.Profile{Username: newName(), Locale: "de"}, home)
		}},
		{"it is disabled", true, func() error { return k.OperatedServers.Disable(ctx, models.CommandLine, m.ID) }},
		{"it is enabled", true, func() error { return k.OperatedServers.Enable(ctx, models.CommandLine, m.ID) }},
		{"it is removed", true, func() error { return k.OperatedServers.Remove(ctx, models.CommandLine, m.ID) }},
	}
}

// changed returns a copy of in after the function change has changed it.
func changed(in models.Registration, change func(in *models.Registration)) models.Registration {
	change(&in)
	return in
}

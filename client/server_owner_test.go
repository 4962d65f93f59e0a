package client_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

func TestSiteServers(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	if got := must(agent.Get(ctx))(t); got.ID != id || got.Owner != "ann" || got.SystemID != "5ed" || len(got.Addresses) != 1 {
		t.Errorf("%+v", got)
	}
	_, err := s.client(t).As("lkv_x").Agent.Get(ctx)
	is(t, err, client.ErrServerKeyWrong)
	if owned := must(ann.Servers.Owned(ctx))(t); len(owned) != 1 || owned[0].ID != id || owned[0].Kind != "agent" {
		t.Errorf("%+v", owned)
	}
	if got := must(ann.Servers.Change(ctx, id, client.ServerChange{Name: new("Our den"), SelfService: new(true)}))(t); got.Name != "Our den" ||
		!got.SelfService || len(got.Libraries) != 2 || len(got.Addresses) != 1 {
		t.Errorf("%+v", got)
	}
	_, err = bob.Servers.Get(ctx, id)
	is(t, err, client.ErrNotFound)
	added := must(ann.Servers.AddAddress(ctx, id, "https://den.example.org"))(t)
	well(t, ann.Servers.ChangeAddress(ctx, id, added.ID, client.AddressChange{Hidden: new(true)}))
	well(t, ann.Servers.RemoveAddress(ctx, id, added.ID))
	is(t, ann.Servers.RemoveAddress(ctx, id, added.ID), client.ErrNotFound)

	asked := must(agent.AskForLink(ctx, client.AskLink{To: "bob", LocalUser: "u1", Type: client.Linked}))(t)
	if asked.Status != client.Pending || asked.LocalUser == nil || asked.LocalUser.ID != "u1" {
		t.Errorf("%+v", asked)
	}
	links := must(bob.Links.List(ctx, client.Pending))(t)
	if len(links) != 1 || links[0].ID != asked.ID || links[0].Server.Name != "Our den" {
		t.Fatalf("%+v", links)
	}
	well(t, bob.Links.Accept(ctx, asked.ID))
	list := must(bob.Servers.List(ctx))(t)
	if len(list.Servers) != 1 || list.Servers[0].Addresses[0].URL != "http://192.168.1.2:8096" {
		t.Fatalf("%+v", list)
	}
	if _, changed, err := bob.Servers.ListIfChanged(ctx, list.Tag); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	key := list.Servers[0].AccessKey
	link := must(agent.Exchange(ctx, key, ""))(t)
	if sum := sha256.Sum256([]byte(key)); link.ID != asked.ID || link.Username != "bob" || link.AccessKeySHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", link)
	}
	_, err = agent.Exchange(ctx, key+"0", "")
	is(t, err, client.ErrAccessKeyWrong)
	if all := must(agent.Links(ctx))(t); len(all) != 1 || all[0].ID != link.ID {
		t.Errorf("%+v", all)
	}

	well(t, ann.People.Change(ctx, id, link.ID, client.PersonChange{Libraries: &[]string{"l2"}, EndsAt: new(s.clock.Now().Add(time.Hour))}))
	for person, err := range ann.People.List(ctx, id) {
		well(t, err)
		if person.Username != "bob" || len(person.Libraries) != 1 || person.Libraries[0].Name != "Music" || person.EndsAt.IsZero() {
			t.Errorf("%+v", person)
		}
	}
	well(t, ann.People.Change(ctx, id, link.ID, client.PersonChange{Libraries: new([]string), EndsAt: new(time.Time)}))
	if page := must(ann.People.ListPage(ctx, id, client.PageAsk{}))(t); len(page.Items) != 1 || page.Items[0].Libraries != nil || !page.Items[0].EndsAt.IsZero() {
		t.Errorf("%+v", page)
	}

	// Removed by the person, told to the agent, which waits for it.
	before := must(agent.Changes(ctx, 0, 0))(t)
	well(t, agent.Acknowledge(ctx, before.Last))
	told := make(chan client.ChangeList)
	go func() {
		defer close(told)
		if list, err := agent.Changes(ctx, before.Last, 20*time.Second); err == nil {
			told <- list
		}
	}()
	well(t, bob.Links.Remove(ctx, link.ID))
	if after := <-told; len(after.Changes) == 0 || after.Changes[0].LinkID != link.ID || after.Changes[0].Link != nil {
		t.Errorf("%+v", after)
	}
	rotated := must(agent.RotateKey(ctx))(t)
	if got := must(s.client(t).As(rotated.Key).Agent.Get(ctx))(t); got.ID != id || !got.KeyExpiresAt.IsZero() {
		t.Errorf("%+v", got)
	}
	well(t, ann.Servers.HandOver(ctx, id, "bob"))
	well(t, bob.Servers.Remove(ctx, id))
	_, err = agent.Get(ctx)
	is(t, err, client.ErrServerKeyWrong)
}

package client_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteServers(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	agent, id := den.Agent, den.ID
	if got := must(agent.Get(ctx))(t); got.ID != id || got.Owner != "ann" || got.SystemID != "5ed" || len(got.Addresses) != 1 {
		t.Errorf("the agent sees the server %+v, want %s of ann with one address", got, id)
	}
	_, err := s.NewClient(t).As("lkv_x").Agent.Get(ctx)
	isError(t, err, client.ErrServerKeyWrong)
	if owned := must(ann.Servers.Owned(ctx))(t); len(owned) != 1 || owned[0].ID != id || owned[0].Kind != "agent" {
		t.Errorf("owned servers %+v, want %s alone, of kind agent", owned, id)
	}
	if got := must(ann.Servers.Change(ctx, id, client.ServerChange{Name: new("Our den"), SelfService: new(true), StartNote: new("Ask me.")}))(t); got.Name != "Our den" ||
		!got.SelfService || got.StartNote != "Ask me." || len(got.Libraries) != 2 || len(got.Addresses) != 1 {
		t.Errorf("changed server %+v, want Our den with self-service, two libraries and one address", got)
	}
	_, err = bob.Servers.Get(ctx, id)
	isError(t, err, client.ErrNotFound)
	added := must(ann.Servers.AddAddress(ctx, id, "https://den.example.org"))(t)
	noError(t, ann.Servers.ChangeAddress(ctx, id, added.ID, client.AddressChange{Hidden: new(true)}))
	noError(t, ann.Servers.RemoveAddress(ctx, id, added.ID))
	isError(t, ann.Servers.RemoveAddress(ctx, id, added.ID), client.ErrNotFound)

	asked := must(agent.AskForLink(ctx, client.AskLink{To: "bob", LocalUser: "u1", Type: client.Linked}))(t)
	if asked.Status != client.Pending || asked.LocalUser == nil || asked.LocalUser.ID != "u1" {
		t.Errorf("asked for the link %+v, want a pending one with u1", asked)
	}
	links := must(bob.Links.List(ctx, client.Pending))(t)
	if len(links) != 1 || links[0].ID != asked.ID || links[0].Server.Name != "Our den" {
		t.Fatalf("pending links %+v, want %s to Our den", links, asked.ID)
	}
	noError(t, bob.Links.Accept(ctx, asked.ID))
	list := must(bob.Servers.List(ctx))(t)
	if len(list.Servers) != 1 || list.Servers[0].Addresses[0].URL != "http://192.168.1.2:8096" {
		t.Fatalf("servers %+v, want one at http://192.168.1.2:8096", list)
	}
	if _, changed, err := bob.Servers.ListIfChanged(ctx, list.Tag); changed || err != nil {
		t.Errorf("changed %t with error %v, want an unchanged list and no error", changed, err)
	}
	key := list.Servers[0].AccessKey
	link := must(agent.Exchange(ctx, key, "", ""))(t)
	if sum := sha256.Sum256([]byte(key)); link.ID != asked.ID || link.Username != "bob" || link.AccessKeySHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("exchanged for the link %+v, want %s of bob with the hash of the access key", link, asked.ID)
	}
	_, err = agent.Exchange(ctx, key+"0", "", "")
	isError(t, err, client.ErrAccessKeyWrong)
	if all := must(agent.Links(ctx))(t); len(all) != 1 || all[0].ID != link.ID {
		t.Errorf("links of the server %+v, want %s alone", all, link.ID)
	}

	noError(t, ann.People.Change(ctx, id, link.ID, client.PersonChange{Libraries: &[]string{"l2"}, EndsAt: new(s.Clock.Now().Add(time.Hour))}))
	for person, err := range ann.People.List(ctx, id) {
		noError(t, err)
		if person.Username != "bob" || len(person.Libraries) != 1 || person.Libraries[0].Name != "Music" || person.EndsAt.IsZero() {
			t.Errorf("person %+v, want bob with the library Music and an end", person)
		}
	}
	noError(t, ann.People.Change(ctx, id, link.ID, client.PersonChange{Libraries: new([]string), EndsAt: new(time.Time)}))
	if page := must(ann.People.ListPage(ctx, id, client.PageAsk{}))(t); len(page.Items) != 1 || page.Items[0].Libraries != nil || !page.Items[0].EndsAt.IsZero() {
		t.Errorf("people %+v, want bob with all libraries and without an end", page)
	}

	// The person removes the link. The agent, which waits for changes, gets that change.
	before := must(agent.Changes(ctx, 0, 0))(t)
	noError(t, agent.Acknowledge(ctx, before.Last, nil))
	told := make(chan client.ChangeList)
	go func() {
		defer close(told)
		if list, err := agent.Changes(ctx, before.Last, 20*time.Second); err == nil {
			told <- list
		}
	}()
	noError(t, bob.Links.Remove(ctx, link.ID))
	if after := <-told; len(after.Changes) == 0 || after.Changes[0].LinkID != link.ID || after.Changes[0].Link != nil {
		t.Errorf("changes %+v, want the removal of %s", after, link.ID)
	}
	rotated := must(agent.RotateKey(ctx, ""))(t)
	if got := must(s.NewClient(t).As(rotated.Key).Agent.Get(ctx))(t); got.ID != id || !got.KeyExpiresAt.IsZero() {
		t.Errorf("server by the rotated key %+v, want %s with a key that does not expire", got, id)
	}
	if keys := must(ann.Servers.Keys(ctx, id))(t); len(keys) != 2 || !keys[0].EndsAt.IsZero() || keys[1].EndsAt.IsZero() || keys[1].FormerOwner {
		t.Errorf("keys %+v, want the rotated key and one that ends", keys)
	}
	noError(t, ann.Servers.EndReplacedKeys(ctx, id))
	_, err = agent.Get(ctx)
	isError(t, err, client.ErrServerKeyWrong)
	stolen := must(ann.Servers.ReplaceStolenKey(ctx, id))(t)
	_, err = s.NewClient(t).As(rotated.Key).Agent.Get(ctx)
	isError(t, err, client.ErrServerKeyWrong)
	noError(t, ann.Servers.HandOver(ctx, id, "bob"))
	if got := must(s.NewClient(t).As(stolen.Key).Agent.Get(ctx))(t); got.Owner != "bob" || !got.KeyHandedOver {
		t.Errorf("server %+v, want bob as its owner, and a key that was handed over", got)
	}
	if keys := must(bob.Servers.Keys(ctx, id))(t); len(keys) != 1 || !keys[0].FormerOwner {
		t.Errorf("keys %+v, want one that the former owner may know", keys)
	}
	noError(t, bob.Servers.Remove(ctx, id))
	_, err = agent.Get(ctx)
	isError(t, err, client.ErrServerKeyWrong)
}

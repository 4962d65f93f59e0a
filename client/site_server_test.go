package client_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
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

func TestSiteInvites(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	users := must(ann.People.LocalUsers(ctx, id))(t)
	if len(users) != 2 || users[0].ExternalID != "u1" || users[0].LinkedTo != "" {
		t.Fatalf("%+v", users)
	}
	in := client.NewInvite{
		To: "bob", Type: client.Linked, Note: "Come in", IdempotencyKey: "bob-0123456789abcdef",
		Servers: []client.NewInviteServer{{ServerID: id, LocalUserID: users[0].ID, Libraries: []string{"l1"}}},
	}
	made := must(ann.Invites.Create(ctx, in))(t)
	if again := must(ann.Invites.Create(ctx, in))(t); again.ID != made.ID {
		t.Errorf("repeated: %+v, not %+v", again, made)
	}
	_, err := ann.Invites.Create(ctx, client.NewInvite{To: "bob", Type: "x", Servers: in.Servers})
	is(t, err, client.ErrInvalid)
	got := must(bob.Invites.Received(ctx))(t)
	if len(got) != 1 || got[0].From != "ann" || got[0].Note != "Come in" || got[0].Servers[0].Name != "Den" {
		t.Fatalf("%+v", got)
	}
	well(t, bob.Invites.Accept(ctx, made.ID))
	is(t, bob.Invites.Accept(ctx, made.ID), client.ErrNotFound)
	links := must(agent.Links(ctx))(t)
	if len(links) != 1 || links[0].LocalUser == nil || links[0].LocalUser.ID != "u1" || len(links[0].Libraries) != 1 || !links[0].Active {
		t.Errorf("%+v", links)
	}
	guest := must(ann.Invites.Create(ctx, client.NewInvite{
		To: "guest@example.org", Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: id}},
	}))(t)
	well(t, ann.Invites.Withdraw(ctx, guest.ID))
	is(t, bob.Invites.Decline(ctx, guest.ID), client.ErrNotFound)
	var sent []string
	for invite, err := range ann.Invites.Sent(ctx) {
		well(t, err)
		sent = append(sent, invite.To+" "+invite.Status)
	}
	if !slices.Equal(sent, []string{"guest@example.org withdrawn", "bob accepted"}) {
		t.Errorf("%q", sent)
	}
}

func TestSiteProofs(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	_, err := bob.Proofs.Get(ctx, id)
	is(t, err, client.ErrNotFound)
	must(ann.Servers.Change(ctx, id, client.ServerChange{SelfService: new(true)}))(t)
	started := must(bob.Proofs.Start(ctx, id))(t)
	open := must(agent.Proofs(ctx))(t)
	if len(open) != 1 || open[0].ID != started.ID || open[0].Username != "bob" {
		t.Fatalf("%+v", open)
	}
	well(t, agent.ProposeProof(ctx, started.ID, "123456", ""))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "shown" || got.Code != "123456" {
		t.Errorf("%+v", got)
	}
	well(t, agent.CompleteProof(ctx, started.ID, "u1"))
	if got := must(bob.Proofs.Get(ctx, id))(t); got.Status != "done" {
		t.Errorf("%+v", got)
	}
	if list := must(bob.Servers.List(ctx))(t); len(list.Servers) != 1 {
		t.Errorf("%+v", list)
	}
	is(t, agent.FailProof(ctx, started.ID, client.ProofDenied), client.ErrNotFound)
}

func TestSiteQuickConnects(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.join(t, "ann"), s.join(t, "bob")
	agent, id := den(t, s, ann)
	made := must(agent.Invite(ctx, client.AskInvite{
		To: "bob", Type: client.Linked, LocalUser: "u1", Libraries: []string{"l1"}, Note: "Hello", EndsAt: s.clock.Now().Add(time.Hour),
	}))(t)
	if made.From != "ann" || len(made.Servers) != 1 || made.Servers[0].LocalUser == nil || made.Servers[0].LocalUser.Name != "Kid" || made.Servers[0].EndsAt.IsZero() {
		t.Errorf("%+v", made)
	}
	_, err := agent.Invite(ctx, client.AskInvite{To: "nobody-here", Type: client.Guest})
	is(t, err, client.ErrInvalid)
	lone := must(ann.Servers.Register(ctx, client.NewServer{Name: "Lone", SystemID: "10e"}))(t)
	_, err = s.client(t).As(lone.Key).Agent.Invite(ctx, client.AskInvite{To: "bob", Type: client.Guest})
	is(t, err, client.ErrServerUnclaimed)
	well(t, bob.Invites.Accept(ctx, made.ID))

	if none := must(bob.QuickConnects.Servers(ctx))(t); len(none) != 0 {
		t.Errorf("%+v", none)
	}
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	is(t, err, client.ErrInvalid)
	report := client.Report{Name: "Den", SystemID: "5ed", LocalUsers: []client.ReportedLocalUser{{ID: "u1", Name: "Kid"}}, QuickConnect: true}
	must(agent.Report(ctx, report))(t)
	if can := must(bob.QuickConnects.Servers(ctx))(t); len(can) != 1 || can[0].ID != id || can[0].Name != "Den" || can[0].LocalUser != "Kid" {
		t.Errorf("%+v", can)
	}
	before := must(agent.Changes(ctx, 0, 0))(t)
	asked := must(bob.QuickConnects.Ask(ctx, id, "123 456"))(t)
	if after := must(agent.Changes(ctx, before.Last, 0))(t); len(after.Changes) != 1 || after.Changes[0].Kind != client.QuickConnectAsked {
		t.Errorf("%+v", after)
	}
	open := must(agent.QuickConnects(ctx))(t)
	if len(open) != 1 || open[0].ID != asked.ID || open[0].Code != "123456" || open[0].LinkID == "" || open[0].AccountID == "" || !open[0].ExpiresAt.Equal(asked.ExpiresAt) {
		t.Fatalf("%+v", open)
	}
	_, err = ann.QuickConnects.Get(ctx, asked.ID)
	is(t, err, client.ErrNotFound)
	well(t, agent.CompleteQuickConnect(ctx, asked.ID))
	is(t, agent.CompleteQuickConnect(ctx, asked.ID), client.ErrNotFound)
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "done" || got.Server != "Den" {
		t.Errorf("%+v", got)
	}
	asked = must(bob.QuickConnects.Ask(ctx, id, "654321"))(t)
	is(t, agent.FailQuickConnect(ctx, asked.ID, client.QuickConnectExpired), client.ErrInvalid)
	well(t, agent.FailQuickConnect(ctx, asked.ID, client.CodeWrong))
	if got := must(bob.QuickConnects.Get(ctx, asked.ID))(t); got.Status != "failed" || got.Reason != client.CodeWrong {
		t.Errorf("%+v", got)
	}
	s.clock.Advance(25 * time.Hour)
	_, err = bob.QuickConnects.Ask(ctx, id, "123456")
	is(t, err, client.ErrConfirmPassword)
}

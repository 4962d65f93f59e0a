package client_test

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

func TestSiteLocalPasswords(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	agent, id := den.Agent, den.ID
	made := must(agent.Invite(ctx, client.AskInvite{To: "bob", Type: client.Guest}))(t)
	noError(t, bob.Invites.Accept(ctx, made.ID))
	_, err := ann.LocalPasswords.Place(ctx, id)
	isError(t, err, client.ErrNotFound)
	if place := must(bob.LocalPasswords.Place(ctx, id))(t); place.Refused != "no_key" {
		t.Errorf("place %+v before the agent has a key, want it refused with no_key", place)
	}
	const key = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU" // the base point of the curve
	must(agent.Report(ctx, client.Report{Name: "Den", SystemID: "5ed", PasswordKey: key}))(t)
	if place := must(bob.LocalPasswords.Place(ctx, id))(t); place.PasswordKey != key || place.Refused != "" || place.LinkID == "" {
		t.Errorf("place %+v, want the key of the agent and the link", place)
	}
	_, err = bob.LocalPasswords.Ask(ctx, id, "words")
	isError(t, err, client.ErrInvalid)
	sealed := strings.Repeat("A", 200)
	before := must(agent.Changes(ctx, 0, 0))(t)
	asked := must(bob.LocalPasswords.Ask(ctx, id, sealed))(t)
	if after := must(agent.Changes(ctx, before.Last, 0))(t); len(after.Changes) != 1 || after.Changes[0].Kind != client.LocalPasswordAsked {
		t.Errorf("changes %+v, want one that a password was chosen", after)
	}
	open := must(agent.LocalPasswords(ctx))(t)
	if len(open) != 1 || open[0].ID != asked.ID || open[0].Sealed != sealed || open[0].LinkID == "" || open[0].AccountID == "" {
		t.Fatalf("open passwords %+v, want %s", open, asked.ID)
	}
	_, err = ann.LocalPasswords.Get(ctx, asked.ID)
	isError(t, err, client.ErrNotFound)
	noError(t, agent.CompleteLocalPassword(ctx, asked.ID))
	noError(t, agent.CompleteLocalPassword(ctx, asked.ID))
	if got := must(bob.LocalPasswords.Get(ctx, asked.ID))(t); got.Status != "done" {
		t.Errorf("password %+v, want it done", got)
	}
	asked = must(bob.LocalPasswords.Ask(ctx, id, sealed))(t)
	isError(t, agent.FailLocalPassword(ctx, asked.ID, "expired"), client.ErrInvalid)
	noError(t, agent.FailLocalPassword(ctx, asked.ID, client.LocalPasswordNotAllowed))
	if got := must(bob.LocalPasswords.Get(ctx, asked.ID))(t); got.Status != "failed" || got.Reason != client.LocalPasswordNotAllowed {
		t.Errorf("password %+v, want it failed with the reason not_allowed", got)
	}
}

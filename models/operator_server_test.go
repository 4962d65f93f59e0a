package models_test

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

// Operators see and stop the servers of all owners.
func TestOperatorsActOnServers(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		owner, person := k.account(), k.account()
		code, _, err := k.Registrations.NewClaimCode(ctx, owner.ID)
		k.must(err)
		register := func(name, claimCode string) models.Registered {
			k.t.Helper()
			out, err := k.Registrations.Register(ctx, models.Registration{
				Name: name, SystemID: "5ed" + strings.ToLower(name), Kind: models.ServerEmby, WAN: []string{"https://" + name + ".example.org"}, ClaimCode: claimCode,
			}, home)
			k.must(err)
			return out
		}
		den, shed := register("Den", code), register("Shed", "")
		_, err = k.EmbyServers.Ask(ctx, den.Server, models.AskLink{AccountID: person.ID, Type: models.LinkLinked})
		k.must(err)
		links, err := k.Links.Locate(ctx, person.ID, models.LinkPending)
		k.must(err)
		k.must(k.Links.Accept(ctx, person.ID, links[0].ID, home))

		first, err := k.OperatedServers.List(ctx, models.ServersAsk{After: 0, Most: 1})
		k.must(err)
		rest, err := k.OperatedServers.List(ctx, models.ServersAsk{After: first[0].ID, Most: 10})
		k.must(err)
		if len(rest) != 1 || first[0].ID != den.Server.ID || rest[0].ID != shed.Server.ID || first[0].Owner != owner.Username || rest[0].Owner != "" {
			k.t.Fatalf("got the pages %+v and %+v, want the server with an owner and then the one without", first, rest)
		}
		shown, err := k.OperatedServers.Get(ctx, den.Server.ID)
		k.must(err)
		if shown.Owner != owner.Username || len(shown.Addresses) != 1 || len(shown.Links) != 1 || shown.Links[0].Username != person.Username ||
			shown.Links[0].AccessKey != "" {
			k.t.Errorf("got the server %+v, want no access key", shown)
		}

		k.must(k.OperatedServers.Disable(ctx, models.CommandLine, den.Server.ID))
		_, err = k.ServerKeys.Look(ctx, den.Key)
		k.is(err, models.ErrServerDisabled)
		located, err := k.Links.Locate(ctx, person.ID, models.LinkAccepted)
		k.must(err)
		if len(located) != 0 {
			k.t.Error("the links lead to a disabled server, want none")
		}
		k.must(k.OperatedServers.Enable(ctx, models.CommandLine, den.Server.ID))
		_, err = k.ServerKeys.Look(ctx, den.Key)
		k.must(err)
		located, err = k.Links.Locate(ctx, person.ID, models.LinkAccepted)
		k.must(err)
		if len(located) != 1 {
			k.t.Error("the link is missing after the server was enabled again, want it back")
		}

		for _, id := range []int64{den.Server.ID, shed.Server.ID} {
			k.must(k.OperatedServers.Remove(ctx, models.CommandLine, id))
			for _, err := range []error{
				k.OperatedServers.Remove(ctx, models.CommandLine, id), k.OperatedServers.Disable(ctx, models.CommandLine, id), k.OperatedServers.Enable(ctx, models.CommandLine, id),
			} {
				k.is(err, models.ErrNotFound)
			}
			_, err = k.OperatedServers.Get(ctx, id)
			k.is(err, models.ErrNotFound)
		}
		_, err = k.ServerKeys.Look(ctx, den.Key)
		k.is(err, models.ErrNoServer)
		events, err := k.History.List(ctx, owner.ID, 10)
		k.must(err)
		var kinds []models.EventKind
		for _, event := range events {
			kinds = append(kinds, event.Kind)
		}
		for _, want := range []models.EventKind{models.EventServerDisabled, models.EventServerEnabled, models.EventServerRemovedByOperator} {
			if !strings.Contains(strings.Join(texts(kinds), " "), string(want)) {
				k.t.Errorf("the owner's history has no %s: %v", want, kinds)
			}
		}
	})
}

func texts(kinds []models.EventKind) []string {
	list := make([]string, len(kinds))
	for i, kind := range kinds {
		list[i] = string(kind)
	}
	return list
}

package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// looseContract lifts the limits that many invites and proofs would meet.
func looseContract(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	o.Limits.InviteDay, o.Limits.ProofHour, o.Limits.MailDay = plenty, plenty, plenty
	o.Limits.QuickAccount, o.Limits.QuickHour, o.Limits.QuickSource, o.Limits.QuickServer = plenty, plenty, plenty, plenty
}

func eachContract(t *testing.T, f func(k *kit), adjust ...modelstest.Adjust) {
	t.Helper()
	eachConnect(t, f, append([]modelstest.Adjust{looseContract}, adjust...)...)
}

// home is a report of an agent.
func report() models.Report {
	in := den
	in.Kind = models.ServerAgent
	return models.Report{
		Registration: in,
		LocalUsers: []models.LocalUser{
			{ExternalID: "u-anna", Name: "Anna"}, {ExternalID: "u-ben", Name: "Ben", Disabled: true}, {ExternalID: "u-root", Name: "Root", Administrator: true},
		},
		Libraries: []models.Library{{ExternalID: "l-films", Name: "Films"}, {ExternalID: "l-series", Name: "Series"}},
	}
}

// agent is a server of owner that an agent runs, and has reported.
func (k *kit) agent(owner models.Account) media {
	k.t.Helper()
	in := report().Registration
	in.ClaimCode = k.claimCode(owner)
	done, err := k.Registrations.Register(k.t.Context(), in, home)
	k.must(err)
	m := k.again(media{done.Server, done.Key})
	k.report(m, report())
	return k.again(m)
}

// again looks a server up by its key, as every call does.
func (k *kit) again(m media) media {
	k.t.Helper()
	this, err := k.ServerKeys.Look(k.t.Context(), m.key)
	k.must(err)
	return media{this, m.key}
}

func (k *kit) report(m media, in models.Report) {
	k.t.Helper()
	_, err := k.Agents.Report(k.t.Context(), m.Server, in)
	k.must(err)
}

// localUser is our id of a server's local user.
func (k *kit) localUser(owner models.Account, m media, externalID string) models.LocalUser {
	k.t.Helper()
	users, err := k.Servers.LocalUsers(k.t.Context(), owner.ID, m.ID)
	k.must(err)
	for _, u := range users {
		if u.ExternalID == externalID {
			return u
		}
	}
	k.t.Fatalf("no local user %s", externalID)
	return models.LocalUser{}
}

// invite invites somebody to servers without more.
func (k *kit) invite(owner models.Account, to string, servers ...media) models.Invite {
	k.t.Helper()
	in := models.NewInvite{To: to, Type: models.LinkGuest}
	for _, m := range servers {
		in.Servers = append(in.Servers, models.InviteServer{ServerID: m.ID})
	}
	invite, err := k.Invites.Create(k.t.Context(), owner.ID, in, home)
	k.must(err)
	return invite
}

// member is an account with an accepted link to a server by invite.
func (k *kit) member(owner models.Account, m media) models.Account {
	k.t.Helper()
	a := k.account()
	k.must(k.Invites.Accept(k.t.Context(), a.ID, k.invite(owner, a.Username, m).ID, home))
	return a
}

func (k *kit) agentLinks(m media) []models.AgentLink {
	k.t.Helper()
	links, err := k.Agents.LinksOf(k.t.Context(), m.Server)
	k.must(err)
	return links
}

func (k *kit) changes(m media, after int64) []models.Change {
	k.t.Helper()
	list, err := k.Changes.List(k.t.Context(), m.Server, after, 1000)
	k.must(err)
	return list
}

// changeKinds are the kinds of a server's changes behind a number.
func (k *kit) changeKinds(m media, after int64) []models.ChangeKind {
	k.t.Helper()
	var kinds []models.ChangeKind
	for _, c := range k.changes(m, after) {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

func (k *kit) last(m media) int64 {
	k.t.Helper()
	last, err := k.Changes.Last(k.t.Context(), m.Server)
	k.must(err)
	return last
}

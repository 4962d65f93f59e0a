package models_test

import "github.com/latchkey-media/latchkey/models"

const serversKey = "92946949b56f4c5e831d072ba4929de0"

// ask lets a server ask a person for a link.
func (k *kit) ask(m media, a models.Account) models.Authorization {
	k.t.Helper()
	link, err := k.EmbyServers.Ask(k.t.Context(), m.Server, models.AskLink{AccountID: a.ID, AccessKey: serversKey, RequestedBy: "boss"})
	k.must(err)
	return link
}

// link makes an accepted link and returns it.
func (k *kit) link(m media, a models.Account) models.Authorization {
	k.t.Helper()
	link := k.ask(m, a)
	k.must(k.Links.Accept(k.t.Context(), a.ID, link.ID, home))
	return link
}

// located returns the servers of an account's links in a state, as a session sees them.
func (k *kit) located(a models.Account, state string) []models.Located {
	k.t.Helper()
	found, err := k.Links.Locate(k.t.Context(), a.ID, state)
	if state == models.LinkAccepted {
		found, _, err = k.Links.LocateTagged(k.t.Context(), models.Session{ID: 1, AccountID: a.ID})
	}
	k.must(err)
	return found
}

func (k *kit) authorizations(m media) []models.Authorization {
	k.t.Helper()
	list, err := k.EmbyServers.Links(k.t.Context(), m.Server)
	k.must(err)
	return list
}

// keyOf returns the access key of a server's only link, as the server sees it.
func (k *kit) keyOf(m media) string {
	k.t.Helper()
	list := k.authorizations(m)
	if len(list) != 1 {
		k.t.Fatalf("%d links, want 1", len(list))
	}
	return list[0].AccessKey
}

func (k *kit) agentLinks(m media) []models.AgentLink {
	k.t.Helper()
	links, err := k.Agents.LinksOf(k.t.Context(), m.Server)
	k.must(err)
	return links
}

package handlers

// inviteUseSamples returns the owner's list of invites.
func (s sampler) inviteUseSamples() []sample {
	full, bare, b := s.inviteUse(), s.inviteUse(), s.signedIn("invite_use")
	bare.Open, bare.Ended, bare.OpenTurns, bare.EndedTurns, bare.EndedShown = nil, nil, turnsView{Base: b}, turnsView{Base: b}, false
	return []sample{{"invite_use", full}, {"invite_use-none", bare}}
}

func (s sampler) inviteUse() inviteUsePage {
	b := s.signedIn("invite_use")
	sent := sentInviteView{
		Base: b, ID: "7", Greeting: "Aunt Nina", Link: true, Uses: 5, Used: 2, CreatedAt: s.at, ExpiresAt: s.at, EndsAt: s.at, Note: "Come in!\nAnd stay.",
		Others: []string{"Cellar", longName}, Libraries: []string{"Films"},
		UsedBy: []inviteUseView{{"mira.k", s.at}, {"a-rather-long-username-of-32-chars", s.at}},
	}
	mailed := sentInviteView{Base: b, Family: true, ID: "8", To: "a.rather.long.name@a-rather-long-domain.example.org", LocalUser: "emil", CreatedAt: s.at, ExpiresAt: s.at}
	page := inviteUsePage{
		Base: b, Parts: partsOf(b, owned{to: "/servers/81985529216486895"}, "invites"), ServerID: "81985529216486895", Server: "Attic", Life: b.T("duration.days", "Count", 400), Open: []sentInviteView{sent, mailed},
		OpenTurns: turnsView{b, Turns{First: "/servers/1/invites", Next: "/servers/1/invites?open=x"}}, EndedShown: true,
		EndedTurns: turnsView{b, Turns{Next: "/servers/1/invites?before=x"}},
	}
	for _, state := range []string{"accepted", "declined", "withdrawn", "expired"} {
		page.Ended = append(page.Ended, endedInviteView{sent, state, s.at}, endedInviteView{mailed, state, s.at})
	}
	return page
}

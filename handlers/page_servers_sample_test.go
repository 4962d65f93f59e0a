package handlers

// serversSamples returns the list of servers.
func (s sampler) serversSamples() []sample {
	return []sample{
		{"servers", s.servers()},
		{"servers-none", serversPage{Base: s.signedIn("servers")}},
	}
}

func (s sampler) servers() serversPage {
	base := s.noticed(s.invited("servers"), "notice.invitation_accepted")
	since, ends := base.Date(s.at), base.End(s.at.AddDate(0, 1, 0))
	return serversPage{
		Base: base, Waiting: 2,
		Usable: []usableServerView{
			{ID: "1", LinkID: "11", Name: "Den & Co + 50% \"Server\"", Guest: true, Owner: "bert", Since: since, Ends: ends, Opens: true},
			{ID: "2", LinkID: "12", Name: longName, Since: since, Opens: true},
			{ID: "5", LinkID: "13", Name: "Garage", Guest: true, Since: since, Disabled: true},
			{ID: "6", LinkID: "14", Name: "Shed", Guest: true, Since: since, State: "waiting"},
			{ID: "10", LinkID: "18", Name: "Stable", Guest: true, Since: since, State: "waiting", WaitsFor: "guests_off"},
			{ID: "7", LinkID: "15", Name: "Barn", Since: since, State: "gone"},
			{ID: "9", LinkID: "17", Name: "Cave", Since: since, State: "not_allowed", Opens: true},
			{ID: "8", LinkID: "16", Name: "Loft", Since: since, State: "disabled"},
		},
		Owned: []ownedServerView{
			{ID: "3", Name: "Attic", LastSeenAt: s.at, People: 1},
			{ID: "4", Name: "Cellar", LastSeenAt: s.at, People: 12, Pending: 3, Disabled: true},
		},
	}
}

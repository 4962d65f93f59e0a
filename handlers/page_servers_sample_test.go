package handlers

import "github.com/latchkey-media/latchkey/models"

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
			{ID: "1", LinkID: "11", Name: "Den & Co + 50% \"Server\"", Guest: true, Owner: "bert", Since: since, Ends: ends, Opens: true, SignsIn: true, Face: face{"", "D", "face-1"}},
			{ID: "2", LinkID: "12", Name: longName, Since: since, Opens: true, Face: faceOf(longName, 2, "")},
			{ID: "11", LinkID: "19", Name: "Kino", Since: since, Opens: true, Away: true, Face: faceOf("Kino", 11, "")},
			{ID: "5", LinkID: "13", Name: "Garage", Guest: true, Since: since, Disabled: true, Face: face{"", "G", "face-2"}},
			{ID: "6", LinkID: "14", Name: "Shed", Guest: true, Since: since, State: "waiting", Face: face{"", "S", "face-3"}},
			{ID: "10", LinkID: "18", Name: "Stable", Guest: true, Since: since, State: "waiting", WaitsFor: "guests_off", Face: face{"", "S", "face-4"}},
			{ID: "7", LinkID: "15", Name: "Barn", Since: since, State: "gone", Face: face{"", "B", "face-5"}},
			{ID: "9", LinkID: "17", Name: "Cave", Since: since, State: "not_allowed", Opens: true, Face: face{"", "C", "face-6"}},
			{ID: "12", LinkID: "20", Name: "Boat", Since: since, State: "paused", Until: s.at, Face: face{"", "B", "face-8"}},
			{ID: "13", LinkID: "21", Name: "Tent", Since: since, State: "paused", Face: face{"", "T", "face-1"}},
			{ID: "8", LinkID: "16", Name: "Loft", Since: since, State: "disabled", Face: face{"", "L", "face-7"}},
		},
		Owned: []ownedServerView{
			{ID: "3", Name: "Attic", Face: face{"", "A", "face-8"}, LastSeenAt: s.at, People: 1},
			{ID: "4", Name: "Cellar", Face: face{"", "C", "face-1"}, LastSeenAt: s.at, People: 12, Pending: 3, Disabled: true},
			{ID: "12", Name: longName, Face: faceOf(longName, 12, ""), LastSeenAt: s.at, People: 40, Waits: models.ServerWaits{Invites: 7, ToAllow: 2, ToCreate: 1}},
		},
		Turns: turnsView{base, Turns{First: "/servers#owned", Next: "/servers?own=x#owned"}}, Several: "3",
	}
}

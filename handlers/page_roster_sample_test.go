package handlers

import "github.com/latchkey-media/latchkey/models"

// rosterSamples returns the list of people of a server, and the page of single entries.
func (s sampler) rosterSamples() []sample {
	list, none, emby, fresh := s.roster(), s.roster(), s.roster(), s.roster()
	none.Entries, none.Name, none.Status, none.Turns = nil, "zoe", models.RosterOut, turnsView{Base: none.Base}
	emby.Entries, emby.Agent = nil, false

	fresh.Entries = nil
	samples := []sample{{"roster", list}, {"roster-none", none}, {"roster-emby", emby}, {"roster-new", fresh}}
	free := s.rosterEntry("emil", models.RosterFree)
	free.LocalUser = &localUserView{ID: "2", Name: "emil", Administrator: true, Disabled: true, Gone: true}
	free.Invite = &sentInviteView{Base: free.Base, ID: "8", Link: true, Uses: 1, CreatedAt: s.at, ExpiresAt: s.at}
	samples = append(samples, sample{"roster_entry-free", free})
	for _, person := range s.people() {
		entry := s.rosterEntry(person.Username, models.RosterIn)
		entry.Person, entry.Devices, entry.SeenAt = &person, 3, s.at
		name := "roster_entry-" + person.Username
		if person.Username == "bert" {
			name = "roster_entry"
		}
		samples = append(samples, sample{name, entry})
	}
	return samples
}

func (s sampler) roster() rosterPage {
	b := s.noticed(s.signedIn("roster"), "notice.person_removed")
	own := owned{to: "/servers/81985529216486895"}
	p := rosterPage{
		Base: b, Parts: partsOf(b, own, "people"), ID: "81985529216486895", Server: "Attic", Agent: true, Filters: b.rosterFilters(own, models.RosterAsk{}),
		Turns: turnsView{b, Turns{First: "/servers/1/people", Next: "/servers/1/people?before=x"}},
	}
	add := func(e rosterEntryView) {
		e.Href, e.Face = own.person(1), faceOf(e.Name, 7, "")
		p.Entries = append(p.Entries, e)
	}
	add(rosterEntryView{Name: "Bert Ørsted", Also: "bertram", Status: models.RosterIn, SeenAt: s.at, Devices: 3, End: s.at, Administrator: true})
	add(rosterEntryView{Name: "carla", Status: models.RosterWaiting})
	add(rosterEntryView{Name: "A name that somebody gave their user on a long evening", Status: models.RosterFree, Disabled: true, Gone: true, SeenAt: s.at})
	for _, state := range []string{"gone", "disabled", "administrator", "paused", "not_allowed", "waiting"} {
		add(rosterEntryView{Name: state, Status: models.RosterOut, State: state, Devices: 1})
	}
	return p
}

func (s sampler) rosterEntry(name, status string) rosterEntryPage {
	b := s.signedIn("roster_entry")
	own := owned{to: "/servers/81985529216486895"}
	return rosterEntryPage{
		Base: b, ServerID: "81985529216486895", Server: "Attic", Back: own.people(), Here: own.person(1), Name: name, Agent: true, Status: status,
		Acts: []serverPart{{Href: "/servers/1/invite?local_user=2", Text: b.T("roster.act.invite")}, {Href: own.person(1) + "/protection", Text: b.T("roster.act.protection")}},
	}
}

// people returns people in every state.
func (s sampler) people() []personView {
	libraries := func() []Choice {
		return []Choice{
			{ID: "library-0", Name: "library.1.a", Label: "Films", Chosen: true},
			{ID: "library-1", Name: "library.1.b", Label: "A library whose name is long enough to need two lines on a phone"},
		}
	}
	ends := s.endsAt("ends_at", "terms_end")
	return []personView{
		{
			LinkID: "1", Name: "Bert Ørsted", Username: "bert", Since: s.at, LocalUser: "bertram", Allow: "sudo latchkey agent allow bertram", InvitedBy: "mira.k", End: s.at,
			Libraries: []string{"Films", "Music (gone since 3 May 2026)"}, LibraryGone: true, EndsAt: ends, EndsWas: "2026-11-21", Choices: libraries(),
		},
		{LinkID: "2", Username: "carla", Guest: true, Pending: true, RequestedBy: "mira.k", Since: s.at},
		{
			LinkID: "3", Username: "dora", Guest: true, Since: s.at, EndsAt: s.wrong(ends, "2020-01-01", "ends_at_invalid"),
			Choices: libraries(), LibrariesError: s.base("").T("error.library_unknown"), Open: true,
		},
		{LinkID: "4", Username: "emil", Guest: true, Since: s.at, State: "waiting", EndsAt: ends},
		{LinkID: "8", Username: "ida", Guest: true, Since: s.at, State: "waiting", WaitsFor: "guest_limit", EndsAt: ends},
		{LinkID: "5", Username: "fay", Since: s.at, LocalUser: "fay", State: "gone", EndsAt: ends},
		{LinkID: "6", Username: "gil", Since: s.at, LocalUser: "gil", State: "disabled", EndsAt: ends},
		{LinkID: "7", Username: "hal", Since: s.at, LocalUser: "hal", State: "administrator", EndsAt: ends},
	}
}

package handlers

// circleSamples returns the pages of circles, for owners, for people and for somebody who is asked.
func (s sampler) circleSamples() []sample {
	none := circlesPage{Base: s.signedIn("circles")}
	list := circlesPage{Base: s.signedIn("circles"), Owns: true, Turns: Turns{First: "/circles", Next: "/circles?before=x"}}
	list.Circles = []circleRowView{
		{ID: "7", Name: "Friends", Servers: []string{"Den", "Attic"}, Owner: true, Free: 2},
		{ID: "8", Name: longName, Servers: []string{longName}, AskedBy: "bert"},
	}
	list.Name = s.field("name", "text", "circle_name", true)
	list.Server, list.Terms = s.circleServer(), s.circleTerms("")
	wrong := list
	wrong.Name, wrong.Wrong = s.wrong(list.Name, "", "circle_name_invalid"), true

	owner := s.circleOf()
	owner.Owner, owner.Person, owner.Alone, owner.Brings = true, true, true, true
	owner.Servers[0].Own, owner.Servers[0].State, owner.Servers[0].Guests = true, owner.T("circle.state.own"), 3
	owner.Servers[0].Terms = s.circleTerms("server-7-")
	owner.Servers[0].Terms.Libraries = []Choice{{ID: "library-7-0", Name: "library.7.f", Label: "Films", Chosen: true}}
	bert := circlePersonView{ID: "3", Name: "Bert", Username: "bert", Face: faceOf("Bert", 3, ""), InvitedBy: "mira.k", JoinedAt: s.at}
	owner.Servers[0].Waiting = []circlePersonView{bert}
	owner.Servers[0].Refused = []circlePersonView{{ID: "4", Name: longName, Username: "ada", Face: faceOf("Ada", 4, samplePicture), JoinedAt: s.at}}
	bert.Places = []circlePlaceView{{ServerID: "7", Server: "Den", State: owner.T("circle.place.in"), Refuses: true}, {ServerID: "8", Server: longName, State: owner.T("circle.place.refused")}}
	owner.People = []circlePersonView{bert}
	owner.Asks = []circleAskView{{ID: "9", Username: "zoe", AskedBy: "mira.k"}}
	owner.Turns = Turns{First: "/circles/7", Next: "/circles/7?before=x"}
	mistaken := owner
	mistaken.Base = s.troubled(owner.Base, "error.circle_full")
	mistaken.Servers = append([]circleServerView(nil), owner.Servers...)
	mistaken.Servers[0].Open, mistaken.Servers[0].Terms.LibrariesError = true, owner.T("error.library_unknown")
	mistaken.Servers[0].Terms.People = s.wrong(owner.Servers[0].Terms.People, "0", "people_most_invalid")

	person, asked, late := s.circleOf(), s.circleOf(), s.circleOf()
	person.Person = true
	person.Servers[0].Takes = true
	asked.AskedBy, asked.Brings = "bert", true
	late.AskedBy = longName
	return []sample{
		{"circles", none},
		{"circles-list", list},
		{"circles-wrong", wrong},
		{"circle", owner},
		{"circle-mistake", mistaken},
		{"circle-person", person},
		{"circle-asked", asked},
		{"circle-asked-without-server", late},
	}
}

func (s sampler) circleOf() circlePage {
	p := circlePage{Base: s.signedIn("circle"), ID: "7", Name: "Friends"}
	p.Servers = []circleServerView{
		{ID: "7", Name: "Den", Owner: "Mira", Face: faceOf("Den", 7, ""), State: p.T("circle.state.open")},
		{ID: "8", Name: longName, Owner: longName, Face: faceOf("Attic", 8, ""), State: p.T("circle.state.waiting")},
	}
	p.To, p.Greeting = s.field("to", "text", "invite_to", true), s.field("greeting", "text", "invite_greeting", true)
	p.To.Hint = p.T("field.circle_to.hint")
	p.Link = Choice{ID: "link", Name: "link", Label: p.T("field.invite_with_link"), Chosen: true}
	p.Note = s.field("note", "", "invite_note", true)
	p.NewName = s.field("name", "text", "circle_name", true)
	p.Username = s.field("username", "text", "circle_owner", true)
	p.Server, p.Terms = s.circleServer(), s.circleTerms("join-")
	return p
}

func (s sampler) circleServer() SelectField {
	return SelectField{Field: s.field("server_id", "", "circle_server", false), Options: []Option{{Value: "7", Label: "Den", Chosen: true}, {Value: "8", Label: longName}}}
}

func (s sampler) circleTerms(prefix string) circleTermsForm {
	field := func(name, kind, label string) Field {
		f := s.field(name, kind, label, true)
		f.ID = prefix + name
		return f
	}
	b := s.base("circle")
	return circleTermsForm{
		People: field("people_most", "text", "circle_people"), LinkDays: field("link_days", "text", "circle_days"), EndsAt: field("ends_at", "date", "circle_end"),
		AskFirst: Choice{ID: prefix + "ask_first", Name: "ask_first", Label: b.T("field.circle_ask_first")},
		Shut:     Choice{ID: prefix + "shut", Name: "shut", Label: b.T("field.circle_shut"), Chosen: true},
	}
}

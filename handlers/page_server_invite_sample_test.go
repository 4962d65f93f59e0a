package handlers

// serverInviteSamples returns the page on which an owner invites somebody.
func (s sampler) serverInviteSamples() []sample {
	wrong := s.serverInvite()
	wrong.Base = s.troubled(wrong.Base, "error.throttled")
	wrong.To = s.wrong(wrong.To, "nobody", "username_unknown")
	wrong.To.Focus = true
	wrong.LocalUser.Error, wrong.ServersError = s.base("").T("error.local_user_unknown"), s.base("").T("error.servers_of_guests")
	wrong.EndsAt = s.wrong(wrong.EndsAt, "2020-01-01", "ends_at_invalid")
	wrong.Note = s.wrong(wrong.Note, "Hello\n<b>you</b>", "note_invalid")
	wrong.FamilyError = wrong.T("error.family_one_guest")
	wrong.ProfileName = s.wrong(wrong.ProfileName, "Family", "profile_taken")
	wrong.NotCopied = []string{"Records", "Home videos"}
	wrong.Profiles[0].Copy.Error, wrong.Profiles[0].Copy.Focus = s.base("").T("error.profile_nothing_there"), false
	wrong.Profiles[1].Rename, wrong.Profiles[1].Open = s.wrong(wrong.Profiles[1].Rename, "Family", "profile_taken"), true
	bare := s.serverInvite()
	bare.Profiles = nil
	bare.Reports, bare.Libraries, bare.LibrariesError, bare.ServersFocus = false, false, s.base("").T("error.library_unknown"), true
	bare.Servers = []serverChoice{{Choice: Choice{ID: "server-1", Name: "server.1", Label: "Attic", Chosen: true, Focus: true}}}
	return []sample{
		{"server_invite", s.serverInvite()},
		{"server_invite-mistakes", wrong},
		{"server_invite-bare", bare},
	}
}

func (s sampler) serverInvite() serverInvitePage {
	b := s.base("")
	p := serverInvitePage{
		Base: s.signedIn("server_invite"), ServerID: "81985529216486895", Name: "Attic", Key: "key", Reports: true, Libraries: true,
		Life: b.T("duration.days", "Count", 14), To: s.optional("to", "text", "invite_to"), EndsAt: s.endsAt("", "invite_end"),
		Note: s.field("note", "", "invite_note", true),
		Link: Choice{ID: "link", Name: "link", Label: b.T("field.invite_with_link"), Chosen: true}, Family: Choice{ID: "family", Name: "family", Label: b.T("field.invite_family"), Chosen: true}, Greeting: s.optional("greeting", "text", "invite_greeting"),
		Uses: s.optional("uses", "text", "invite_uses"), Until: s.optional("expires_at", "date", "invite_until"),
		ProfileName: s.optional("profile_name", "text", "profile_name"),
		Profiles: []inviteProfileView{
			{ID: "1", Name: "Family", Chosen: true, Uses: 5, Life: b.T("duration.days", "Count", 7), Libraries: []string{"Films", "Music"}, Rename: s.profileRename("1", "Family")},
			{ID: "2", Name: "Club", Uses: 1, Life: b.T("duration.days", "Count", 30), LinkLife: b.T("duration.days", "Count", 365), Rename: s.profileRename("2", "Club")},
		},
		Servers: []serverChoice{
			{
				Choice:    Choice{ID: "server-1", Name: "server.1", Label: "Attic", Chosen: true},
				Libraries: []Choice{{ID: "library-1-0", Name: "library.1.a", Label: "Films", Chosen: true}, {ID: "library-1-1", Name: "library.1.b", Label: "Music"}},
			},
			{Choice: Choice{ID: "server-2", Name: "server.2", Label: longName}},
		},
	}
	for i := range p.Profiles {
		p.Profiles[i].Copy = s.profileCopy(p.Profiles[i].ID)
	}
	p.LocalUser.Field = s.field("local_user_id", "", "local_user", true)
	p.LocalUser.Options = []Option{{Label: b.T("field.local_user.guest"), Chosen: true}, {Value: "2", Label: "emil"}}
	return p
}

func (s sampler) profileCopy(id string) SelectField {
	f := SelectField{Field: s.field("server_id", "", "profile_copy", true), Options: []Option{{Value: "2", Label: longName}, {Value: "3", Label: "Den", Chosen: true}}}
	f.ID = "copy-to-" + id
	return f
}

func (s sampler) profileRename(id, name string) Field {
	f := s.field("name", "text", "profile_rename", false)
	f.ID, f.Value = "name-"+id, name
	return f
}

// optional returns a field that may stay empty.
func (s sampler) optional(name, kind, label string) Field {
	f := s.field(name, kind, label, true)
	f.Required = false
	return f
}

func (s sampler) endsAt(id, label string) Field {
	f := s.field("ends_at", "date", label, false)
	f.ID, f.Required, f.Hint = id, false, s.base("").T("field.ends_at_utc.hint")
	return f
}

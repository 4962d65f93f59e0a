package handlers

// familySamples returns the page of the family, for everybody in it.
func (s sampler) familySamples() []sample {
	guardian := s.familyOf()
	guardian.Guards, guardian.First, guardian.Room, guardian.AskSecond = true, true, true, true
	guardian.People = []familyPersonView{
		{ID: "81985529216486895", Name: "Bert", Username: "bert", Face: faceOf("Bert", 3, ""), Asked: true, Removes: true},
		{ID: "81985529216486896", Name: longName, Username: "ada", Face: faceOf("Ada", 4, ""), Removes: true},
	}
	guardian.Members = []memberView{
		{ID: "81985529216486897", Name: "Kim", Username: "kim", Face: faceOf("Kim", 5, samplePicture), HasPIN: true, HasPassword: true},
		{ID: "81985529216486898", Name: longName, Username: "lou", Face: faceOf("Lou", 6, ""), PINOff: true, Disabled: true},
	}
	wrong := guardian
	wrong.Username = s.wrong(guardian.Username, "kim", "username_taken")
	wrong.Wrong = true
	full := guardian
	full.Base = s.troubled(full.Base, "error.second_guardian")
	full.Room, full.AskSecond = false, false
	full.Guardians = append(full.Guardians, familyPersonView{ID: "81985529216486899", Name: "Zoe", Username: "zoe", Face: faceOf("Zoe", 8, ""), Guardian: true, Removes: true})
	alone := s.familyOf()
	alone.Guards, alone.First, alone.Room, alone.AskSecond, alone.Alone = true, true, true, true, true
	alone.Invitations = []familyInvitationView{
		{ID: "81985529216486890", From: "Bert", Username: "bert", Guardian: true}, {ID: "81985529216486891", From: longName, Username: "ada"},
	}
	adult, member := s.familyOf(), s.familyOf()
	adult.Adult, member.LookedAfter = true, true
	second := guardian
	second.First, second.AskSecond = false, false
	return []sample{
		{"family", guardian},
		{"family-wrong", wrong},
		{"family-full", full},
		{"family-alone", alone},
		{"family-adult", adult},
		{"family-member-self", member},
		{"family-second", second},
	}
}

func (s sampler) familyOf() familyPage {
	p := familyPage{Base: s.signedIn("family"), Limit: 10}
	p.Guardians = []familyPersonView{{ID: "7", Name: "Mira Køhler", Username: "mira.k", Face: faceOf("Mira Køhler", 7, ""), Guardian: true, Self: true}}
	p.Username, p.DisplayName = s.field("username", "text", "username", true), s.field("display_name", "text", "display_name", true)
	p.Password = s.newPassword()
	p.Password.Label, p.Password.Required = p.T("field.member_password"), false
	p.Person = s.field("username", "text", "person_username", true)
	p.Person.ID = "person_username"
	return p
}

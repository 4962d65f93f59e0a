package handlers

import "github.com/latchkey-media/latchkey/models"

// sampleProtection returns the choices of an owner in the samples, with everything that the media server has.
func sampleProtection() (models.Protection, models.LinkProtection) {
	found := models.Protection{
		Active: true, AgentLevels: models.LevelsGuests,
		Libraries: []models.Library{{ExternalID: "a1", Name: "Cartoons"}, {ExternalID: "b2", Name: "Films & series that have a rather long name"}, {ExternalID: "c3", Name: "Music"}},
		Choices: models.LevelChoices{
			Ratings: []models.LevelRating{{Name: "G", Value: 0}, {Name: "PG", Value: 10}, {Name: "PG-13", Value: 13}, {Name: "R", Value: 17}},
			Tags:    []string{"cartoon", "war"}, Folders: []models.LevelFolder{{ID: "f1", Name: "Films / Saga", LibraryID: "b2"}}, HidesFolders: true,
		},
	}
	chosen := models.LinkProtection{
		PINRequired: true, Unlocked: &models.Level{MaxRating: &models.LevelRating{Value: 16}},
		Everyday: models.Level{
			Libraries: []string{"a1", "c3"}, MaxRating: &models.LevelRating{Name: "PG", Value: 10}, Unrated: []string{"Movie", "Trailer"}, BlockedTags: []string{"war"},
			Hours: []models.LevelHours{{Day: "Weekend", From: 480, To: 1200}}, MayNot: []string{"delete", "download"},
		},
	}
	return found, chosen
}

// protectionSamples returns the pages on which an owner chooses what opens with a PIN.
func (s sampler) protectionSamples() []sample {
	found, chosen := sampleProtection()
	page := protectionPage{Base: s.noticed(s.signedIn("protection"), "notice.protection_saved"), ID: "1", Name: "Attic", Active: true, Agent: models.LevelsGuests}
	page.Protected = viewProtection(page.Base, nil, mistakes{}, &found, chosen)
	page.People = []protectedPersonView{
		{LinkID: "1", Name: "Mira Køhler", Username: "mira.k", HasPIN: true, Own: true, Holds: true, OpenUntil: s.at, ByHand: []string{s.base("").T("level.field.hours"), s.base("").T("level.field.max_rating")}},
		{LinkID: "2", Username: "kim", LookedAfter: true, Stopped: true, Problem: "library_gone"},
		{LinkID: "3", Name: longName, Username: "tom", NotHeld: true, Problem: "administrator"},
		{LinkID: "4", Username: "ada", Problem: "refused"},
	}
	bare := protectionPage{Base: s.signedIn("protection"), ID: "1", Name: "Attic", Folders: true}
	bare.Protected = viewProtection(bare.Base, nil, mistakes{}, &models.Protection{}, models.LinkProtection{})
	off := bare
	off.Agent = models.LevelsOff
	wrong := page
	wrong.Base = s.signedIn("protection")
	wrong.Wrong = true
	wrong.Protected = viewProtection(wrong.Base, nil, mistakes{fields: map[string]string{
		"everyday.hours": s.base("").T("error.hours_invalid"), "everyday.max_rating": s.base("").T("error.rating_unknown"), "everyday.blocked_tags": s.base("").T("error.tag_invalid"),
	}}, &found, chosen)
	person := protectionPersonPage{Base: s.signedIn("protection_person"), ID: "1", Name: "Attic", Person: page.People[0], Folders: true, Protected: viewProtection(s.signedIn("protection_person"), nil, mistakes{}, &found, chosen)}
	follows := person
	follows.Person = page.People[1]
	return []sample{
		{"protection", page},
		{"protection-bare", bare},
		{"protection-off", off},
		{"protection-wrong", wrong},
		{"protection_person", person},
		{"protection_person-follows", follows},
	}
}

// holdSamples returns the page on which things are put behind a PIN.
func (s sampler) holdSamples() []sample {
	found, chosen := sampleProtection()
	page := holdPage{Base: s.noticed(s.signedIn("hold"), "notice.hold_saved"), ID: "1", Server: "Attic", Back: unlockPath, Holds: true}
	page.Means = page.levelMeans(chosen.Everyday, found.Libraries)
	in := newInputs(page.Base, nil, mistakes{})
	in.fresh = false
	page.Level = levelInputs{in: in, id: "hold", level: models.Level{HiddenLibraries: []string{"b2", "gone"}, HiddenFolders: []string{"f1"}, AllowedTags: []string{"cartoon"}, Types: []string{"movies"}}, libraries: found.Libraries, choices: found.Choices}.view()
	page.PIN = s.field("pin", "password", "unlock_pin", false)
	member := page
	member.Base, member.Member, member.Back, member.Holds = s.signedIn("hold"), "7", unlockPath+"?member=7", false
	stopped := page
	stopped.Base, stopped.Stopped = s.signedIn("hold"), true
	none := holdPage{Base: s.signedIn("hold"), ID: "1", Server: "Attic", Back: unlockPath, NoPIN: true}
	return []sample{{"hold", page}, {"hold-member", member}, {"hold-stopped", stopped}, {"hold-no-pin", none}}
}

// unlockSamples returns the page on which things are unlocked.
func (s sampler) unlockSamples() []sample {
	found, chosen := sampleProtection()
	b := s.base("")
	means, open := b.levelMeans(chosen.Everyday, found.Libraries), b.levelMeans(*chosen.Unlocked, nil)
	page := unlockPage{
		Base: s.noticed(s.signedIn("unlock"), "notice.unlocked"), Members: []unlockMemberView{{ID: "7", Name: "Kim", Current: false}, {ID: "8", Name: longName}},
		Closed: []Choice{{ID: "server-1", Name: "server.1", Label: "Attic", Chosen: true}, {ID: "server-2", Name: "server.2", Label: "Den & Co"}},
		Stop:   Choice{ID: "stop_playing", Name: "stop_playing", Label: b.T("unlock.stop")}, PIN: s.field("pin", "password", "unlock_pin", false),
		Servers: []unlockView{
			{ID: "1", Name: "Attic", UnlockID: "9", EndsAt: s.at, Left: "45 minutes", Everyday: means, Unlocked: open, Door: true, Opens: true, Television: b.T("unlock.television.jellyfin12"), HoldPath: holdPath("1", ""), OpenServer: "/servers/1/open", QR: b.qr("https://id.example.org/servers/1/open", b.T("unlock.qr"))},
			{ID: "2", Name: "Den & Co", Everyday: means, Unlocked: open, Opens: true, AskedBy: "Living room", AskedAt: s.at, NotHeld: true, HoldPath: holdPath("2", "")},
			{ID: "3", Name: longName, Everyday: means, Opens: true, Unlocked: open, Stopped: true, Waiting: true, HoldPath: holdPath("3", "")},
			{ID: "4", Name: "Club", Everyday: b.levelMeans(models.Level{}, nil), HoldPath: holdPath("4", "")},
		},
	}
	page.Minutes, page.TimeZone = unlockTimes(page.Base, "", "Europe/Berlin")
	member := page
	member.Base, member.Member, member.Name = s.signedIn("unlock"), "7", "Kim"
	member.Members = []unlockMemberView{{ID: "7", Name: "Kim", Current: true}}
	wrong := page
	wrong.Base, wrong.PIN, wrong.Wrong = s.signedIn("unlock"), s.wrong(page.PIN, "", "current_pin_invalid"), true
	bare := unlockPage{Base: s.signedIn("unlock"), NoPIN: true}
	guarded := page
	guarded.Base, guarded.Guarded, guarded.Members = s.signedIn("unlock"), true, nil
	return []sample{{"unlock", page}, {"unlock-member", member}, {"unlock-wrong", wrong}, {"unlock-no-pin", bare}, {"unlock-guarded", guarded}}
}

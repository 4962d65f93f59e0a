package handlers

// serverOwnerSamples returns the page of a server for its owner.
func (s sampler) serverOwnerSamples() []sample {
	return []sample{
		{"server_owner", s.server()},
		{"server_owner-key", s.serverWithKey()},
		{"server_owner-bare", s.bareServer()},
		{"server_owner-people", s.peopledServer()},
		{"server_owner-reports", s.reportingServer()},
		{"server_owner-emby", s.serverBesideEmby()},
	}
}

func (s sampler) server() serverOwnerPage {
	b := s.base("")
	p := serverOwnerPage{
		Base: s.noticed(s.signedIn("server_owner"), "notice.address_moved"), ID: "81985529216486895", Name: "Attic", ReportedName: "Den & Co",
		Face:    face{samplePicture, "A", "face-5"},
		Version: "4.8.11.0", LastSeenAt: s.at,
		Addresses: []addressView{
			{ID: "1", URL: "http://192.168.1.20:8096", Kind: b.T("address.lan"), First: true, ReportedAt: s.at},
			{ID: "2", URL: "https://a-rather-long-name-of-a-host.media.example.org:8920", Kind: b.T("address.wan"), ReportedAt: s.at, Hidden: true},
			{ID: "3", URL: "https://[2001:db8:85a3:1319:8a2e:370:7344:1020]:8920", Kind: b.T("address.custom"), ByOwner: true, Last: true, ReportedAt: s.at},
		},
		People: []personView{
			{Face: face{samplePicture, "BØ", "face-1"}, LinkID: "1", Name: "Bert Ørsted", Username: "bert", Since: s.at},
			{Face: faceOf("carla", 2, ""), LinkID: "2", Username: "carla", Guest: true, Pending: true, RequestedBy: "mira.k", Since: s.at},
		},
		Keys: []serverKeyView{{CreatedAt: s.at}},
	}
	p.Rename = s.field("name", "text", "server_name", true)
	p.Rename.Value = "Attic"
	p.StartNote = s.field("start_note", "", "start_note", true)
	p.StartNote.Value = "Ask me for the VPN.\nThe films are in German."
	p.NewAddress = s.field("address", "text", "server_address", true)
	p.HandOver = s.field("username", "text", "heir", true)
	return p
}

func (s sampler) serverWithKey() serverOwnerPage {
	p := s.server()
	p.Base = s.signedIn("server_owner")
	p.NewKey, p.Agent = "lkv_0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF", true
	return p
}

func (s sampler) serverBesideEmby() serverOwnerPage {
	p := s.server()
	p.Base, p.Agent, p.Emby = s.signedIn("server_owner"), true, true
	return p
}

func (s sampler) bareServer() serverOwnerPage {
	p := s.server()
	p.Base = s.troubled(s.signedIn("server_owner"), "error.throttled")
	p.Addresses, p.People, p.Version, p.Disabled = nil, nil, "", true
	p.NewAddress = s.wrong(p.NewAddress, "ftp://x", "address_invalid")
	p.HandOver = s.wrong(p.HandOver, "nobody", "username_unknown")
	return p
}

func (s sampler) peopledServer() serverOwnerPage {
	p := s.server()
	p.Agent, p.SelfService, p.JoinURL, p.More = true, true, "https://id.example.org/servers/81985529216486895/join", "12"
	libraries := func(at string) []Choice {
		return []Choice{
			{ID: "library-" + at + "-0", Name: "library.1.a", Label: "Films", Chosen: true},
			{ID: "library-" + at + "-1", Name: "library.1.b", Label: "A library whose name is long enough to need two lines on a phone"},
		}
	}
	p.People = []personView{
		{
			LinkID: "1", Name: "Bert Ørsted", Username: "bert", Since: s.at, LocalUser: "bertram", Allow: "sudo latchkey agent allow bertram", InvitedBy: "mira.k", End: s.at,
			Libraries: []string{"Films", "Music (gone since 3 May 2026)"}, LibraryGone: true, EndsAt: s.endsAt("ends_at-0", "terms_end"), EndsWas: "2026-11-21", Choices: libraries("0"),
		},
		{LinkID: "2", Username: "carla", Guest: true, Pending: true, RequestedBy: "mira.k", Since: s.at},
		{
			LinkID: "3", Username: "dora", Guest: true, Since: s.at, EndsAt: s.wrong(s.endsAt("ends_at-2", "terms_end"), "2020-01-01", "ends_at_invalid"),
			Choices: libraries("2"), LibrariesError: s.base("").T("error.library_unknown"), Open: true,
		},
		{LinkID: "4", Username: "emil", Guest: true, Since: s.at, State: "waiting", EndsAt: s.endsAt("ends_at-3", "terms_end")},
		{LinkID: "8", Username: "ida", Guest: true, Since: s.at, State: "waiting", WaitsFor: "guest_limit", EndsAt: s.endsAt("ends_at-7", "terms_end")},
		{LinkID: "5", Username: "fay", Since: s.at, LocalUser: "fay", State: "gone", EndsAt: s.endsAt("ends_at-4", "terms_end")},
		{LinkID: "6", Username: "gil", Since: s.at, LocalUser: "gil", State: "disabled", EndsAt: s.endsAt("ends_at-5", "terms_end")},
		{LinkID: "7", Username: "hal", Since: s.at, LocalUser: "hal", State: "administrator", EndsAt: s.endsAt("ends_at-6", "terms_end")},
	}
	p.GoneLibraries = []goneLibraryView{
		{"a", "Music (gone since 3 May 2026)", []likelyLibraryView{{"b", "Music & more"}}},
		{"c", "A library whose name is long enough to need two lines on a phone (gone since 3 May 2026)", []likelyLibraryView{
			{"d", "Movies"}, {"e", "Another library whose name is long enough to need two lines on a phone"}, {"f", "Kids"},
		}},
	}
	p.Invites = []sentInviteView{
		{
			Base: p.Base, ID: "1", To: "a.rather.long.name@a-rather-long-domain.example.org", Others: []string{"Cellar", "Garage"}, Libraries: []string{"Films"},
			Note: "Come in!\nAnd stay.", EndsAt: s.at, CreatedAt: s.at, ExpiresAt: s.at,
		},
		{Base: p.Base, ID: "2", To: "emil", LocalUser: "emil", CreatedAt: s.at, ExpiresAt: s.at},
	}
	p.NotAllowed, p.LinkedPasswords = true, true
	p.LocalUsers = []localUserView{
		{ID: "1", Name: "bertram", LinkedTo: "bert", Allow: "sudo latchkey agent allow bertram"},
		{ID: "2", Name: "emil", Administrator: true},
		{ID: "3", Name: "A name that somebody gave their user on a long evening", Disabled: true},
		{ID: "4", Name: "gone", Gone: true},
	}
	return p
}

func (s sampler) reportingServer() serverOwnerPage {
	p := s.server()
	p.Agent, p.FormerKey, p.ReplacedKey = true, true, true
	p.Keys = []serverKeyView{{CreatedAt: s.at, UsedAt: s.at, Inherited: true}, {CreatedAt: s.at, UsedAt: s.at, EndsAt: s.at, Former: true}}
	return p
}

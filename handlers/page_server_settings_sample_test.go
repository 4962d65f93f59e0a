package handlers

// serverSettingsSamples returns the page with the settings of a server.
func (s sampler) serverSettingsSamples() []sample {
	key, bare, reports := s.serverSettings(), s.serverSettings(), s.serverSettings()
	key.NewKey, key.Agent, key.SelfService, key.JoinURL = "lkv_0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF", true, true, "https://id.example.org/servers/81985529216486895/join"
	bare.Base = s.troubled(s.signedIn("server_settings"), "error.throttled")
	bare.Addresses = nil
	bare.NewAddress = s.wrong(bare.NewAddress, "ftp://x", "address_invalid")
	bare.HandOver = s.wrong(bare.HandOver, "nobody", "username_unknown")
	reports.Agent, reports.FormerKey, reports.ReplacedKey, reports.LinkedPasswords = true, true, true, true
	reports.Keys = []serverKeyView{{CreatedAt: s.at, UsedAt: s.at, Inherited: true}, {CreatedAt: s.at, UsedAt: s.at, EndsAt: s.at, Former: true}}
	return []sample{{"server_settings", s.serverSettings()}, {"server_settings-key", key}, {"server_settings-bare", bare}, {"server_settings-reports", reports}}
}

func (s sampler) serverSettings() serverSettingsPage {
	b := s.base("")
	signedIn := s.noticed(s.signedIn("server_settings"), "notice.address_moved")
	p := serverSettingsPage{
		Base: signedIn, Parts: partsOf(signedIn, owned{to: "/servers/81985529216486895"}, "settings"), ID: "81985529216486895", Name: "Attic", ReportedName: "Den & Co",
		Face: face{samplePicture, "A", "face-5"},
		Addresses: []addressView{
			{ID: "1", URL: "http://192.168.1.20:8096", Text: "http://192.168.1.20:8096", Kind: b.T("address.lan"), First: true, ReportedAt: s.at},
			{ID: "2", URL: "https://a-rather-long-name-of-a-host.media.example.org:8920", Text: "https://a-rather-long-name-of-a-host.media.example.org:8920", Kind: b.T("address.wan"), ReportedAt: s.at, Hidden: true},
			{ID: "3", URL: "https://[2001:db8:85a3:1319:8a2e:370:7344:1020]:8920", Text: "2001:db8:85a3:1319:8a2e:370:7344:1020, port 8920", Kind: b.T("address.custom"), ByOwner: true, Last: true, ReportedAt: s.at},
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

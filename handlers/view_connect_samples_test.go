package handlers

import "time"

// connected are the pages about servers, links and devices.
func (s sampler) connected() []sample {
	code := s.field("user_code", "text", "user_code", true)
	code.Code = true
	mistaken := s.wrong(code, "bcdf ghjk", "user_code_wrong")
	mistaken.Focus = true
	device := deviceApprovePage{
		Base: s.signedIn("device_approve"), UserCode: "BCDF-GHJK", Device: "Living room", Client: "Example for Android TV 4.2",
		Address: "203.0.113.7", AskedAt: s.at, ExpiresAt: s.at.Add(10 * time.Minute),
	}
	unnamed := device
	unnamed.Client, unnamed.Device = "", s.base("").T("device.unnamed")
	invitations := linksPage{Base: s.invited("links"), Invitations: []pendingLinkView{
		{ID: "81985529216486895", Server: "Den & Co + 50% \"Server\"", RequestedBy: "bert", Guest: true, AskedAt: s.at},
		{ID: "81985529216486896", Server: "A server whose name is rather long, as names that people choose at night are", AskedAt: s.at},
	}}
	return []sample{
		{"servers", s.servers()},
		{"servers-none", serversPage{Base: s.signedIn("servers")}},
		{"server_open", s.serverOpen()},
		{"server_open-none", serverOpenPage{Base: s.signedIn("server_open"), Name: "Den", SystemID: "383ceec546a24889be99de692f6b7b09"}},
		{"server_register", s.serverNew()},
		{"server_register-code", serverRegisterPage{Base: s.signedIn("server_register"), Code: "BCDF-GHJK", Until: s.at}},
		{"server_register-mistake", s.mistakenServerNew()},
		{"server_owner", s.server()},
		{"server_owner-key", s.serverWithKey()},
		{"server_owner-bare", s.bareServer()},
		{"links", invitations},
		{"links-none", linksPage{Base: s.noticed(s.signedIn("links"), "notice.invitation_declined")}},
		{"device", devicePage{Base: s.signedIn("device"), Code: code}},
		{"device-mistake", devicePage{Base: s.signedIn("device"), Code: mistaken}},
		{"device-throttled", devicePage{Base: s.troubled(s.signedIn("device"), "error.throttled"), Code: code}},
		{"device_approve", device},
		{"device_approve-unnamed", unnamed},
	}
}

func (s sampler) invited(page string) Base {
	b := s.signedIn(page)
	b.Account.Invitations = 2
	return b
}

func (s sampler) servers() serversPage {
	return serversPage{
		Base: s.noticed(s.invited("servers"), "notice.invitation_accepted"), Waiting: 2,
		Usable: []usableServerView{
			{ID: "1", LinkID: "11", Name: "Den & Co + 50% \"Server\"", Guest: true, Since: s.at},
			{ID: "2", LinkID: "12", Name: "A server whose name is rather long, as names that people choose at night are", Since: s.at},
			{ID: "5", LinkID: "13", Name: "Garage", Guest: true, Since: s.at, Disabled: true},
		},
		Owned: []ownedServerView{
			{ID: "3", Name: "Attic", LastSeenAt: s.at, People: 1},
			{ID: "4", Name: "Cellar", LastSeenAt: s.at, People: 12, Pending: 3, Disabled: true},
		},
	}
}

func (s sampler) serverOpen() serverOpenPage {
	b := s.base("")
	return serverOpenPage{Base: s.signedIn("server_open"), Name: "Den", SystemID: "383ceec546a24889be99de692f6b7b09", Addresses: []openAddressView{
		{URL: "https://media.example.org:443", Kind: b.T("address.wan"), Secure: true, Probe: true},
		{URL: "http://192.168.1.20:8096", Kind: b.T("address.lan")},
	}}
}

func (s sampler) serverNew() serverRegisterPage {
	return serverRegisterPage{
		Base: s.signedIn("server_register"), ServerID: s.field("server_id", "text", "server_id", true),
		AccessKey: s.field("access_key", "password", "access_key", true),
	}
}

func (s sampler) mistakenServerNew() serverRegisterPage {
	p := s.serverNew()
	p.Base = s.troubled(p.Base, "error.server_claimed")
	p.AccessKey = s.wrong(p.AccessKey, "", "server_pair_wrong")
	return p
}

func (s sampler) server() serverOwnerPage {
	b := s.base("")
	p := serverOwnerPage{
		Base: s.noticed(s.signedIn("server_owner"), "notice.address_moved"), ID: "81985529216486895", Name: "Attic", ReportedName: "Den & Co",
		Version: "4.8.11.0", LastSeenAt: s.at,
		Addresses: []addressView{
			{ID: "1", URL: "http://192.168.1.20:8096", Kind: b.T("address.lan"), First: true, ReportedAt: s.at},
			{ID: "2", URL: "https://a-rather-long-name-of-a-host.media.example.org:8920", Kind: b.T("address.wan"), ReportedAt: s.at, Hidden: true},
			{ID: "3", URL: "https://[2001:db8:85a3:1319:8a2e:370:7344:1020]:8920", Kind: b.T("address.custom"), ByOwner: true, Last: true, ReportedAt: s.at},
		},
		People: []personView{
			{LinkID: "1", Name: "Bert Ørsted", Username: "bert", Since: s.at},
			{LinkID: "2", Username: "carla", Guest: true, Pending: true, RequestedBy: "mira.k", Since: s.at},
		},
	}
	p.Rename = s.field("name", "text", "server_name", true)
	p.Rename.Value = "Attic"
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

func (s sampler) bareServer() serverOwnerPage {
	p := s.server()
	p.Base = s.troubled(s.signedIn("server_owner"), "error.throttled")
	p.Addresses, p.People, p.Version, p.Disabled = nil, nil, "", true
	p.NewAddress = s.wrong(p.NewAddress, "ftp://x", "address_invalid")
	p.HandOver = s.wrong(p.HandOver, "nobody", "username_unknown")
	return p
}

package handlers

// sessionsSamples returns the list of sessions, and the page that ends a session, to which
// a mail leads.
func (s sampler) sessionsSamples() []sample {
	later := s.sessions()
	later.Before, later.Others, later.Events, later.Devices = "cursor", true, nil, nil
	later.Turns = Turns{First: "/account/sessions", Next: "/account/sessions?before=cursor"}
	return []sample{
		{"sessions", s.sessions()},
		{"sessions-later", later},
		{"sessions-one", sessionsPage{Base: s.signedIn("sessions"), Sessions: s.sessions().Sessions[:1]}},
		{"session_not_me", sessionNotMePage{Base: s.base("session_not_me"), Device: s.base("").device("Firefox on Windows"), Address: "203.0.113.7", At: s.at}},
	}
}

func (s sampler) sessions() sessionsPage {
	p := sessionsPage{Base: s.signedIn("sessions"), Others: true}
	for i, name := range []string{"Firefox on Linux", "Safari on iPhone", "Safari on iPad", "Television in the living room", s.base("").T("device.unknown")} {
		p.Sessions = append(p.Sessions, sessionView{
			ID: "81985529216486895", Icon: []string{"computer", "phone", "tablet", "tv", "device"}[i], Name: p.device(name), Current: i == 0, Unknown: i == 4, Switched: i == 3,
			Address: "2001:db8:85a3:1319:8a2e:370:7344:1020", CreatedAt: s.at.AddDate(0, -i, -3), LastSeenAt: s.at,
		})
	}
	for i, client := range []string{"Jellyfin Android TV", ""} {
		p.Devices = append(p.Devices, quickDeviceView{
			ID: "81985529216486896", Name: []string{"Television in the living room", "BRAVIA 4K"}[i], Client: client, Server: "Films of the Smiths",
			Certain: i == 0, CreatedAt: s.at.AddDate(0, -i, -1),
		})
	}
	p.Events = s.events("signed_in", "pin_changed", "link_removed", "password_changed", "signed_up")
	return p
}

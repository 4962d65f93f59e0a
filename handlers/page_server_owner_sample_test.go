package handlers

import "time"

// serverOwnerSamples returns the page of a server for its owner.
func (s sampler) serverOwnerSamples() []sample {
	emby, away := s.serverOwner(), s.serverOwner()
	emby.Emby = true
	emby.Agent, emby.AgentVersion, emby.Version, emby.Pending, emby.Invites, emby.Free, emby.KeptOut, emby.Address = false, "", "4.8.11.0", 0, 0, 0, 0, ""
	emby.Troubles, emby.GoneLibraries = nil, nil
	own := owned{serverID: 81985529216486895, to: "/servers/81985529216486895"}
	away.Away, away.Base = true, s.troubled(s.signedIn("server_owner"), "error.throttled")
	away.Troubles = nil
	for _, name := range []string{"disabled", "away", "not_allowed", "kept_out", "quick_connect", "no_address", "only_home"} {
		away.Troubles = append(away.Troubles, away.serverTrouble(own, name))
	}
	quiet := s.serverOwner()
	quiet.UpSince, quiet.Troubles, quiet.GoneLibraries = time.Time{}, nil, nil
	return []sample{{"server_owner", s.serverOwner()}, {"server_owner-emby", emby}, {"server_owner-away", away}, {"server_owner-quiet", quiet}}
}

func (s sampler) serverOwner() serverOwnerPage {
	b := s.noticed(s.signedIn("server_owner"), "notice.invite_sent")
	own := owned{serverID: 81985529216486895, to: "/servers/81985529216486895"}
	return serverOwnerPage{
		Base: b, Parts: partsOf(b, own, "summary"), ID: "81985529216486895", Name: "Attic", Face: face{samplePicture, "A", "face-5"},
		Agent: true, Version: "10.11.3", AgentVersion: "0.6.0", LastSeenAt: s.at, UpSince: s.at, People: 12, Free: 48, Pending: 1, Invites: 2, KeptOut: 1,
		Address: "https://a-rather-long-name-of-a-host.media.example.org:8920", Troubles: []serverTroubleView{b.serverTrouble(own, "kept_out")},
		GoneLibraries: []goneLibraryView{
			{"a", "Music (gone since 3 May 2026)", []likelyLibraryView{{"b", "Music & more"}}},
			{"c", "A library whose name is long enough to need two lines on a phone (gone since 3 May 2026)", []likelyLibraryView{
				{"d", "Movies"}, {"e", "Another library whose name is long enough to need two lines on a phone"}, {"f", "Kids"},
			}},
		},
	}
}

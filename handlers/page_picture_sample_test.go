package handlers

// samplePicture is the address of a picture that every site has.
const samplePicture = "/static/favicon.svg"

// pictureSamples returns the pages on which pictures are chosen.
func (s sampler) pictureSamples() []sample {
	own := picturePage{
		Base: s.signedIn("picture"), Path: ownPicturePath, Back: accountPath, Name: "Mira Køhler", Face: face{samplePicture, "MK", "face-2"},
	}
	fresh, wrong := own, own
	fresh.Face.Picture = ""
	wrong.Error, wrong.Wrong = own.T("error.picture_invalid"), true
	throttled := fresh
	throttled.Base = s.troubled(own.Base, "error.throttled")
	server := picturePage{
		Base: s.signedIn("picture_server"), OfServer: true, Path: "/servers/81985529216486895/picture", Back: "/servers/81985529216486895",
		Name: longName, Face: face{samplePicture, "AS", "face-5"},
	}
	freshServer := server
	freshServer.Face.Picture = ""
	member := picturePage{
		Base: s.signedIn("picture_member"), OfMember: true, Path: "/family/members/81985529216486897/picture", Back: "/family/members/81985529216486897",
		Name: "Kim", Face: face{samplePicture, "KI", "face-3"},
	}
	freshMember := member
	freshMember.Face.Picture = ""
	return []sample{
		{"picture", own},
		{"picture-fresh", fresh},
		{"picture-wrong", wrong},
		{"picture-throttled", throttled},
		{"server-picture", server},
		{"server-picture-fresh", freshServer},
		{"member-picture", member},
		{"member-picture-fresh", freshMember},
	}
}

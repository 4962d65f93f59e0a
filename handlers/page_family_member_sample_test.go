package handlers

import "github.com/latchkey-media/latchkey/models"

// familyMemberSamples returns the page of a member.
func (s sampler) familyMemberSamples() []sample {
	fresh := familyMemberPage{
		Base: s.signedIn("family_member"), Path: "/family/members/81985529216486897",
		Member:   memberView{ID: "81985529216486897", Name: "Kim", Username: "kim", Face: faceOf("Kim", 5, "")},
		Password: s.newPassword(), PIN: s.field("pin", "password", "pin", true), Email: s.field("email", "email", "new_email", true),
	}
	fresh.Ceiling = viewCeiling(fresh.Base, nil, mistakes{})
	fresh.Unlock = unlockPage{Member: fresh.Member.ID}.here()
	fresh.Password.Label = fresh.T("field.member_password")
	whole := fresh
	whole.Member.HasPassword, whole.Member.HasPIN, whole.Member.PINOff, whole.Leaving = true, true, true, "kim@example.org"
	whole.Sessions = s.sessions().Sessions[1:3]
	whole.Servers = []memberServerView{{ID: "81985529216486895", Name: longName, HoldPath: holdPath("1", "81985529216486897")}}
	whole.Ceiling = viewCeiling(whole.Base, &models.Ceiling{Age: 6}, mistakes{})
	whole.Waiting.Base = whole.Base
	whole.Waiting.Links = []pendingLinkView{{ID: "81985529216486895", Server: "Den", Owner: "bert", AskedAt: s.at}, {ID: "81985529216486896", Server: longName, AskedAt: s.at}}
	whole.Waiting.Invites = []receivedInviteView{s.received("family_member"), s.plainInvite("family_member")}
	wrong := fresh
	wrong.PIN, wrong.Wrong = s.wrong(fresh.PIN, "", "pin_sequence"), true
	return []sample{{"family_member", fresh}, {"family_member-whole", whole}, {"family_member-wrong", wrong}}
}

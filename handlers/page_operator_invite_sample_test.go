package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// operatorInviteSamples returns the pages of invites to sign up, and the page to which such an invite leads.
func (s sampler) operatorInviteSamples() []sample {
	list := operatorInvitesPage{operatorPage: s.operator("operator_invites", "invites"), Life: "14 days", Key: "k", State: models.InvitePending}
	list.Filters = operatorFilters("invites", "", nil, []string{"", models.InvitePending}, []string{list.T("operator.filter.all"), list.T("operator.filter.open")})
	list.Turns = turnsView{Base: list.Base}
	list.fill(newInputs(list.Base, form{}, mistakes{}))
	none := list
	none.Closed = true
	none.To = s.wrong(none.To, "mira", "email_invalid")
	var samples []sample
	for name, one := range map[string]models.Invite{
		"operator_invite":           {To: "a-very-long-address-with-many-letters@example.org", State: models.InvitePending, Note: "Come in!", Uses: 1},
		"operator_invite-accepted":  {Link: true, Greeting: longName, State: models.InviteAccepted, Uses: 2, Used: 2, UsedBy: []models.InviteUse{{Username: "mira.k", At: s.at}}},
		"operator_invite-withdrawn": {Link: true, State: models.InviteWithdrawn, Uses: 1},
		"operator_invite-expired":   {Link: true, State: models.InviteExpired, Uses: 1},
	} {
		one.ID, one.SignUp, one.CreatedAt, one.ExpiresAt, one.AnsweredAt = 7, true, s.at, s.at.Add(time.Hour), s.at
		page := operatorInvitePage{operatorPage: s.operator("operator_invite", "invites")}
		page.Of = page.operatedInvite(one)
		if page.Of.Pending {
			page.URL = "https://id.example.org/i#lki_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJK012345"
			page.QR = page.qr(page.URL, page.T("page.invite_link.qr"))
		}
		samples, list.Invites = append(samples, sample{name, page}), append(list.Invites, page.Of)
	}
	toSignUp := s.inviteSignUp()
	toSignUp.Email, toSignUp.Invite.Offers, toSignUp.Invite.SignUp = "", nil, true
	toSignUp.Address = s.field("email", "email", "email", true)
	return append(samples, sample{"operator_invites", list}, sample{"operator_invites-none", none}, sample{"invite-signup-service", toSignUp})
}

package handlers

import "time"

// inviteSamples returns the page that the mail of an invite leads to.
func (s sampler) inviteSamples() []sample {
	offers := s.received("invite")
	mistaken := s.inviteSignUp()
	mistaken.Base = s.troubled(mistaken.Base, "error.throttled")
	mistaken.Username = s.wrong(mistaken.Username, "mira.k", "username_taken")
	mistaken.Password = s.wrong(mistaken.Password, "", "password_weak.repeats")
	byLink := s.inviteSignUp()
	byLink.Email, byLink.Invite.Greeting, byLink.Address = "", "Aunt Nina", s.field("email", "email", "invite_email", true)
	family := inviteFamilyPage{
		Base: s.signedIn("invite_family"), Invite: s.received("invite_family"), InAlready: []string{"Lou", longName},
		People: []Choice{
			{ID: "account-1", Name: "account.1", Label: s.base("").T("field.invite_family.self", "Name", "Mira Køhler"), Chosen: true},
			{ID: "account-2", Name: "account.2", Label: "Kim", Chosen: true},
			{ID: "account-3", Name: "account.3", Label: longName},
		},
	}
	unchosen := family
	unchosen.ChosenError, unchosen.Wrong = family.T("error.family_nobody_chosen"), true
	return []sample{
		{"invite-signup", s.inviteSignUp()},
		{"invite-signup-mistakes", mistaken},
		{"invite-closed", invitePage{Base: s.base("invite"), Invite: s.plainInvite("invite"), Email: "mira@example.org", Closed: true}},
		{"invite-account", invitePage{Base: s.base("invite"), Invite: s.plainInvite("invite")}},
		{"invite-mine", invitePage{Base: s.signedIn("invite"), Invite: offers, Mine: true}},
		{"invite-circle", invitePage{Base: s.signedIn("invite"), Invite: s.circleInvite("invite"), Mine: true}},
		{"invite-link", invitePage{Base: s.signedIn("invite"), Invite: offers, ByLink: true}},
		{"invite-member", invitePage{Base: s.signedIn("invite"), Invite: offers, ByLink: true, Member: true, Start: "/servers"}},
		{"invite-signup-link", byLink},
		{"invite-link-owner", inviteLinkPage{
			Base: s.signedIn("invite_link"), ServerID: "1", Server: "Attic", URL: "https://id.example.org/i#lki_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJK012345",
			QR:     s.base("").qr("https://id.example.org/i#lki_0123", s.base("").T("page.invite_link.qr")),
			Invite: sentInviteView{ID: "7", Greeting: "Aunt Nina", Link: true, Uses: 5, Used: 1, CreatedAt: s.at, ExpiresAt: s.at},
		}},
		{"invite-open", inviteOpenPage{Base: s.base("invite_open"), Link: s.field("link", "text", "invite_link", true)}},
		{"invite-family", family},
		{"invite-family-wrong", unchosen},
		{"invite-other", invitePage{Base: s.signedIn("invite"), Invite: offers, Email: "someone.else@example.org"}},
		{"invite-other-account", invitePage{Base: s.signedIn("invite"), Invite: offers}},
	}
}

func (s sampler) inviteSignUp() inviteSignUpPage {
	form := s.signUp()
	form.Username.Value = "mira"
	return inviteSignUpPage{
		Base: s.base("invite_signup"), Invite: s.received("invite_signup"), Email: "mira@example.org",
		Username: form.Username, Password: form.Password, PasswordAgain: form.PasswordAgain,
	}
}

func (s sampler) received(page string) receivedInviteView {
	return receivedInviteView{
		Base: s.base(page), ID: "81985529216486895", From: "olga", Note: "Come in!\n<script>alert(1)</script> & welcome",
		CreatedAt: s.at, ExpiresAt: s.at.AddDate(0, 0, 14), Offers: []offerView{
			{Server: "Attic", Face: face{"", "A", "face-5"}, Libraries: []string{"Films", "Films for children & others"}, EndsAt: s.at.Truncate(24 * time.Hour).Add(-time.Millisecond)},
			{Server: longName, Face: face{"", "AS", "face-2"}, LocalUser: "mira", EndsAt: s.at},
		},
	}
}

func (s sampler) circleInvite(page string) receivedInviteView {
	b := s.base(page)
	return receivedInviteView{
		Base: b, ID: "8", From: "olga", CreatedAt: s.at, ExpiresAt: s.at, Circle: "Friends", Offers: []offerView{
			{Server: "Attic", Face: face{"", "A", "face-5"}, Owner: "olga"},
			{Server: longName, Face: face{"", "AS", "face-2"}, Owner: longName, State: b.T("circle.state.asks")},
		},
	}
}

func (s sampler) plainInvite(page string) receivedInviteView {
	return receivedInviteView{Base: s.base(page), ID: "7", From: "olga", CreatedAt: s.at, ExpiresAt: s.at, Offers: []offerView{{Server: "Attic", Face: face{"", "A", "face-5"}}}}
}

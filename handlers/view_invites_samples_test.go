package handlers

import "time"

// inviting are the pages on which people invite, are invited, and link
// themselves.
func (s sampler) inviting() []sample {
	offers := s.received("invite")
	answered := linksPage{Base: s.invited("links"), Invites: []receivedInviteView{s.received("links"), s.plainInvite("links")}}
	wrong := s.serverInvite()
	wrong.Base = s.troubled(wrong.Base, "error.throttled")
	wrong.To = s.wrong(wrong.To, "nobody", "username_unknown")
	wrong.To.Focus = true
	wrong.LocalUser.Error, wrong.ServersError = s.base("").T("error.local_user_unknown"), s.base("").T("error.servers_of_guests")
	wrong.EndsAt = s.wrong(wrong.EndsAt, "2020-01-01", "ends_at_invalid")
	wrong.Note = s.wrong(wrong.Note, "Hello\n<b>you</b>", "note_invalid")
	bare := s.serverInvite()
	bare.Reports, bare.Libraries, bare.LibrariesError, bare.ServersFocus = false, false, s.base("").T("error.library_unknown"), true
	bare.Servers = []serverChoice{{Choice: Choice{ID: "server-1", Name: "server.1", Label: "Attic", Chosen: true, Focus: true}}}
	invited := s.signUp()
	invited.Invited = "mira@example.org"
	refused := invited
	refused.Email = s.wrong(refused.Email, "", "email_not_invited")
	join := func(state string) proofPage {
		return proofPage{Base: s.signedIn("proof"), ID: "81985529216486895", Name: "Den & Co", State: state, ExpiresAt: s.at}
	}
	code, page, failed := join("shown"), join("shown"), join("failed")
	code.Code, page.URL = "482913", "https://agent.example.org:8921/prove?id=81985529216486895"
	failed.Reason = "expired"
	return []sample{
		{"server_owner-people", s.peopledServer()},
		{"server_owner-reports", s.reportingServer()},
		{"server_invite", s.serverInvite()},
		{"server_invite-mistakes", wrong},
		{"server_invite-bare", bare},
		{"links-invites", answered},
		{"invite", invitePage{Base: s.base("invite"), Invite: offers, Email: "mira@example.org", MaySignUp: true}},
		{"invite-closed", invitePage{Base: s.base("invite"), Invite: s.plainInvite("invite"), Email: "mira@example.org"}},
		{"invite-account", invitePage{Base: s.base("invite"), Invite: s.plainInvite("invite")}},
		{"invite-mine", invitePage{Base: s.signedIn("invite"), Invite: offers, Mine: true}},
		{"invite-other", invitePage{Base: s.signedIn("invite"), Invite: offers, Email: "someone.else@example.org"}},
		{"invite-other-account", invitePage{Base: s.signedIn("invite"), Invite: offers}},
		{"signup-invited", invited},
		{"signup-invited-mistake", refused},
		{"proof", join("")},
		{"proof-asked", join("asked")},
		{"proof-code", code},
		{"proof-page", page},
		{"proof-done", join("done")},
		{"proof-linked", join("linked")},
		{"proof-failed", failed},
	}
}

func (s sampler) received(page string) receivedInviteView {
	return receivedInviteView{
		Base: s.base(page), ID: "81985529216486895", From: "olga", Note: "Come in!\n<script>alert(1)</script> & welcome",
		CreatedAt: s.at, ExpiresAt: s.at.AddDate(0, 0, 14), Offers: []offerView{
			{Server: "Attic", Libraries: []string{"Films", "Films for children & others"}, EndsAt: s.at.Truncate(24 * time.Hour).Add(-time.Millisecond)},
			{Server: "A server whose name is rather long, as names that people choose at night are", LocalUser: "mira", EndsAt: s.at},
		},
	}
}

func (s sampler) plainInvite(page string) receivedInviteView {
	return receivedInviteView{Base: s.base(page), ID: "7", From: "olga", CreatedAt: s.at, ExpiresAt: s.at, Offers: []offerView{{Server: "Attic"}}}
}

func (s sampler) endsAt(id, label string) Field {
	f := s.field("ends_at", "date", label, false)
	f.ID, f.Required, f.Hint = id, false, s.base("").T("field.ends_at.hint")
	return f
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
			LinkID: "1", Name: "Bert Ørsted", Username: "bert", Since: s.at, LocalUser: "bertram", InvitedBy: "mira.k", End: s.at,
			Libraries: []string{"Films", "Music"}, EndsAt: s.endsAt("ends_at-0", "terms_end"), EndsWas: "2026-11-21", Choices: libraries("0"),
		},
		{LinkID: "2", Username: "carla", Guest: true, Pending: true, RequestedBy: "mira.k", Since: s.at},
		{
			LinkID: "3", Username: "dora", Guest: true, Since: s.at, EndsAt: s.wrong(s.endsAt("ends_at-2", "terms_end"), "2020-01-01", "ends_at_invalid"),
			Choices: libraries("2"), LibrariesError: s.base("").T("error.library_unknown"), Open: true,
		},
	}
	p.Invites = []sentInviteView{
		{
			ID: "1", To: "a.rather.long.name@a-rather-long-domain.example.org", Others: []string{"Cellar", "Garage"}, Libraries: []string{"Films"},
			Note: "Come in!\nAnd stay.", EndsAt: s.at, CreatedAt: s.at, ExpiresAt: s.at,
		},
		{ID: "2", To: "emil", LocalUser: "emil", CreatedAt: s.at, ExpiresAt: s.at},
	}
	p.LocalUsers = []localUserView{
		{ID: "1", Name: "bertram", LinkedTo: "bert"},
		{ID: "2", Name: "emil", Administrator: true},
		{ID: "3", Name: "A name that somebody gave their user on a long evening", Disabled: true},
		{ID: "4", Name: "gone", Gone: true},
	}
	return p
}

func (s sampler) reportingServer() serverOwnerPage {
	p := s.server()
	p.Agent = true
	return p
}

func (s sampler) serverInvite() serverInvitePage {
	b := s.base("")
	p := serverInvitePage{
		Base: s.signedIn("server_invite"), ServerID: "81985529216486895", Name: "Attic", Key: "key", Reports: true, Libraries: true,
		Life: b.T("duration.days", "Count", 14), To: s.field("to", "text", "invite_to", true), EndsAt: s.endsAt("", "invite_end"),
		Note: s.field("note", "", "invite_note", true),
		Servers: []serverChoice{
			{
				Choice:    Choice{ID: "server-1", Name: "server.1", Label: "Attic", Chosen: true},
				Libraries: []Choice{{ID: "library-1-0", Name: "library.1.a", Label: "Films", Chosen: true}, {ID: "library-1-1", Name: "library.1.b", Label: "Music"}},
			},
			{Choice: Choice{ID: "server-2", Name: "server.2", Label: "A server whose name is rather long, as names that people choose at night are"}},
		},
	}
	p.LocalUser.Field = s.field("local_user_id", "", "local_user", true)
	p.LocalUser.Options = []Option{{Label: b.T("field.local_user.guest"), Chosen: true}, {Value: "2", Label: "emil"}}
	return p
}

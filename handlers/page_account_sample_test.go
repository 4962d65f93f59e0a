package handlers

// accountSamples returns the first page of an account.
func (s sampler) accountSamples() []sample {
	return []sample{
		{"account", s.account()},
		{"account-fresh", s.freshAccount()},
		{"account-off", s.troubledAccount()},
	}
}

func (s sampler) account() accountPage {
	p := accountPage{
		Base: s.noticed(s.signedIn("account"), "notice.profile_saved"), Language: s.locale,
		Username: s.field("username", "text", "username", true), DisplayName: s.field("display_name", "text", "display_name", true),
		Email: "mira@example.org", EmailWaiting: "new@example.org", HasPIN: true, PINChangedAt: s.at.AddDate(-2, 0, 0), PINOld: true,
		Face:              face{samplePicture, "MK", "face-2"},
		PasswordChangedAt: s.at, CreatedAt: s.at.AddDate(-3, -1, 0), SessionCount: 3, Shared: true,
	}
	p.TimeZone = s.field("time_zone", "text", "time_zone", true)
	p.Username.Value, p.DisplayName.Value, p.TimeZone.Value, p.InviteMails = "mira.k", "Mira Køhler", "Europe/Copenhagen", true
	return p
}

func (s sampler) freshAccount() accountPage {
	p := s.account()
	p.Base = s.signedIn("account")
	p.Account.Newcomer = true
	p.Face.Picture = ""
	p.Email, p.EmailWaiting, p.HasPIN, p.PINOld, p.SessionCount = "", "", false, false, 1
	p.Shared = false
	return p
}

func (s sampler) troubledAccount() accountPage {
	p := s.account()
	p.Base = s.troubled(s.signedIn("account"), "error.throttled")
	p.InviteMails, p.PINOff, p.LanguageError = false, true, p.T("error.language_invalid")
	p.DisplayName = s.wrong(p.DisplayName, "x", "display_name_invalid")
	return p
}

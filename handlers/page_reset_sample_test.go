package handlers

// resetSamples returns the pages of a forgotten password.
func (s sampler) resetSamples() []sample {
	name := s.nameOrEmail()
	return []sample{
		{"reset_request", resetRequestPage{Base: s.base("reset_request"), NameOrEmail: name, Captcha: captchaView{Kind: "pow"}}},
		{"reset_request-recaptcha", resetRequestPage{
			Base: s.base("reset_request"), NameOrEmail: s.wrong(name, "", "name_or_email_missing"), Captcha: captchaView{Kind: "recaptcha"},
		}},
		{"reset_sent", resetSentPage{Base: s.base("reset_sent"), Life: s.base("").T("duration.hours", "Count", 1)}},
		{"reset", resetPage{
			Base: s.base("reset"), Username: "mira.k", Password: s.newPassword(),
			PasswordAgain: s.wrong(s.field("password_again", "password", "new_password_again", false), "", "passwords_differ"),
		}},
	}
}

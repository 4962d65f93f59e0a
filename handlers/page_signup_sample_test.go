package handlers

func (s sampler) signUp() signUpPage {
	p := signUpPage{
		Base: s.base("signup"), Username: s.field("username", "text", "username", true),
		DisplayName: s.field("display_name", "text", "display_name", true), Email: s.field("email", "email", "email", true),
		Password: s.field("password", "password", "password", true), PasswordAgain: s.field("password_again", "password", "password_again", false),
		Captcha: captchaView{Kind: "pow"},
	}
	p.Username.Focus = true
	return p
}

// signUpSamples returns the pages of a sign-up up to its mail.
func (s sampler) signUpSamples() []sample {
	mistaken := s.signUp()
	mistaken.Base = s.troubled(mistaken.Base, "error.throttled")
	mistaken.Username = s.wrong(mistaken.Username, "mira.k", "username_taken")
	mistaken.Username.Focus = true
	mistaken.Email = s.wrong(mistaken.Email, "mira@", "email_invalid")
	mistaken.Password = s.wrong(mistaken.Password, "", "password_weak.repeats")
	mistaken.Captcha.Error = s.base("").T("error.captcha_missing")
	unsolved := s.signUp()
	unsolved.Captcha.Error, unsolved.Captcha.Focus = mistaken.Captcha.Error, true
	google := s.signUp()
	google.Captcha = captchaView{Kind: "recaptcha", SiteKey: "site-key", Error: s.base("").T("error.captcha_refused")}
	unguarded := s.signUp()
	unguarded.Captcha.Kind = "off"
	email := s.field("email", "email", "email", false)
	return []sample{
		{"signup", s.signUp()},
		{"signup-mistakes", mistaken},
		{"signup-unsolved", unsolved},
		{"signup-recaptcha", google},
		{"signup-unguarded", unguarded},
		{"signup_closed", signUpClosedPage{Base: s.base("signup_closed")}},
		{"signup_closed-invite", signUpClosedPage{Base: s.base("signup_closed"), InviteOnly: true}},
		{"signup_sent", signUpSentPage{Base: s.base("signup_sent"), SentTo: "mira@example.org", Email: email}},
		{"signup_sent-mistake", signUpSentPage{
			Base: s.noticed(s.base("signup_sent"), "notice.resent"), SentTo: "a.rather.long.name@a-rather-long-domain.example.org",
			Email: s.wrong(email, "mira@", "email_invalid"),
		}},
		{"signup_sent-gone", signUpSentPage{Base: s.base("signup_sent")}},
	}
}

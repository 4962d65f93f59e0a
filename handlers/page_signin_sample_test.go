package handlers

// signInSamples returns the page on which people sign in.
func (s sampler) signInSamples() []sample {
	name, password := s.nameOrEmail(), s.field("password", "password", "password", false)
	return []sample{
		{"signin", signInPage{Base: s.base("signin"), NameOrEmail: name, Password: password, ReturnTo: "/account"}},
		{"signin-confirmed", signInPage{Base: s.noticed(s.base("signin"), "notice.confirmed"), NameOrEmail: name, Password: password}},
		{"signin-restored", signInPage{Base: s.base("signin"), NameOrEmail: name, Password: password, RestoredAt: s.at}},
		{"signin-mistake", signInPage{Base: s.troubled(s.base("signin"), "error.sign_in_wrong"), NameOrEmail: name, Password: password}},
	}
}

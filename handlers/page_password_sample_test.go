package handlers

// passwordSamples returns the page on which the password is changed.
func (s sampler) passwordSamples() []sample {
	return []sample{{"password", passwordPage{
		Base: s.signedIn("password"), CurrentPassword: s.currentPassword(), Password: s.newPassword(),
		PasswordAgain: s.field("password_again", "password", "new_password_again", false),
	}}}
}

package handlers

// passwordConfirmSamples returns the page that asks for the password once more.
func (s sampler) passwordConfirmSamples() []sample {
	return []sample{{"password_confirm", passwordConfirmPage{
		Base: s.signedIn("password_confirm"), Password: s.currentPassword(), ReturnTo: "/account/delete",
	}}}
}

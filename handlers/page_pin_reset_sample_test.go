package handlers

// pinResetSamples returns the pages of a forgotten PIN.
func (s sampler) pinResetSamples() []sample {
	pin, again := s.newPIN(), s.newPINAgain()
	return []sample{
		{"pin_reset_request", pinResetRequestPage{Base: s.signedIn("pin_reset_request"), HasEmail: true, Password: s.currentPassword(), PIN: pin, PINAgain: again}},
		{"pin_reset", pinResetPage{Base: s.base("pin_reset"), Username: "mira.k", PIN: pin, PINAgain: again}},
	}
}

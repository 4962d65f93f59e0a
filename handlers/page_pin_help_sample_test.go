package handlers

// pinHelpSamples returns the page that explains what a PIN is for.
func (s sampler) pinHelpSamples() []sample {
	return []sample{
		{"pin_help", pinHelpPage{Base: s.base("pin_help")}},
		{"pin_help-signed-in", pinHelpPage{Base: s.signedIn("pin_help")}},
	}
}

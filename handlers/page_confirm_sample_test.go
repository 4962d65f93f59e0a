package handlers

// confirmSamples returns the page that the mail of a sign-up leads to.
func (s sampler) confirmSamples() []sample {
	return []sample{{"confirm", confirmPage{
		Base: s.base("confirm"), Username: "mira.k", Email: "mira@example.org", Life: s.base("").T("duration.days", "Count", 7), Token: "token",
	}}}
}

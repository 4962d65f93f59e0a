package handlers

// confirmSamples returns the page to which the mail about a sign-up leads.
func (s sampler) confirmSamples() []sample {
	return []sample{{"confirm", confirmPage{
		Base: s.base("confirm"), Username: "mira.k", Email: "mira@example.org", Life: s.base("").T("duration.days", "Count", 7), Token: "token",
	}}}
}

package handlers

// landingSamples returns the first page, for people who are and are not signed in.
func (s sampler) landingSamples() []sample {
	closed := s.base("landing")
	closed.SignUpOpen = false
	run := s.base("landing")
	run.ServiceName, run.Operator = "Our living room", "Anna & Tom Berg"
	return []sample{
		{"landing", landingPage{Base: s.base("landing")}},
		{"landing-closed", landingPage{Base: s.noticed(closed, "notice.signed_out")}},
		{"landing-run-by", landingPage{Base: run}},
		{"landing-signed-in", landingPage{Base: s.signedIn("landing")}},
	}
}

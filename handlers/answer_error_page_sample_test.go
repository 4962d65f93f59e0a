package handlers

// errorSamples returns the page of an error.
func (s sampler) errorSamples() []sample {
	b := s.base("error")
	return []sample{
		{"error", errorPage{Base: b, Status: 404, Code: "not_found", Heading: b.T("error.not_found.title"), Text: b.T("error.not_found")}},
		{"error-expired", errorPage{
			Base: b, Status: 410, Code: "token_expired", Heading: b.T("error.token_expired.title"), Text: b.T("error.token_expired"),
			RequestID: "7f3a9c21d0e84b56", Action: "/forgot", ActionText: b.T("action.reset"),
		}},
	}
}

package handlers

// proofSamples returns the page of a proof in each of its states.
func (s sampler) proofSamples() []sample {
	proof := func(state string) proofPage {
		return proofPage{Base: s.signedIn("proof"), ID: "81985529216486895", Name: "Den & Co", State: state, ExpiresAt: s.at}
	}
	code, page, failed := proof("shown"), proof("shown"), proof("failed")
	code.Code, page.URL = "482913", "https://agent.example.org:8921/prove?id=81985529216486895"
	failed.Reason = "expired"
	return []sample{
		{"proof", proof("")},
		{"proof-asked", proof("asked")},
		{"proof-code", code},
		{"proof-page", page},
		{"proof-done", proof("done")},
		{"proof-linked", proof("linked")},
		{"proof-failed", failed},
	}
}

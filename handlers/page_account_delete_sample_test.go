package handlers

// accountDeleteSamples returns the page on which an account is deleted.
func (s sampler) accountDeleteSamples() []sample {
	current := s.currentPassword()
	return []sample{
		{"account_delete", accountDeletePage{Base: s.signedIn("account_delete"), Password: current}},
		{"account_delete-members", accountDeletePage{Base: s.signedIn("account_delete"), Password: current, Members: true}},
		{"account_delete-hands-over", accountDeletePage{Base: s.signedIn("account_delete"), Password: current, Members: true, HandsOver: "bert"}},
		{"account_delete-waits", accountDeletePage{Base: s.signedIn("account_delete"), Password: current, WaitUntil: s.at}},
	}
}

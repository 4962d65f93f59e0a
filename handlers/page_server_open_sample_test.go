package handlers

// serverOpenSamples returns the pages that lead to a server.
func (s sampler) serverOpenSamples() []sample {
	const systemID = "383ceec546a24889be99de692f6b7b09"
	b := s.base("")
	addresses := []openAddressView{
		{URL: "https://media.example.org:443", Shown: "https://media.example.org", Kind: b.T("address.wan"), Secure: true, Probe: true},
		{URL: "http://192.168.1.20:8096", Shown: "http://192.168.1.20:8096", Kind: b.T("address.lan"), Home: true},
	}
	digits := &Field{
		Name: "user_code", Type: "text", Label: b.T("field.quick_digits"), Hint: b.T("field.open_digits.hint"),
		Autocomplete: "off", InputMode: "numeric", Code: true,
	}
	page := serverOpenPage{Base: s.signedIn("server_open"), ID: "1", Name: "Den", SystemID: systemID, Addresses: addresses}
	quick, signs, none := page, page, page
	quick.Digits = digits
	signs.Digits, signs.SignsIn = digits, "https://media.example.org"
	none.Addresses = nil
	return []sample{
		{"server_open", page},
		{"server_open-digits", quick},
		{"server_open-signs_in", signs},
		{"server_open-none", none},
		{"server_open_allow", serverOpenAllowPage{
			Base: s.signedIn("server_open_allow"), ID: "1", Name: "Den", Address: "https://media.example.org",
			State: "0123456789abcdef", Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
		}},
	}
}

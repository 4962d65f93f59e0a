package handlers

// serverOpenSamples returns the page that leads to a server.
func (s sampler) serverOpenSamples() []sample {
	const systemID = "383ceec546a24889be99de692f6b7b09"
	b := s.base("")
	return []sample{
		{"server_open", serverOpenPage{Base: s.signedIn("server_open"), Name: "Den", SystemID: systemID, Addresses: []openAddressView{
			{URL: "https://media.example.org:443", Kind: b.T("address.wan"), Secure: true, Probe: true},
			{URL: "http://192.168.1.20:8096", Kind: b.T("address.lan")},
		}}},
		{"server_open-none", serverOpenPage{Base: s.signedIn("server_open"), Name: "Den", SystemID: systemID}},
	}
}

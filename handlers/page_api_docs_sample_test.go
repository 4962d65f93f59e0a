package handlers

// apiDocsSamples returns the reference of the API as it is.
func (s sampler) apiDocsSamples() []sample {
	contract, err := readContract()
	if err != nil {
		panic(err)
	}
	base := s.base("api_docs")
	groups := contract.groups(base, "https://id.example.org")
	return []sample{
		{"api_docs", apiDocsPage{base, contract.intro(), groups}},
		{"api_docs_group", apiDocsGroupPage{s.base("api_docs_group"), groups[0]}},
		{"api_docs_objects", apiDocsObjectsPage{s.base("api_docs_objects"), contract.objects(base)}},
	}
}

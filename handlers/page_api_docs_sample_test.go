package handlers

// apiDocsSamples returns the reference of the API as it is.
func (s sampler) apiDocsSamples() []sample {
	page := apiDocsPage{Base: s.base("api_docs")}
	contract, err := readContract()
	if err != nil {
		panic(err)
	}
	contract.fill(&page, "https://id.example.org")
	return []sample{{"api_docs", page}}
}

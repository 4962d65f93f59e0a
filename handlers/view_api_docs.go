package handlers

// APIDocsPage is templates/pages/api_docs.html: the contract for people to
// read. What comes from the file is English; the rest is in the reader's
// language.
type APIDocsPage struct {
	Base
	Intro   []string // paragraphs
	Groups  []APIGroup
	Objects []APIObject
}

// APIGroup is what the operations of one tag are about.
type APIGroup struct {
	ID, Name, Description string
	Operations            []APIOperation
}

// APIOperation is one method of one path.
type APIOperation struct {
	ID, Method, Path, Summary, Description string
	Callers                                []string // anybody, session, server key, operator, fresh password
	Parameters                             APITable
	Body                                   *APIObject // nil for none
	Answers                                []APIAnswer
	FieldCodes                             []string
	Curl                                   string
}

// APITable is a table of members with its headings.
type APITable struct {
	Base
	Rows []APIMember
}

// APIMember is a parameter, or a member of an object.
type APIMember struct {
	Name, In    string // In is path, query or header; "" for members
	Type        string
	Object      string // the object that Type ends in; "" for none
	Limits      []string
	Required    bool
	Description string
}

// APIObject is an object that is sent either way.
type APIObject struct {
	Name, Description string
	Members           APITable
	Example           string // JSON; "" for none
}

// APIAnswer is one status of an operation.
type APIAnswer struct {
	Status, Description string
	Object              string // of the body; "" for none
	Headers             []string
	Codes               []string // of the problem
	Example             string   // JSON; "" for none
}

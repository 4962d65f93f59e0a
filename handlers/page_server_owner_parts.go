package handlers

// serverParts is the data of partials/server_parts.html: the links from one page about a server to the others.
type serverParts struct {
	Base
	Parts []serverPart
}

// serverPart is one of the pages about a server.
type serverPart struct {
	Href, Text string
	Here       bool // the page itself
}

// partsOf returns the links between the pages about a server. The parameter here is the name of the
// page that shows the links.
func partsOf(b Base, own owned, here string) serverParts {
	return serverParts{b, []serverPart{
		{own.to, b.T("roster.parts.summary"), here == "summary"},
		{own.people(), b.T("roster.parts.people"), here == "people"},
		{own.to + "/invites", b.T("roster.parts.invites"), here == "invites"},
		{own.settings(), b.T("roster.parts.settings"), here == "settings"},
	}}
}

// settings returns the address of the page with the settings of the server.
func (o owned) settings() string { return o.to + "/settings" }

// people returns the address of the list of people of the server.
func (o owned) people() string { return o.to + "/people" }

// person returns the address of one person in the list of people. The id belongs to a link or to a
// local user.
func (o owned) person(id int64) string { return o.people() + "/" + idText(id) }

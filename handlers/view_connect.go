package handlers

import "time"

// ServersPage is templates/pages/servers.html.
type ServersPage struct {
	Base
	Usable  []UsableServer // accepted links
	Owned   []OwnedServerView
	Waiting int // invitations that wait for an answer
}

// UsableServer is a server that the person may use.
type UsableServer struct {
	ID     string // of GET /servers/ID/open
	LinkID string // hidden field "id" of POST /servers/leave
	Name   string
	Guest  bool
	Owner  string // username; "" for nobody
	Since  time.Time
	EndsAt time.Time // zero for no end
	// Disabled by the operator: it can be left, not opened.
	Disabled bool
}

// OwnedServerView is a server that the person runs.
type OwnedServerView struct {
	ID              string
	Name            string
	LastSeenAt      time.Time
	People, Pending int
	Disabled        bool // by the operator
}

// ServerOpenPage is templates/pages/server_open.html: the addresses of a server
// as links. static/js/open_server.js tries them in this order.
type ServerOpenPage struct {
	Base
	Name, SystemID string
	Addresses      []OpenAddress
}

// OpenAddress is one address to try.
type OpenAddress struct {
	URL    string
	Kind   string // where it works, in the reader's language
	Secure bool   // https
	Probe  bool   // browsers let our page try it
}

// ServerNewPage is templates/pages/server_new.html: POST /servers/new makes a
// claim code, POST /servers/claim takes an Id and an AccessKey.
type ServerNewPage struct {
	Base
	Code                string // "" before one is made
	Until               time.Time
	ServerID, AccessKey Field
}

// ServerPage is templates/pages/server.html: a server, for who runs it.
type ServerPage struct {
	Base
	ID, Name, ReportedName string
	Agent                  bool // runs our agent
	Version                string
	LastSeenAt             time.Time
	Disabled               bool
	NewKey                 string // shown once, after POST /servers/ID/key
	Rename                 Field  // "name"
	Addresses              []AddressView
	NewAddress             Field // "address"
	People                 []PersonView
	More                   string // of GET /servers/ID?people=…: there are more people; "" for no more
	Invites                []SentInvite
	LocalUsers             []LocalUserView
	SelfService            bool
	JoinURL                string // where people prove by themselves which local user they are
	HandOver               Field  // "username"
}

// AddressView is one address of a server, for its owner.
type AddressView struct {
	ID, URL, Kind   string // Kind in the reader's language
	Hidden, ByOwner bool
	First, Last     bool
	ReportedAt      time.Time
}

// PersonView is somebody who uses a server, or was asked to.
type PersonView struct {
	LinkID, Name, Username string // Name is "" when it is the username
	Guest, Pending         bool
	RequestedBy            string
	Since                  time.Time // accepted, or else asked
	LocalUser              string    // "" while none is known
	InvitedBy              string    // username; "" for nobody
	End                    time.Time // zero for none
	Libraries              []string  // none: as the server decides
	EndsAt                 Field     // "ends_at"
	EndsWas                string    // hidden field "ends_was": what that field held
	Choices                []Choice  // libraries; none: the server has told none
	LibrariesError         string
	Open                   bool // the form of the terms has mistakes
}

// InvitationsPage is templates/pages/invitations.html.
type InvitationsPage struct {
	Base
	Invitations []InvitationView
	Invites     []ReceivedInvite
}

// InvitationView is a link that waits for the person's answer.
type InvitationView struct {
	ID          string // hidden field "id"
	Server      string
	Owner       string // username; "" for a server that nobody has claimed
	RequestedBy string // as the server says; "" when it does not
	Guest       bool
	AskedAt     time.Time
}

// LinkPage is templates/pages/link.html: where the code of a device is typed.
type LinkPage struct {
	Base
	Code  Field // "user_code": that of a TV, or the six digits of Quick Connect
	Again bool  // the digits have to be typed once more
}

// LinkDevicePage is templates/pages/link_device.html: the device that shows the
// code, to be approved or denied.
type LinkDevicePage struct {
	Base
	UserCode                string // hidden field "user_code"
	Device, Client, Address string
	AskedAt, ExpiresAt      time.Time
}

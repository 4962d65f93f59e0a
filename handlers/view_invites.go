package handlers

import "time"

// End writes when something ends: a day that it lasts to the end of, or else a
// moment.
func (b Base) End(t time.Time) string {
	if next := t.Add(time.Millisecond).UTC(); next.Equal(next.Truncate(24 * time.Hour)) {
		return b.Date(t)
	}
	return b.DateTime(t)
}

// Choice is a box to tick.
type Choice struct {
	ID, Name string // of the input; its value is "on"
	Label    string
	Chosen   bool
	Focus    bool
}

// Option is a line of a select.
type Option struct {
	Value, Label string
	Chosen       bool
}

// SelectField is a select; partials/select.html renders it.
type SelectField struct {
	Field
	Options []Option
}

// SentInvite is an invite that waits for its answer, as its owner sees it: To is
// what they typed.
type SentInvite struct {
	ID, To, LocalUser    string // LocalUser is "" for a guest
	Others               []string
	Libraries            []string // none: as the server decides
	Note                 string
	EndsAt               time.Time // zero for none
	CreatedAt, ExpiresAt time.Time
}

// LocalUserView is a local user that a server reported.
type LocalUserView struct {
	ID, Name                      string
	LinkedTo                      string // username; "" for nobody
	Disabled, Administrator, Gone bool
}

// ServerInvitePage is templates/pages/server_invite.html: POST /invites.
type ServerInvitePage struct {
	Base
	ServerID, Name string
	Key            string // hidden field "key": a form that is sent twice makes one invite
	Reports        bool   // the server tells its local users
	LocalUser      SelectField
	To             Field
	Servers        []ServerChoice
	ServersError   string
	ServersFocus   bool
	Libraries      bool // one of the servers tells its libraries
	LibrariesError string
	EndsAt, Note   Field
	Life           string // how long the invite may be answered: "14 days"
}

// ServerChoice is a server of the owner's, to which a guest may be invited.
type ServerChoice struct {
	Choice
	Libraries []Choice // none: it has told none
}

// OfferView is what an invite offers on one server.
type OfferView struct {
	Server    string
	LocalUser string   // "" for a guest
	Libraries []string // none: as the server decides
	EndsAt    time.Time
}

// ReceivedInvite is an invite, for whom it may be.
type ReceivedInvite struct {
	Base
	ID, From, Note       string
	Offers               []OfferView
	CreatedAt, ExpiresAt time.Time
}

// InvitePage is templates/pages/invite.html, where the mail of an invite leads.
type InvitePage struct {
	Base
	Invite    ReceivedInvite
	Mine      bool   // the person is signed in with the account that may answer
	Email     string // the address that it was sent to; "" for an invite to an account
	MaySignUp bool
}

// JoinPage is templates/pages/join.html: somebody proves by themselves which
// local user of a server they are.
type JoinPage struct {
	Base
	ID, Name  string
	State     string // "" before it begins, asked, shown, done, linked or failed
	Code, URL string
	Reason    string // why it failed: denied, not_allowed, expired or unavailable
	ExpiresAt time.Time
}

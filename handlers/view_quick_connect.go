package handlers

// LinkQuickPage is templates/pages/link_quick.html: somebody has typed the six
// digits of Quick Connect, chooses the server and says that they see them now.
// POST /link/quick-connect.
type LinkQuickPage struct {
	Base
	Code         string            // hidden field "code"; shown as well
	Servers      []QuickServerView // radio buttons "server_id"; none: what to do is said instead
	ServersError string
}

// QuickServerView is a server on which a device can be signed in so.
type QuickServerView struct {
	ID, Name  string
	LocalUser string // whose device it will be; "" when only the agent knows
	Chosen    bool
	Focus     bool
}

// LinkQuickWaitPage is templates/pages/link_quick_wait.html: what became of it.
type LinkQuickWaitPage struct {
	Base
	ID, Server string
	State      string // asked, done or failed
	Reason     string // why it failed: code_wrong, not_allowed, unavailable, expired or replaced
}

package handlers

// localUserView is a local user that a server reported.
type localUserView struct {
	ID, Name                      string
	LinkedTo                      string // a username; "" if nobody is linked
	Disabled, Administrator, Gone bool
}

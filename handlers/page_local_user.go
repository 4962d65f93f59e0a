package handlers

// localUserView is a local user that a server reported.
type localUserView struct {
	ID, Name                      string
	LinkedTo                      string // username; "" for nobody
	Disabled, Administrator, Gone bool
}

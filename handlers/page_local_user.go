package handlers

// LocalUserView is a local user that a server reported.
type LocalUserView struct {
	ID, Name                      string
	LinkedTo                      string // username; "" for nobody
	Disabled, Administrator, Gone bool
}

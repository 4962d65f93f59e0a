package client

import (
	"context"
	"net/http"
)

// InviteLink is the link of an invite. Everybody who has it may accept the invite.
type InviteLink struct {
	Secret string `json:"secret"` // for [Invites.AcceptLink] and [InvitedSignUp]
	URL    string `json:"url"`    // for a browser
}

func (l *InviteLink) whole() bool { return l.Secret != "" && l.URL != "" }

// Link returns the link of an invite that the owner made, to copy it again. It returns [ErrNotFound] for an
// invite without a link, and for an invite that nobody can accept any longer.
func (i *Invites) Link(ctx context.Context, id ID) (InviteLink, error) {
	var out InviteLink
	err := i.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/invites/{id}/link", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

type inviteSecret struct {
	Secret string `json:"secret"`
}

// AcceptLink accepts the invite of a link, also if the owner meant another person. It returns [ErrInviteUsed],
// [ErrInviteWithdrawn] or [ErrInviteExpired] for an invite that nobody can accept any longer,
// [ErrInviteOwn] for the owner's own invite, or [ErrAlreadyMember].
func (i *Invites) AcceptLink(ctx context.Context, secret string) error {
	return i.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/invites/accept", body: inviteSecret{secret}, want: http.StatusNoContent,
	})
}

// InvitedSignUp is an account to be made with an invite.
type InvitedSignUp struct {
	Invite      string `json:"invite"` // the secret of the invite's link, or the token of its mail
	Username    string `json:"username"`
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email"`
	Password    string `json:"password"`
	Language    string `json:"language,omitempty"`    // "": the language of WithLanguage, if the service speaks it
	Client      string `json:"client,omitempty"`      // the app: "Den TV"
	DeviceName  string `json:"device_name,omitempty"` // for the person to read: "Ann's phone"
	DeviceID    string `json:"device_id,omitempty"`   // an id of the device that never changes
}

// SignUp makes an account, accepts the invite for it and signs it in. It needs no session token.
// A person with a link confirms the address later, and until then the account opens the servers
// of the invite alone. The token of a mail proves its address.
func (i *Invites) SignUp(ctx context.Context, in InvitedSignUp) (SignedIn, error) {
	var out SignedIn
	err := i.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/invites/sign-up", body: in, want: http.StatusCreated, open: true,
	}, &out)
	return out, err
}

package client

import (
	"context"
	"net/http"
)

// The reasons why an owner cannot sign a television in for a person. There are more reasons, about the local user: gone,
// administrator and not_allowed.
const (
	TelevisionOff         = "off"               // the agent does not let the owner do it, or is older
	TelevisionNoCodes     = "quick_connect_off" // the media server takes no codes now
	TelevisionLinked      = "linked"            // the local user was there before, and the agent does it for guests alone
	TelevisionPaused      = "paused"            // the owner has paused the stay of the person
	TelevisionDisabled    = "disabled"          // the account or the local user is disabled
	TelevisionPINRequired = "pin_required"      // nobody comes in before the person has given their PIN
)

// The people for whom an agent lets the owner sign televisions in, see [Report].
const (
	TelevisionsOff    = "off"
	TelevisionsGuests = "guests"
	TelevisionsLinked = "linked" // guests and everybody else who is linked
)

// Television says whether the owner of a server can sign a television in for a person.
type Television struct {
	LinkID      ID     `json:"link_id"`
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	LocalUser   string `json:"local_user"` // "" when only the agent knows
	Refused     string `json:"refused"`    // TelevisionOff and the others; "" if it works
}

func (t *Television) whole() bool { return t.LinkID != "" }

// Television returns whether the owner can sign a television in for the person of a link. It may return [ErrNotFound].
func (p *People) Television(ctx context.Context, serverID, linkID ID) (Television, error) {
	var out Television
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/people/{link_id}/television", values: []string{string(serverID), string(linkID)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

type signTelevisionIn struct {
	Code string `json:"code"`
}

// SignTelevisionIn asks the agent to sign in the television that shows the six digits, for the person of a link. Ask
// the owner once more who it is for. It may return an error about the field code, [ErrTelevisionRefused],
// [ErrConfirmPassword], [ErrThrottled] after some codes, or [ErrNotFound]. Afterwards [People.TelevisionTry] returns how far
// it has come.
func (p *People) SignTelevisionIn(ctx context.Context, serverID, linkID ID, code string) (QuickConnect, error) {
	var out QuickConnect
	err := p.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/people/{link_id}/television", values: []string{string(serverID), string(linkID)},
		body: signTelevisionIn{code}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// TelevisionTry returns the state of a try to sign a television in. It may return [ErrNotFound].
func (p *People) TelevisionTry(ctx context.Context, serverID, id ID) (QuickConnect, error) {
	var out QuickConnect
	err := p.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/televisions/{television_id}", values: []string{string(serverID), string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

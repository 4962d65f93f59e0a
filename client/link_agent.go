package client

import (
	"context"
	"net/http"
	"time"
)

// AgentLink is a link as the agent sees it.
type AgentLink struct {
	ID              ID            `json:"id"`
	AccountID       ID            `json:"account_id"`
	Username        string        `json:"username"`
	DisplayName     string        `json:"display_name"` // "" if the person has none
	LocalUser       *LocalUserRef `json:"local_user"`   // with the id that the media server uses; nil when unknown
	Type            string        `json:"type"`         // Linked or Guest
	Status          string        `json:"status"`       // Pending or Accepted
	Active          bool          `json:"active"`       // false while the account is disabled or not confirmed: refuse exchanges then
	Libraries       []Library     `json:"libraries"`    // nil if the server decides
	EndsAt          time.Time     `json:"ends_at,omitzero"`
	AccessKeySHA256 string        `json:"access_key_sha256"` // in hex digits; "" while the link is pending

	// DeviceKeys is true if the key of the link opens nothing, and each session of the account
	// has an access key of its own instead: the id of the session in 16 hex digits, and the
	// first 16 hex digits of an HMAC-SHA256 of these 8 bytes, with the bytes of AccessKeySHA256
	// as its key. Then AccessKeySHA256 is a secret.
	DeviceKeys bool `json:"device_keys"`
	// SessionMark is above the ids of all sessions that began before this link was read; "" without
	// DeviceKeys.
	SessionMark ID `json:"session_mark"`

	// Pause is set while the owner has paused the link; then Active is false. The agent disables the local user of a
	// guest, ends the tokens, and ends the pause by itself at Pause.Until.
	Pause *AgentPause `json:"pause"`
	// HandResetAt is when the owner last asked for a reset of everything that an administrator has changed by
	// hand at the media server. It is zero if the owner never asked.
	HandResetAt time.Time `json:"hand_reset_at,omitzero"`

	// Levels limit what the local user of the link may see and do; nil if there are none.
	Levels *AgentLevels `json:"levels"`
}

func (l *AgentLink) whole() bool { return l.ID != "" }

type agentLinkList struct {
	Links []AgentLink `json:"links"`
}

func (l *agentLinkList) whole() bool { return l.Links != nil }

// Links returns all links of the server.
func (a *Agent) Links(ctx context.Context) ([]AgentLink, error) {
	var out agentLinkList
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server/links", want: http.StatusOK, again: always}, &out)
	return out.Links, err
}

// AskLink is the request of a server for a link.
type AskLink struct {
	To          string `json:"to"`                     // a username
	LocalUser   string `json:"local_user,omitempty"`   // its id on the media server; "" if there is none yet
	Type        string `json:"type"`                   // Linked or Guest
	RequestedBy string `json:"requested_by,omitempty"` // the name of the asker, for the person to read
}

// AskForLink asks for a link. The person has to accept it.
func (a *Agent) AskForLink(ctx context.Context, in AskLink) (AgentLink, error) {
	var out AgentLink
	err := a.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/server/links", body: in, want: http.StatusCreated}, &out)
	return out, err
}

// EndLink ends a link of the server.
func (a *Agent) EndLink(ctx context.Context, id ID) error {
	return a.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/server/links/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

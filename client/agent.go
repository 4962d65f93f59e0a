package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Agent is for the program beside a media server. The token of its Client is the
// server key.
type Agent struct{ core *core }

// ThisServer is what the service knows of the server.
type ThisServer struct {
	ID              ID        `json:"id"`
	SystemID        string    `json:"system_id"`
	Name            string    `json:"name"`     // that people see
	OwnName         string    `json:"own_name"` // that the owner gave it; "" for none
	Owner           string    `json:"owner"`    // a username; "" when nobody claimed it
	Version         string    `json:"version"`
	SelfService     bool      `json:"self_service"`
	ChangeSeq       int64     `json:"change_seq"`              // the number of the latest change
	AcknowledgedSeq int64     `json:"acknowledged_seq"`        // up to which changes were acknowledged
	KeyExpiresAt    time.Time `json:"key_expires_at,omitzero"` // of the key that asks; zero for the present one
	Addresses       []Address `json:"addresses"`
	SeenAs          string    `json:"seen_as"` // where this request came from; "" when unknown
}

func (s *ThisServer) whole() bool { return s.ID != "" }

// Get returns what the service knows of the server.
func (a *Agent) Get(ctx context.Context) (ThisServer, error) {
	var out ThisServer
	err := a.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/server", want: http.StatusOK, again: always}, &out)
	return out, err
}

// Report is all that a server tells of itself. A nil list is not sent.
type Report struct {
	Name       string              `json:"name"`
	Version    string              `json:"version,omitempty"`
	SystemID   string              `json:"system_id"`
	Addresses  []Address           `json:"addresses,omitzero"` // lan, vpn and wan; the best of each kind first
	LocalUsers []ReportedLocalUser `json:"local_users,omitzero"`
	Libraries  []Library           `json:"libraries,omitzero"`

	// QuickConnect tells that codes of Quick Connect can be approved at the media
	// server now.
	QuickConnect bool `json:"quick_connect,omitempty"`
}

// ReportedLocalUser is a local user as the media server knows it.
type ReportedLocalUser struct {
	ID            string `json:"id"` // what the media server calls it
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
}

// ReportAnswer tells what a report was taken for.
type ReportAnswer struct {
	Changed bool   `json:"changed"` // whether it was other than the one before
	SeenAs  string `json:"seen_as"` // where it came from; "" when unknown
}

// Report reports the server. One that changes nothing is cheap.
func (a *Agent) Report(ctx context.Context, in Report) (ReportAnswer, error) {
	var out ReportAnswer
	err := a.core.fetch(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/report", body: in, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// AgentLink is a link as the agent sees it.
type AgentLink struct {
	ID              ID            `json:"id"`
	AccountID       ID            `json:"account_id"`
	Username        string        `json:"username"`
	DisplayName     string        `json:"display_name"` // "" for none
	LocalUser       *LocalUserRef `json:"local_user"`   // by what the media server calls it; nil when unknown
	Type            string        `json:"type"`         // Linked or Guest
	Status          string        `json:"status"`       // Pending or Accepted
	Active          bool          `json:"active"`       // false while the account is disabled or not confirmed: no exchange then
	Libraries       []Library     `json:"libraries"`    // nil: as the server decides
	EndsAt          time.Time     `json:"ends_at,omitzero"`
	AccessKeySHA256 string        `json:"access_key_sha256"` // in hex digits; "" while the link is pending
}

func (l *AgentLink) whole() bool { return l.ID != "" }

// Kinds of changes.
const (
	LinkChanged  = "link_changed"  // made, accepted, other terms, another access key, its account disabled or enabled
	LinkRemoved  = "link_removed"  // the only ground to take a link away
	DevicesEnded = "devices_ended" // of the account: the sessions of one device, or of all when there is no DeviceID
	ProofAsked   = "proof_asked"   // see [Agent.Proofs]
)

// Change is something that an agent has to carry out. It passes over kinds that
// it does not know.
type Change struct {
	Seq       int64      `json:"seq"`
	Kind      string     `json:"kind"` // LinkChanged and the others
	At        time.Time  `json:"at"`
	LinkID    ID         `json:"link_id"`    // "" when it is about no link
	AccountID ID         `json:"account_id"` // "" when it is about no account
	DeviceID  string     `json:"device_id"`  // "" when it is about no device
	Link      *AgentLink `json:"link"`       // as it is now; nil when it is gone
}

// ChangeList is what an agent has to carry out, the oldest first. There may be
// more when the last of Changes is below Last.
type ChangeList struct {
	Changes []Change `json:"changes"`
	Last    int64    `json:"last"` // the number of the server's latest change
}

func (l *ChangeList) whole() bool { return l.Changes != nil }

// longestPoll is how long the service waits at most.
const longestPoll = 25 * time.Second

// Changes returns the changes behind the one with the number after. When there
// is none it waits for one, up to wait, 25 seconds at most, or until ctx is over;
// then the list is empty. Only what it says is removed is removed: never conclude
// that from an absence, nor from an error.
func (a *Agent) Changes(ctx context.Context, after int64, wait time.Duration) (ChangeList, error) {
	wait = min(max(wait, 0), longestPoll).Truncate(time.Second)
	var out ChangeList
	err := a.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/server/changes", want: http.StatusOK, again: always, longer: wait,
		query: url.Values{"after": {strconv.FormatInt(after, 10)}, "wait": {strconv.Itoa(int(wait / time.Second))}},
	}, &out)
	return out, err
}

type acknowledge struct {
	Seq int64 `json:"seq"`
}

// Acknowledge tells that all changes up to seq were carried out. They are not
// told again.
func (a *Agent) Acknowledge(ctx context.Context, seq int64) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/changes/acknowledge", body: acknowledge{seq},
		want: http.StatusNoContent, again: always,
	})
}

type askExchange struct {
	AccessKey string `json:"access_key"`
	AccountID ID     `json:"account_id,omitempty"`
}

type exchange struct {
	Link AgentLink `json:"link"`
}

func (e *exchange) whole() bool { return e.Link.whole() }

// Exchange checks an access key that a device showed, and returns its link.
// AccountID is the account that the device named, "" for none. What is unknown,
// pending, ended or disabled answers [ErrAccessKeyWrong].
func (a *Agent) Exchange(ctx context.Context, accessKey string, accountID ID) (AgentLink, error) {
	var out exchange
	err := a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/exchanges", body: askExchange{accessKey, accountID},
		want: http.StatusOK, again: always,
	}, &out)
	return out.Link, err
}

// RotateKey replaces the server key. The one that asks goes on for a while.
func (a *Agent) RotateKey(ctx context.Context) (ServerKey, error) {
	var out ServerKey
	err := a.core.fetch(ctx, call{method: http.MethodPost, path: "/api/v1/server/key", want: http.StatusOK}, &out)
	return out, err
}

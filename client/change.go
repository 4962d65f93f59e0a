package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

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

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
	LinkChanged  = "link_changed"  // a link was made or accepted, got new terms or a new access key, or its account was disabled or enabled
	LinkRemoved  = "link_removed"  // a link was removed; an agent removes a link for no other reason
	DevicesEnded = "devices_ended" // sessions of the account ended: those of one device, or of all devices if DeviceID is ""
	ProofAsked   = "proof_asked"   // see [Agent.Proofs]

	SessionEnded    = "session_ended"     // a session ended, and with it its access key and the local tokens that were given for it
	SessionKeyEnded = "session_key_ended" // the access key of a session ended, and its local tokens stay

	ChecksAsked = "checks_asked" // the owner wants the results of new checks, see [Agent.TellChecks]

	HandedOver = "server_handed_over" // the server has another owner; see [ThisServer]
)

// Change is one thing that an agent has to do. An agent ignores kinds of changes
// that it does not know.
type Change struct {
	Seq       int64      `json:"seq"`
	Kind      string     `json:"kind"` // LinkChanged and the others
	At        time.Time  `json:"at"`
	LinkID    ID         `json:"link_id"`    // "" if the change concerns no link
	AccountID ID         `json:"account_id"` // "" if the change concerns no account
	DeviceID  string     `json:"device_id"`  // "" if the change concerns no device
	SessionID ID         `json:"session_id"` // of SessionEnded and SessionKeyEnded; else ""
	Link      *AgentLink `json:"link"`       // the link as it is now; nil if it was removed
}

// ChangeList holds changes that an agent has to carry out, the oldest first. The service has
// further changes if the number of the last one in the list is below Last.
type ChangeList struct {
	Changes []Change `json:"changes"`
	Last    int64    `json:"last"` // the number of the server's latest change
}

func (l *ChangeList) whole() bool { return l.Changes != nil }

// longestPoll is the longest time for which the service waits for a change.
const longestPoll = 25 * time.Second

// Changes returns the changes whose numbers are higher than the parameter after. If the service has
// no such change, it waits for one, as long as the parameter wait says, but at most 25 seconds. If
// none comes, the list is empty. Treat a link as removed only if a change says so, and never because
// of an error, or because an answer does not mention the link.
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
	Seq     int64          `json:"seq"`
	Waiting []WaitingGuest `json:"waiting,omitzero"` // nil changes nothing
}

// Acknowledge reports that all changes up to the number seq were carried out. The service does not
// send them again. A seq of 0 acknowledges nothing. The parameter waiting lists all guests whose
// local user the agent does not create now, and replaces the list that was reported before. An empty
// list says that nobody waits, and nil changes nothing. A service that is too old to know this list
// refuses the request with [ErrJSONInvalid].
func (a *Agent) Acknowledge(ctx context.Context, seq int64, waiting []WaitingGuest) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/changes/acknowledge", body: acknowledge{Seq: seq, Waiting: waiting},
		want: http.StatusNoContent, again: always,
	})
}

// Reasons for which a server creates no local user for a guest.
const (
	WaitGuestsOff = "guests_off"       // its settings let the agent create no local users
	WaitLimit     = "guest_limit"      // there are as many guests as its settings allow
	WaitHourly    = "guests_hourly"    // as many as its settings allow were created within the hour; it creates the others later
	WaitRefused   = "guest_refused"    // the media server refuses it
	WaitNameTaken = "guest_name_taken" // the media server refuses every name like the username
)

// WaitingGuest is a guest whose local user the agent does not create now.
type WaitingGuest struct {
	LinkID ID     `json:"link_id"`
	Reason string `json:"reason"` // WaitGuestsOff or another
}

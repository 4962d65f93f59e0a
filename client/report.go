package client

import (
	"context"
	"net/http"
)

// Report describes a server to the service. A nil list is not sent and changes
// nothing.
type Report struct {
	Name       string              `json:"name"`
	Version    string              `json:"version,omitempty"`
	SystemID   string              `json:"system_id"`
	Addresses  []Address           `json:"addresses,omitzero"` // lan, vpn and wan; the best of each kind first
	LocalUsers []ReportedLocalUser `json:"local_users,omitzero"`
	Libraries  []ReportedLibrary   `json:"libraries,omitzero"`

	// QuickConnect is true if the agent can approve codes of Quick Connect at the
	// media server now.
	QuickConnect bool `json:"quick_connect,omitempty"`

	// Run is a random text that an agent makes at each start, so that two agents with the
	// same key are told apart; "" if it does not say. A service that is older than this member
	// refuses it with [ErrJSONInvalid].
	Run string `json:"run,omitempty"`
}

// ReportedLocalUser is a local user as the media server knows it.
type ReportedLocalUser struct {
	ID            string `json:"id"` // its id on the media server
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
	NotAllowed    bool   `json:"not_allowed,omitempty"` // nobody is let in as this local user until the admin says yes
}

// ReportedLibrary is a library as the media server knows it.
type ReportedLibrary struct {
	ID   string `json:"id"` // its id on the media server
	Name string `json:"name"`
	Kind string `json:"kind,omitempty"` // what is in it, as the media server names that, such as movies
}

// ReportAnswer is the answer of the service to a report.
type ReportAnswer struct {
	Changed bool `json:"changed"` // whether the report differs from the one before
	// AnotherRun reports whether the report before came from another run of an agent with the
	// same key. After a start that is usual; again and again means that two agents run.
	AnotherRun bool   `json:"another_run"`
	SeenAs     string `json:"seen_as"` // the address that the report came from; "" when unknown
}

// Report sends a report about the server. A report without news costs little; reports
// with news are limited, and above the limit it returns [ErrThrottled].
func (a *Agent) Report(ctx context.Context, in Report) (ReportAnswer, error) {
	var out ReportAnswer
	err := a.core.fetch(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/report", body: in, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

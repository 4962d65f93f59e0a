package client

import (
	"context"
	"net/http"
)

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

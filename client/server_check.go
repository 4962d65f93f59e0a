package client

import (
	"context"
	"net/http"
	"time"
)

// States of a check.
const (
	CheckOK        = "ok"
	CheckWarning   = "warning"   // it works, but something should be done
	CheckWrong     = "wrong"     // something does not work
	CheckUnchecked = "unchecked" // it could not be checked
)

// Names of checks. The service passes over names that it does not know.
const (
	CheckMediaServer  = "media_server"  // the media server answers its agent
	CheckVersion      = "version"       // of the media server
	CheckKey          = "key"           // that the agent uses at the media server
	CheckQuickConnect = "quick_connect" // is on at the media server
	CheckOlderApps    = "older_apps"    // apps in the manner of Emby can use the media server
	CheckAddress      = "address"       // the media server answers there; the subject is the address
	CheckOpenPath     = "open_path"     // the proxy hands the path for browsers to the agent; the subject is the address
	CheckConnectPath  = "connect_path"  // the proxy hands the Connect paths to the agent; the subject is the address
	CheckClock        = "clock"         // of the agent's machine
	CheckDisk         = "disk"          // on which the agent's file is
)

// CheckResult is the result of one check of an agent.
type CheckResult struct {
	Name    string `json:"name"`              // CheckMediaServer or another
	Subject string `json:"subject,omitempty"` // the address that was checked, as the report names it; else ""
	State   string `json:"state"`             // CheckOK or another
	Reason  string `json:"reason"`            // why, in one word: "ok", "certificate_expired"; the contract of the API lists them

	Until     time.Time `json:"until,omitzero"`      // the end of a certificate
	Version   string    `json:"version,omitempty"`   // of the media server
	Seconds   int64     `json:"seconds,omitempty"`   // by which the clock is wrong
	Megabytes int64     `json:"megabytes,omitempty"` // that are free on the disk
}

type toldChecks struct {
	Checks []CheckResult `json:"checks"`
}

// TellChecks tells the service the results of all checks, at most 100. A result that is missing
// counts as resolved.
func (a *Agent) TellChecks(ctx context.Context, results []CheckResult) error {
	return a.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/checks", body: toldChecks{results}, want: http.StatusNoContent, again: always,
	})
}

// ServerCheck is the result of a check as the owner of the server sees it.
type ServerCheck struct {
	CheckResult

	Since time.Time `json:"since"` // when this state was told for the first time
}

// ServerChecks are the results of the last checks of a server.
type ServerChecks struct {
	Checks    []ServerCheck `json:"checks"`     // the worst first
	CheckedAt time.Time     `json:"checked_at"` // when the agent told them; zero before it did
	AskedAt   time.Time     `json:"asked_at"`   // when an owner asked for newer ones; zero if they have come
}

func (c *ServerChecks) whole() bool { return c.Checks != nil }

// Checks returns what the agent of a server last found.
func (s *Servers) Checks(ctx context.Context, id ID) (ServerChecks, error) {
	var out ServerChecks
	err := s.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/checks", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// AskForChecks asks the agent of a server to check everything now. The results come some seconds
// later, see [Servers.Checks]. It returns [ErrThrottled] if it was called less than a minute
// before.
func (s *Servers) AskForChecks(ctx context.Context, id ID) error {
	return s.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/checks", values: []string{string(id)}, want: http.StatusAccepted,
	})
}

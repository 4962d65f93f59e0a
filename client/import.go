package client

import (
	"context"
	"net/http"
	"time"
)

// Import is a list of people whom an owner brings to a server together, with what happens with each of
// them.
type Import struct {
	ID        ID           `json:"id"`
	ServerID  ID           `json:"server_id"`
	Source    string       `json:"source"` // where the list comes from: "page", "csv", "json", "jfa-go" or "wizarr"
	Status    string       `json:"status"` // "draft", "running" or "done"
	CreatedAt time.Time    `json:"created_at"`
	StartedAt time.Time    `json:"started_at,omitzero"` // zero for a draft
	ExpiresAt time.Time    `json:"expires_at"`
	Counts    ImportCounts `json:"counts"`
	Lines     []ImportLine `json:"lines,omitzero"` // nil in lists of imports
}

func (i *Import) whole() bool { return i.ID != "" }

// ImportCounts counts the lines of an [Import].
type ImportCounts struct {
	Lines    int `json:"lines"`
	Invite   int `json:"invite"`  // that make, or have made, an invite
	Made     int `json:"made"`    // invites that have been made
	Same     int `json:"same"`    // people who are linked or invited already
	Refused  int `json:"refused"` // all other lines
	Waiting  int `json:"waiting"` // invites that nobody has answered
	Accepted int `json:"accepted"`
	Declined int `json:"declined"`
}

// ImportLine is one person of an [Import].
type ImportLine struct {
	Line       int       `json:"line"` // the first is 1
	Name       string    `json:"name"` // that the page of the invite greets
	To         string    `json:"to"`
	LocalUser  string    `json:"local_user"` // its name; "" for a guest
	Libraries  []Library `json:"libraries"`  // nil if the server decides
	EndsAt     time.Time `json:"ends_at,omitzero"`
	Outcome    string    `json:"outcome"`     // "invite", or why there is none
	OtherLine  int       `json:"other_line"`  // the earlier line that the outcome is about; 0 for none
	Answer     string    `json:"answer"`      // the status of the invite; "" without one
	AnsweredBy string    `json:"answered_by"` // a username
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	MailAt     time.Time `json:"mail_at,omitzero"`
	RemindedAt time.Time `json:"reminded_at,omitzero"`
	Reminders  int       `json:"reminders"`
	CanRemind  bool      `json:"can_remind"`
}

// NewImport is a list of people to bring to a server.
type NewImport struct {
	Source  string          `json:"source"`            // as in [Import]
	Profile string          `json:"profile,omitempty"` // the name or the id of a profile of the server
	Lines   []NewImportLine `json:"lines"`

	// IdempotencyKey makes repetitions safe. It has 16 to 128 visible ASCII characters;
	// if it is "", the Client makes one.
	IdempotencyKey string `json:"-"`
}

// NewImportLine is one person of a [NewImport].
type NewImportLine struct {
	Name      string   `json:"name,omitempty"`
	To        string   `json:"to,omitempty"`         // a username or an email address
	LocalUser string   `json:"local_user,omitempty"` // its id or its name on the media server; "" for a guest
	Libraries []string `json:"libraries,omitzero"`   // ids or names; nil if the profile or the server decides
	EndsAt    string   `json:"ends_at,omitempty"`    // a day such as 2027-01-31, or a moment with its time zone
}

// ImportPage returns a page of the imports to a server, the newest first, without their lines.
func (i *Invites) ImportPage(ctx context.Context, serverID ID, ask PageAsk) (Page[Import], error) {
	return fetchPage[Import](ctx, i.core, ask, "/api/v1/servers/{id}/imports", nil, string(serverID))
}

// DraftImport makes a draft, which says for each line what would happen and changes nothing.
func (i *Invites) DraftImport(ctx context.Context, serverID ID, in NewImport) (Import, error) {
	return draftImport(ctx, i.core, "/api/v1/servers/{id}/imports", in, string(serverID))
}

func draftImport(ctx context.Context, c *core, path string, in NewImport, values ...string) (Import, error) {
	header, err := c.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return Import{}, err
	}
	var out Import
	err = c.fetch(ctx, call{method: http.MethodPost, path: path, values: values, header: header, body: in, want: http.StatusCreated, again: always}, &out)
	return out, err
}

// Import returns an import with its lines and the answers to its invites.
func (i *Invites) Import(ctx context.Context, serverID, importID ID) (Import, error) {
	var out Import
	err := i.core.fetch(ctx, call{
		method: http.MethodGet, path: "/api/v1/servers/{id}/imports/{import_id}", values: []string{string(serverID), string(importID)},
		want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// DiscardImport deletes the list of an import. Invites that it has made stay.
func (i *Invites) DiscardImport(ctx context.Context, serverID, importID ID) error {
	return i.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/imports/{import_id}", values: []string{string(serverID), string(importID)},
		want: http.StatusNoContent, again: untilGone,
	})
}

// RunImport carries out a draft. Running an import again changes nothing.
func (i *Invites) RunImport(ctx context.Context, serverID, importID ID) (Import, error) {
	var out Import
	err := i.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/imports/{import_id}/run", values: []string{string(serverID), string(importID)},
		want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

// reminded is the answer of [Invites.RemindImport].
type reminded struct {
	Reminded *int `json:"reminded"`
}

func (r *reminded) whole() bool { return r.Reminded != nil }

// RemindImport mails the people of an import who have not answered, and returns how many get a mail. If
// lines is not nil, only the people of these lines are reminded. Nobody is reminded more often than the
// service allows.
func (i *Invites) RemindImport(ctx context.Context, serverID, importID ID, lines []int) (int, error) {
	var out reminded
	err := i.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/servers/{id}/imports/{import_id}/remind", values: []string{string(serverID), string(importID)},
		body: struct {
			Lines []int `json:"lines,omitzero"`
		}{lines}, want: http.StatusOK,
	}, &out)
	if err != nil {
		return 0, err
	}
	return *out.Reminded, nil
}

// DraftImport makes a draft of an import to the server in the name of its owner. It returns
// [ErrServerUnclaimed] for a server that nobody has claimed.
func (a *Agent) DraftImport(ctx context.Context, in NewImport) (Import, error) {
	return draftImport(ctx, a.core, "/api/v1/server/imports", in)
}

// RunImport carries out a draft of [Agent.DraftImport]. Running it again changes nothing, and tells how
// far the import is.
func (a *Agent) RunImport(ctx context.Context, id ID) (Import, error) {
	var out Import
	err := a.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/imports/{id}/run", values: []string{string(id)}, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

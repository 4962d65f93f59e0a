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

	// PasswordKey is the agent's public key, to which browsers seal a password for a local user:
	// an uncompressed point of P-256 in base64url. It is "" if the agent takes no passwords. A
	// service that is older than this member refuses it with [ErrJSONInvalid].
	PasswordKey string `json:"password_key,omitempty"`

	// OpenAddresses are the addresses, out of Addresses, below which the agent answers
	// browsers, so that Open leads there. A service that is older than this member refuses it with
	// [ErrJSONInvalid].
	OpenAddresses []string `json:"open_addresses,omitempty"`

	// DeviceKeys is true if the agent takes an access key for each session, see [AgentLink]. A
	// service that is older than this member refuses it with [ErrJSONInvalid].
	DeviceKeys bool `json:"device_keys,omitempty"`

	// Levels says for which local users the agent holds levels: LevelsGuests or another; "" for an
	// agent that knows no levels. The names that levels can use are in Choices. A service that is older
	// than these members refuses them with [ErrJSONInvalid].
	Levels  string        `json:"levels,omitempty"`
	Choices *LevelChoices `json:"choices,omitempty"` // nil changes nothing

	// Televisions says for whom the agent lets the owner of the server sign televisions in: TelevisionsGuests
	// or another; "" for an agent that does not say. A service that is older than this member refuses it with
	// [ErrJSONInvalid].
	Televisions string `json:"televisions,omitempty"`

	// MediaServer says which media server it is: [MediaJellyfin], [MediaEmby] or [MediaBuiltin]. It is ""
	// for an agent that does not say. A service that is older than this member refuses it with
	// [ErrJSONInvalid].
	MediaServer string `json:"media_server,omitempty"`

	// Run is a random text that an agent makes at each start. By it, the service tells apart two
	// agents that use the same key. It is "" if the agent does not send it. A service that is too
	// old to know this member refuses the report with [ErrJSONInvalid].
	Run string `json:"run,omitempty"`
}

// The media servers beside which an agent works, as a report names them.
const (
	MediaJellyfin = "jellyfin"
	MediaEmby     = "emby"
	MediaBuiltin  = "builtin"
)

// ReportedLocalUser is a local user as the media server knows it.
type ReportedLocalUser struct {
	ID            string `json:"id"` // its id on the media server
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled,omitempty"`
	Administrator bool   `json:"administrator,omitempty"`
	NotAllowed    bool   `json:"not_allowed,omitempty"` // nobody is let in as this local user until the admin allows that

	// Sees are the libraries that a linked local user sees without any level; nil if the agent does not
	// tell them. A service that is older than this member refuses it with [ErrJSONInvalid].
	Sees *SeenLibraries `json:"sees,omitempty"`
}

// SeenLibraries are libraries that a local user sees.
type SeenLibraries struct {
	All       bool     `json:"all"`                // every library, and new ones too; then Libraries counts for nothing
	Libraries []string `json:"libraries,omitzero"` // ids on the media server, at most 200
}

// ReportedLibrary is a library as the media server knows it.
type ReportedLibrary struct {
	ID   string `json:"id"` // its id on the media server
	Name string `json:"name"`
	Kind string `json:"kind,omitempty"` // what the library contains, by the word that the media server uses, such as movies
}

// LevelChoices are the names that a media server has for the limits of a [Level]. Each list has at
// most 1,000 entries.
type LevelChoices struct {
	Ratings      []LevelRating    `json:"ratings"`
	Tags         []string         `json:"tags"`
	Folders      []ReportedFolder `json:"folders"`
	HidesFolders bool             `json:"hides_folders"` // the media server can hide single folders
}

// ReportedFolder is a folder inside a library.
type ReportedFolder struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	LibraryID string `json:"library_id"`
}

// ReportAnswer is the answer of the service to a report.
type ReportAnswer struct {
	Changed bool `json:"changed"` // whether the report differs from the one before
	// AnotherRun reports whether the report before this one came from another run of an agent with
	// the same key. That is usual after a start. If it happens again and again, two agents use the
	// key.
	AnotherRun bool   `json:"another_run"`
	SeenAs     string `json:"seen_as"` // the address that the report came from; "" when unknown
}

// Report sends a report about the server. A report in which nothing changed costs little. The
// number of reports with changes is limited; above the limit, Report returns [ErrThrottled].
func (a *Agent) Report(ctx context.Context, in Report) (ReportAnswer, error) {
	var out ReportAnswer
	err := a.core.fetch(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/report", body: in, want: http.StatusOK, again: always,
	}, &out)
	return out, err
}

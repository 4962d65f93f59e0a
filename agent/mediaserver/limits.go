package mediaserver

import "context"

// Limits is the part of a local user's policy that levels manage: what the local user may see
// and do. Lists have no order that matters. All other members of a policy are not in it.
type Limits struct {
	Restriction `json:"restriction"`

	LiveTV      bool     `json:"live_tv"`      // may watch live television
	AllChannels bool     `json:"all_channels"` // if true, Channels is ignored
	Channels    []string `json:"channels,omitempty"`

	MaxRating     *MaxRating `json:"max_rating,omitempty"` // nil: every rating
	Unrated       []string   `json:"unrated,omitempty"`    // kinds whose items without a rating are hidden, in the words of Jellyfin, such as Movie
	BlockedTags   []string   `json:"blocked_tags,omitempty"`
	AllowedTags   []string   `json:"allowed_tags,omitempty"`   // if there are any, only items with one of them are shown
	HiddenFolders []string   `json:"hidden_folders,omitempty"` // ids; only if [Choices.HidesFolders]
	Hours         []Hours    `json:"hours,omitempty"`          // empty: always; see [NeverHours]

	MayDelete        bool     `json:"may_delete"`
	DeleteFrom       []string `json:"delete_from,omitempty"` // ids of libraries from which the local user may delete without MayDelete
	MayDownload      bool     `json:"may_download"`
	MayControl       bool     `json:"may_control"`        // may control the devices of other people
	MayControlShared bool     `json:"may_control_shared"` // may control devices that nobody is signed in on
	MayEdit          Edits    `json:"may_edit"`
}

// MaxRating is the highest rating that is shown, by the media server's own numbers. An item with the same
// Value is shown if its sub-value is not above Sub.
type MaxRating struct {
	Value int  `json:"value"`
	Sub   *int `json:"sub,omitempty"` // nil: every sub-value
}

// Edits has the kinds of things that a local user may edit without being an administrator.
type Edits struct {
	Collections bool `json:"collections"`
	Subtitles   bool `json:"subtitles"`
	Lyrics      bool `json:"lyrics"`
}

// Hours are a part of the day at which a local user is let in, by the clock of the media server.
type Hours struct {
	Day   string  `json:"day"`   // Sunday to Saturday, or Everyday, Weekday or Weekend
	Start float64 `json:"start"` // hours since midnight, 0 to 24
	End   float64 `json:"end"`   // later than Start, except in [NeverHours]
}

// NeverHours returns hours that never come. An empty list of hours would mean always.
func NeverHours() Hours { return Hours{Day: "Everyday", Start: 24, End: 24} }

// Rating is a rating that a media server knows.
type Rating struct {
	Name  string
	Value int
	Sub   *int
}

// Folder is a folder inside a library.
type Folder struct{ ID, Name, LibraryID string }

// Choices are the names that a media server has for the limits of a level.
type Choices struct {
	Ratings      []Rating
	Tags         []string
	Folders      []Folder // empty unless HidesFolders
	HidesFolders bool     // the media server can hide single folders
}

// Levels is the part of a media server that is about the limits of local users.
type Levels interface {
	// ChangeLimits reads the limits of a local user, calls change with them, and writes what change
	// returns, as one whole policy in which every other member stays as it was. It writes nothing if
	// change returns the same limits or an error, which ChangeLimits returns. The parameter of change
	// has its lists sorted and without duplicates. It returns ErrNotFound, ErrNotAllowed for an
	// administrator, or ErrUnsupported for limits that the media server does not have.
	ChangeLimits(ctx context.Context, localUserID string, change func(now Limits) (Limits, error)) error
	// AllLimits returns the limits of all local users without the administrators, by id, with sorted lists.
	AllLimits(ctx context.Context) (map[string]Limits, error)
	// Choices returns the names that the media server has for limits.
	Choices(ctx context.Context) (Choices, error)
	// Say shows a text on all devices on which a local user is signed in and that can show one. It
	// returns ErrUnsupported if the media server cannot do that.
	Say(ctx context.Context, localUserID, header, text string) error
	// StopPlaying stops what a local user is playing, on all their devices. It returns ErrUnsupported
	// if the media server cannot do that.
	StopPlaying(ctx context.Context, localUserID string) error
}

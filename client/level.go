package client

import (
	"context"
	"net/http"
	"time"
)

// Level is a set of limits for a local user. A level only takes away: two levels together are the
// stricter one in every field. The zero Level takes nothing away.
type Level struct {
	Libraries       []string     `json:"libraries"`                  // ids at the media server; nil for all
	HiddenLibraries []string     `json:"hidden_libraries,omitempty"` // ids
	Types           []string     `json:"types"`                      // types of libraries that are shown, in Jellyfin's words, such as movies; nil for all
	HiddenFolders   []string     `json:"hidden_folders,omitempty"`   // ids; only media servers that report folders can hide them
	MaxRating       *LevelRating `json:"max_rating"`                 // nil for every rating
	Unrated         []string     `json:"unrated,omitempty"`          // kinds whose items without a rating are hidden, in Jellyfin's words, such as Movie
	BlockedTags     []string     `json:"blocked_tags,omitempty"`
	AllowedTags     []string     `json:"allowed_tags"`      // nil for every tag; empty for none
	Hours           []LevelHours `json:"hours"`             // by the clock of the media server; nil for always, empty for never
	MayNot          []string     `json:"may_not,omitempty"` // LevelDelete and the others
}

// The acts that a level can forbid.
const (
	LevelDelete   = "delete"
	LevelDownload = "download"
	LevelControl  = "control" // controlling other people's devices
	LevelEdit     = "edit"    // collections, subtitles and lyrics
)

// LevelRating is the highest rating that a level shows.
type LevelRating struct {
	Name  string `json:"name"`  // as the media server calls it; "" for an age
	Value int    `json:"value"` // the media server's number for it, an age
	Sub   *int   `json:"sub"`   // orders ratings of the same value; nil for every one
}

// LevelHours are a part of a day at which a level lets its local user in.
type LevelHours struct {
	Day  string `json:"day"`  // Sunday to Saturday, or Everyday, Weekday or Weekend
	From int    `json:"from"` // minutes since midnight, 0 to 1439
	To   int    `json:"to"`   // minutes since midnight, above From and up to 1440
}

// AgentLevels are the levels of a link.
type AgentLevels struct {
	PINRequired bool         `json:"pin_required"` // nobody gets in without an open unlock
	Everyday    *Level       `json:"everyday"`     // nil if only PINRequired is held
	Unlocked    *Level       `json:"unlocked"`     // nil if there is nothing to unlock
	Unlock      *AgentUnlock `json:"unlock"`       // nil if none is open
}

// AgentUnlock is an unlock that is open.
type AgentUnlock struct {
	ID          ID            `json:"id"`
	OpenedAt    time.Time     `json:"opened_at"`
	EndsAt      time.Time     `json:"ends_at"` // at most 24 hours after OpenedAt
	StopPlaying bool          `json:"stop_playing"`
	Warning     *LevelMessage `json:"warning"` // shown five minutes before the end; nil for none
}

// LevelMessage is a text for the screen of a device.
type LevelMessage struct {
	Header string `json:"header"`
	Text   string `json:"text"`
}

// The local users to whom the levels of an agent apply.
const (
	LevelsOff    = "off"
	LevelsGuests = "guests"
	LevelsLinked = "linked" // guests and everybody else who is linked
)

// LevelState says what an agent has made of the levels of a link.
type LevelState struct {
	LinkID  ID        `json:"link_id"`
	State   string    `json:"state"`             // LevelEveryday and the others
	EndsAt  time.Time `json:"ends_at,omitzero"`  // of LevelUnlocked
	ByHand  []string  `json:"by_hand"`           // fields of a Level that somebody has changed at the media server; these are left as they are
	Problem string    `json:"problem,omitempty"` // one of the LevelProblem constants; "" for none
}

// States of the levels of a link.
const (
	LevelEveryday = "everyday"
	LevelUnlocked = "unlocked"
	LevelNotHeld  = "not_held" // the agent's setting levels does not hold for this local user
	LevelWaiting  = "waiting"  // the media server has not taken it yet
)

// Problems with the levels of a link.
const (
	LevelProblemLibrary = "library_gone"  // a library that the level names does not exist
	LevelProblemRefused = "refused"       // the media server does not take it
	LevelProblemAdmin   = "administrator" // the local user is an administrator, for whom no limit holds
)

type levelStates struct {
	Levels []LevelState `json:"levels"`
}

// TellLevels tells the service what the agent has made of the levels of its links. The list is
// whole and replaces the one before. A service that is older than levels answers [ErrNotFound].
func (a *Agent) TellLevels(ctx context.Context, states []LevelState) error {
	return a.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/server/levels", body: levelStates{states}, want: http.StatusNoContent, again: always,
	})
}

// UnlockAsk says that a device was refused because no unlock was open.
type UnlockAsk struct {
	LinkID ID     `json:"link_id"`
	Device string `json:"device"` // its name, or "" if it has none
	Client string `json:"client"` // its app, or ""
}

// AskUnlock tells the service that a device was refused because no unlock was open, so that the
// person sees which one it was. It may return [ErrNotFound] and [ErrThrottled].
func (a *Agent) AskUnlock(ctx context.Context, in UnlockAsk) error {
	return a.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/server/unlocks/asked", body: in, want: http.StatusNoContent,
	})
}

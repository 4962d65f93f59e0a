package agent

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// The greatest numbers and lengths in the levels of a link. A stranger who controls the service must not
// be able to fill the disk.
const (
	levelListMost = 1000
	levelHourMost = 200
	levelTextMost = 500     // of the texts for a screen, in code points
	levelsMost    = 1 << 18 // bytes of all levels of a link
	unlockMost    = 24 * time.Hour
	clockAhead    = 5 * time.Minute // how far the clock of the service may be ahead of this machine's
	clockBack     = 2 * time.Minute // a clock that is set back by more than this closes every unlock
	minutesOfDay  = 24 * 60
)

// linkLevels are the levels of a link as the agent's file has them.
type linkLevels struct {
	client.AgentLevels

	Odd bool `json:"odd,omitempty"` // a level of the service made no sense, and the strictest level holds in its place
}

// strictest returns the level that takes everything away.
func strictest() *client.Level {
	return &client.Level{
		Libraries: []string{}, AllowedTags: []string{}, Hours: []client.LevelHours{},
		MayNot: []string{client.LevelDelete, client.LevelDownload, client.LevelControl, client.LevelEdit},
	}
}

// packLevels returns the levels of the service as the agent's file has them; nil for none. If a level
// makes no sense, the strictest level holds in its place: the link goes on, but opens nothing that the
// owner may have closed. An unlock that makes no sense is left out, and so it is closed.
func packLevels(in *client.AgentLevels) *string {
	if in == nil {
		return nil
	}
	out := linkLevels{AgentLevels: *in}
	if !validLevel(in.Everyday) || in.Everyday == nil && in.Unlocked != nil {
		out.Everyday, out.Odd = strictest(), true
	}
	if !validLevel(in.Unlocked) {
		out.Unlocked, out.Odd = strictest(), true
	}
	if !validUnlock(in.Unlock) {
		out.Unlock = nil
	} else if in.Unlock != nil && in.Unlock.Warning != nil {
		u := *in.Unlock
		u.Warning = &client.LevelMessage{Header: readable(u.Warning.Header), Text: printable.Cut(printable.Text(u.Warning.Text), levelTextMost)}
		out.Unlock = &u
	}
	packed, err := json.Marshal(out)
	if err != nil || len(packed) > levelsMost {
		packed, _ = json.Marshal(linkLevels{AgentLevels: client.AgentLevels{PINRequired: in.PINRequired, Everyday: strictest()}, Odd: true})
	}
	text := string(packed)
	return &text
}

// validLevel reports whether a level makes sense. It returns false for a level with a word that the
// agent does not know, because such a level may forbid something that the agent would allow.
func validLevel(l *client.Level) bool {
	if l == nil {
		return true
	}
	for _, list := range [][]string{l.Libraries, l.HiddenLibraries, l.Types, l.HiddenFolders, l.Unrated, l.BlockedTags, l.AllowedTags} {
		if len(list) > levelListMost || slices.ContainsFunc(list, func(text string) bool { return text == "" || len(text) > nameMost }) {
			return false
		}
	}
	if len(l.Hours) > levelHourMost || l.MaxRating != nil && len(l.MaxRating.Name) > nameMost {
		return false
	}
	for _, h := range l.Hours {
		if daysOf(h.Day) == nil || h.From < 0 || h.To <= h.From || h.To > minutesOfDay {
			return false
		}
	}
	kinds := unratedKinds()
	if slices.ContainsFunc(l.Unrated, func(kind string) bool { return !slices.Contains(kinds, kind) }) {
		return false
	}
	known := strictest().MayNot
	return !slices.ContainsFunc(l.MayNot, func(what string) bool { return !slices.Contains(known, what) })
}

// unratedKinds returns the kinds of items that media servers know, in the words of Jellyfin.
func unratedKinds() []string {
	return []string{"Movie", "Trailer", "Series", "Music", "Book", "LiveTvChannel", "LiveTvProgram", "ChannelContent", "Other"}
}

// validUnlock reports whether an unlock has a beginning, and an end at most a day later.
func validUnlock(u *client.AgentUnlock) bool {
	if u == nil {
		return true
	}
	long := u.EndsAt.Sub(u.OpenedAt)
	return isNumber(string(u.ID)) && !u.OpenedAt.IsZero() && long > 0 && long <= unlockMost
}

// unlockKey names one opening of an unlock. An unlock that is opened again has another key.
func unlockKey(u *client.AgentUnlock) string {
	if u == nil {
		return ""
	}
	return string(u.ID) + "/" + strconv.FormatInt(stamp(u.OpenedAt), 10)
}

// levels returns the levels of the link, or nil if it has none. If the text cannot be read, the strictest
// level holds.
func (r *linkRow) levels() *linkLevels {
	if r.Levels == nil {
		return nil
	}
	var out linkLevels
	if json.Unmarshal([]byte(*r.Levels), &out) != nil {
		return &linkLevels{AgentLevels: client.AgentLevels{PINRequired: true, Everyday: strictest()}, Odd: true}
	}
	return &out
}

// goesOn reports whether the levels of the link hold for its local user at the time now. They also hold
// while the account is disabled, because a local user must not see more meanwhile.
func (r *linkRow) goesOn(now time.Time) bool {
	return r.Status == client.Accepted && r.UnlinkedAt == 0 && (r.EndsAt == 0 || r.EndsAt > stamp(now))
}

// unlocking describes the unlock that is open at a link. In the zero value nothing is open.
type unlocking struct {
	until   time.Time
	service *client.AgentUnlock // nil if only an admin at the machine has opened it
}

func (u unlocking) open() bool { return !u.until.IsZero() }

// opened returns what is open at the link at the time now, by the clock of this machine. It does not look
// whether the clock was set back, see [Store.openedNow].
func (r *linkRow) opened(now time.Time) (out unlocking) {
	levels := r.levels()
	if levels == nil || !r.usable(now) {
		return out
	}
	if until := moment(r.UnlockedUntil); until.After(now) && !moment(r.UnlockedFrom).After(now.Add(clockBack)) {
		out.until = until
	}
	u := levels.Unlock
	if u == nil || r.isClosed(u) || u.OpenedAt.After(now.Add(clockAhead)) || !u.EndsAt.After(now) {
		return out
	}
	out.service = u
	if u.EndsAt.After(out.until) {
		out.until = u.EndsAt
	}
	return out
}

// isClosed reports whether an unlock of the service has ended here, or was opened before an admin locked
// the link at the machine.
func (r *linkRow) isClosed(u *client.AgentUnlock) bool {
	return unlockKey(u) == r.UnlockClosed || stamp(u.OpenedAt) <= r.LockedAt
}

// clockIsBack reports whether the clock of this machine was set back since the agent last looked at it
// while something was open.
func clockIsBack(tx *gorm.DB, now time.Time) (bool, error) {
	text, err := fact(tx, factClock)
	return err == nil && parseStamp(text).Sub(now) > clockBack, err
}

// openedNow returns what is open at a link now. Nothing is open if the clock of this machine was set
// back: how long it would be open cannot be told then.
func (s *Store) openedNow(tx *gorm.DB, link *linkRow) (unlocking, error) {
	now := s.now()
	out := link.opened(now)
	if !out.open() {
		return out, nil
	}
	back, err := clockIsBack(tx, now)
	if err != nil || back {
		return unlocking{}, err
	}
	return out, nil
}

// with returns a copy of the link with a local user, for a guest whom the link does not name yet.
func (r *linkRow) with(localUserID string) *linkRow {
	out := *r
	out.LocalUserID = localUserID
	return &out
}

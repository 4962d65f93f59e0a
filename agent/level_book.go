package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// levelBook holds everything about levels for one pass of [Levels.settle].
type levelBook struct {
	tasks  []*levelTask // for each link with levels that goes on, the oldest first
	ending []levelRow   // of local users whose limits the agent has changed and no longer may change
	guests map[string]*guestRow
}

// levelTask is the level of one link.
type levelTask struct {
	link   *linkRow
	levels *linkLevels
	guest  *guestRow // the guest of the link; nil for a local user whom this agent did not create
	row    levelRow  // without a local user if the agent has changed nothing yet
	now    unlocking
	held   bool // the setting levels covers the local user
}

// readBook reads the agent's file.
func (l *Levels) readBook(ctx context.Context) (*levelBook, error) {
	db, now := l.store.read(ctx), l.store.now()
	book := &levelBook{guests: map[string]*guestRow{}}
	links, err := readLinks(db, "levels IS NOT NULL")
	if err != nil {
		return nil, err
	}
	rows, err := levelRows(db)
	if err != nil || len(links)+len(rows) == 0 {
		return book, err
	}
	guests, err := readGuests(db, "left_alone = '' AND unsure = 0")
	if err != nil {
		return nil, err
	}
	for i := range guests {
		book.guests[guests[i].LocalUserID] = &guests[i]
	}
	of := map[string]levelRow{}
	for _, row := range rows {
		of[row.LocalUserID] = row
	}
	for i := range links {
		if !links[i].goesOn(now) {
			continue
		}
		open, err := l.store.openedNow(db, &links[i])
		if err != nil {
			return nil, err
		}
		book.add(&levelTask{link: &links[i], levels: links[i].levels(), now: open}, l, of)
	}
	for _, row := range rows {
		if _, left := of[row.LocalUserID]; left {
			book.ending = append(book.ending, row)
		}
	}
	return book, nil
}

// add adds a task, and takes its row out of the map of rows that have no task yet. If two links name one
// local user, the older link holds.
func (b *levelBook) add(task *levelTask, l *Levels, of map[string]levelRow) {
	user := task.link.LocalUserID
	task.guest = b.guests[user]
	taken := slices.ContainsFunc(b.tasks, func(t *levelTask) bool { return t.held && t.link.LocalUserID == user })
	if task.held = !taken && l.holds(task.link, task.levels, task.guest); task.held {
		task.row = of[user]
		delete(of, user)
	}
	b.tasks = append(b.tasks, task)
}

// holds reports whether the agent may change the limits of the local user of a link: of its own guests
// unless the setting levels is off, and of others only if that setting says so and an administrator has
// said yes to the local user.
func (l *Levels) holds(link *linkRow, levels *linkLevels, guest *guestRow) bool {
	switch {
	case levels == nil || levels.Everyday == nil || link.LocalUserID == "":
		return false
	case l.opt.Policy.Levels == client.LevelsOff:
		return false
	case guest != nil:
		return true
	}
	return l.opt.Policy.Levels == client.LevelsLinked && (link.Allowed || l.opt.Policy.AllowAllUsers)
}

// unlocked reports whether the unlocked level holds now.
func (t *levelTask) unlocked() bool { return t.now.open() && t.levels.Unlocked != nil }

// level returns the level that holds now.
func (t *levelTask) level() *client.Level {
	if t.unlocked() {
		return t.levels.Unlocked
	}
	return t.levels.Everyday
}

// asleep reports whether the link has a guest who is not let in. The agent changes the limits of this
// guest right before it lets them in.
func (t *levelTask) asleep() bool {
	return t.guest != nil && !strings.HasPrefix(t.guest.Applied, appliedOpen)
}

// chosen returns a digest of what people have chosen for the link: another digest means that they have
// chosen again.
func (t *levelTask) chosen() string {
	text, _ := json.Marshal([]any{t.link.ID, t.levels.Everyday, t.levels.Unlocked}) //nolint:errchkjson // levels that were read from JSON
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// chosenFor returns the digest together with the libraries that a guest was given.
func (t *levelTask) chosenFor(guest *mediaserver.Restriction) string {
	if guest == nil {
		return t.chosen()
	}
	text, _ := json.Marshal(guest) //nolint:errchkjson // booleans and strings
	sum := sha256.Sum256(text)
	return t.chosen() + "/" + hex.EncodeToString(sum[:])
}

// state returns what the service is told about the link.
func (t *levelTask) state() client.LevelState {
	out := client.LevelState{LinkID: client.ID(t.link.ID), State: client.LevelEveryday, ByHand: toldFields(t.row.byHand()), Problem: t.row.Problem}
	if t.now.open() && (t.levels.Everyday == nil || t.unlocked()) {
		out.State, out.EndsAt = client.LevelUnlocked, t.now.until
	}
	chosen, _, _ := strings.Cut(t.row.Chosen, "/")
	switch {
	case t.levels.Everyday == nil:
	case t.link.LocalUserID == "":
		out.State = client.LevelWaiting
	case !t.held, t.row.Problem == client.LevelProblemAdmin:
		out.State = client.LevelNotHeld
	case !t.row.Done || t.row.Unlocked != t.unlocked() || chosen != t.chosen() || t.asleep():
		out.State = client.LevelWaiting
	}
	if out.State != client.LevelUnlocked {
		out.EndsAt = moment(0)
	}
	return out
}

// goneLibrary reports whether a level names a library that the media server does not have.
func goneLibrary(level *client.Level, libraries []mediaserver.Library) bool {
	return slices.ContainsFunc(slices.Concat(level.Libraries, level.HiddenLibraries), func(id string) bool {
		return !slices.ContainsFunc(libraries, func(l mediaserver.Library) bool { return l.ID == id })
	})
}

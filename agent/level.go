package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// Levels hold what local users may see: an everyday level, and an unlocked level while somebody has
// unlocked the link with the PIN. A level is part of the policy of a local user at the media server. It
// only takes away from what an administrator has given there, the bound. See ADR 0036.
type Levels struct {
	*core

	restriction func(ctx context.Context, link *linkRow) (mediaserver.Restriction, error)

	mu      sync.Mutex
	refused map[string]refusedLevel // by local user
	told    string                  // the states that the service has, as JSON; "" before this run has told any
	states  string                  // the states now, as JSON; "" before they are known
	list    []client.LevelState     // the same
	older   bool                    // the service is older than levels
	next    time.Time               // when something ends or has to be said; zero if nothing does
}

// ErrNothingToUnlock means that a link has no unlocked level, and that entering needs no PIN.
var ErrNothingToUnlock = errors.New("there is nothing to unlock")

// ErrMinutes means that an unlock would be too short or too long.
var ErrMinutes = fmt.Errorf("an unlock lasts from 1 to %d minutes", unlockMost/time.Minute)

// LevelState describes the levels of a link as the agent holds them.
type LevelState struct {
	LinkID        string
	LocalUserID   string
	LocalUserName string    // may be old
	Username      string    // of the account
	State         string    // client.LevelEveryday or another
	Until         time.Time // of client.LevelUnlocked
	PINRequired   bool      // nobody gets in without an open unlock
	Open          bool      // an unlock is open now; only then somebody comes in if PINRequired
	ByHand        []string  // fields of a client.Level that an administrator has changed at the media server
	Problem       string    // client.LevelProblemLibrary or another; "" for none
}

// List returns the state of each link that has levels, the oldest link first. It reads the agent's file
// alone.
func (l *Levels) List(ctx context.Context) ([]LevelState, error) {
	book, err := l.readBook(ctx)
	if err != nil {
		return nil, l.explainFile(ctx, err)
	}
	list := []LevelState{}
	for _, task := range book.tasks {
		state := task.state()
		list = append(list, LevelState{
			LinkID: task.link.ID, LocalUserID: task.link.LocalUserID, LocalUserName: task.link.LocalUserName, Username: task.link.Username,
			State: state.State, Until: task.now.until, PINRequired: task.levels.PINRequired, Open: task.now.open(), ByHand: state.ByHand, Problem: state.Problem,
		})
	}
	return list, nil
}

// Unlock opens a link for some minutes, in the name of an administrator at this machine. The running agent
// carries it out, also while the service is away. It returns [ErrNotLinked] for a link that is not in use,
// [ErrNothingToUnlock] or [ErrMinutes].
func (l *Levels) Unlock(ctx context.Context, linkID string, minutes int) (until time.Time, err error) {
	length := time.Duration(minutes) * time.Minute
	if length < time.Minute || length > unlockMost {
		return until, ErrMinutes
	}
	link, err := l.find(ctx, linkID)
	if err != nil {
		return until, err
	}
	levels, now := link.levels(), l.store.now()
	switch {
	case !link.usable(now):
		return until, ErrNotLinked
	case levels == nil || levels.Unlocked == nil && !levels.PINRequired:
		return until, ErrNothingToUnlock
	}
	until = now.Add(length)
	err = l.store.unlockHere(ctx, linkID, until)
	l.wake.media.now()
	return until, l.explainFile(ctx, err)
}

// Lock closes what is open at a link, in the name of an administrator at this machine. An unlock of the
// service that was opened before stays closed. It returns [ErrNotLinked].
func (l *Levels) Lock(ctx context.Context, linkID string) error {
	if _, err := l.find(ctx, linkID); err != nil {
		return err
	}
	err := l.store.lockHere(ctx, linkID)
	l.wake.media.now()
	return l.explainFile(ctx, err)
}

// find returns a link that has not ended. It returns [ErrNotLinked].
func (l *Levels) find(ctx context.Context, linkID string) (*linkRow, error) {
	found, err := readLinks(l.store.read(ctx), "id = ? AND unlinked_at = 0", linkID)
	if err != nil {
		return nil, l.explainFile(ctx, err)
	}
	if len(found) == 0 {
		return nil, ErrNotLinked
	}
	return &found[0], nil
}

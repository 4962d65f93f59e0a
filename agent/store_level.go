package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// levelRow is a row of the table levels: a local user whose limits are in the hand of the agent.
type levelRow struct {
	LocalUserID string
	LinkID      string
	Bound       string // JSON of mediaserver.Limits: what an admin gave; "" before the media server was asked
	Wanted      string // JSON of mediaserver.Limits: what was last written at the media server, or is about to be written
	Found       string // JSON of mediaserver.Limits: what the media server had after that
	Done        bool   // the media server has taken Wanted; if not, nobody can tell what an admin has changed
	Unlocked    bool   // Wanted is the unlocked level
	ByHand      string // JSON list of names of levelFields
	Chosen      string // digest of the levels for which ByHand holds
	Warned      string // unlock before whose end a word was said
	StopAtEnd   bool   // what plays is stopped when the unlock ends
	Problem     string // client.LevelProblemLibrary or another; "" for none
	Version     int64
}

const levelColumns = "local_user_id, link_id, bound, wanted, found, done, unlocked, by_hand, chosen, warned, stop_at_end, problem, version"

// byHand returns the names of the fields that an administrator has changed.
func (r *levelRow) byHand() []string {
	var names []string
	if json.Unmarshal([]byte(r.ByHand), &names) != nil {
		return nil
	}
	return names
}

// setByHand replaces the names of the fields that an administrator has changed.
func (r *levelRow) setByHand(names []string) {
	slices.Sort(names)
	text, _ := json.Marshal(slices.Compact(names)) //nolint:errchkjson // a list of strings
	r.ByHand = string(text)
}

// levelRows reads all rows of the table levels, by local user.
func levelRows(db *gorm.DB) ([]levelRow, error) {
	var rows []levelRow
	if err := db.Raw("SELECT " + levelColumns + " FROM levels ORDER BY local_user_id").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the levels of local users: %w", err)
	}
	return rows, nil
}

// putLevel writes a row, which gets another version.
func (s *Store) putLevel(ctx context.Context, row *levelRow) error {
	row.Version++
	return s.tx(ctx, "write the level of a local user", func(tx *gorm.DB) error {
		return tx.Exec("INSERT OR REPLACE INTO levels ("+levelColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			row.LocalUserID, row.LinkID, row.Bound, row.Wanted, row.Found, row.Done, row.Unlocked, row.ByHand, row.Chosen,
			row.Warned, row.StopAtEnd, row.Problem, row.Version).Error
	})
}

// noteByHand writes what an administrator has changed, unless the row was written since it was read. It
// reports whether it did.
func (s *Store) noteByHand(ctx context.Context, row *levelRow) (noted bool, err error) {
	err = s.tx(ctx, "note what an administrator has changed", func(tx *gorm.DB) error {
		result := tx.Exec("UPDATE levels SET bound = ?, wanted = ?, found = ?, by_hand = ?, version = version + 1 WHERE local_user_id = ? AND version = ?",
			row.Bound, row.Wanted, row.Found, row.ByHand, row.LocalUserID, row.Version)
		noted = result.RowsAffected > 0
		return result.Error
	})
	return noted && err == nil, err
}

// setStopAtEnd notes whether what plays is stopped when the unlock of a link ends. It reports whether that was not noted
// before: of two callers one carries it out.
func (s *Store) setStopAtEnd(ctx context.Context, linkID string, stop bool) (news bool, err error) {
	err = s.tx(ctx, "note what happens at the end of an unlock", func(tx *gorm.DB) error {
		result := tx.Exec("UPDATE links SET stop_at_end = ? WHERE id = ? AND stop_at_end <> ?", stop, linkID, stop)
		news = result.RowsAffected > 0
		return result.Error
	})
	return news && err == nil, err
}

// dropLevel removes the row of a local user.
func (s *Store) dropLevel(ctx context.Context, localUserID string) error {
	return s.tx(ctx, "forget the level of a local user", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM levels WHERE local_user_id = ?", localUserID).Error
	})
}

// doubtLevels notes that nobody can tell what the media server was last told, because the agent's file is
// older than that.
func (s *Store) doubtLevels(ctx context.Context) error {
	n, err := s.count(ctx, "SELECT COUNT(*) FROM levels WHERE done = 1")
	if err != nil || n == 0 {
		return err
	}
	return s.tx(ctx, "doubt the levels of local users", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE levels SET done = 0, version = version + 1").Error
	})
}

// clockStep is how much time passes between two notes about the clock.
const clockStep = 10 * time.Second

// unlockSurvey has the unlocks that [Store.closeUnlocks] found.
type unlockSurvey struct {
	over    []linkRow // links with an unlock that has to be closed
	open    bool      // something is open and stays open
	back    bool      // the clock was set back
	setBack int       // the number of unlocks that are closed for that reason
	clock   time.Time // the latest time that was noted
}

// surveyUnlocks looks at all unlocks.
func surveyUnlocks(db *gorm.DB, now time.Time) (out unlockSurvey, err error) {
	links, err := readLinks(db, "levels IS NOT NULL")
	if err != nil || len(links) == 0 {
		return out, err
	}
	text, err := fact(db, factClock)
	if err != nil {
		return out, err
	}
	out.clock = parseStamp(text)
	out.back = out.clock.Sub(now) > clockBack
	for i := range links {
		link, unlock := &links[i], links[i].levels().Unlock
		open := link.opened(now).open()
		ended := unlock != nil && !link.isClosed(unlock) && !unlock.EndsAt.After(now)
		endedHere := link.UnlockedUntil != 0 && link.UnlockedUntil <= stamp(now)
		if ended || endedHere || out.back {
			out.over = append(out.over, *link)
		}
		if open && out.back {
			out.setBack++
		}
		out.open = out.open || open && !out.back
	}
	return out, nil
}

// nothingToDo reports whether there is nothing to write down.
func (u *unlockSurvey) nothingToDo(now time.Time) bool {
	return len(u.over) == 0 && !u.back && (!u.open || now.Sub(u.clock) < clockStep)
}

// closeUnlocks closes the unlocks that have ended, for good: after that, no clock opens them again. If the
// clock of this machine was set back, it closes all unlocks, because their time cannot be told. It returns
// how many it has closed for that reason.
func (s *Store) closeUnlocks(ctx context.Context) (setBack int, err error) {
	found, err := surveyUnlocks(s.read(ctx), s.now())
	if err != nil || found.nothingToDo(s.now()) {
		return 0, err
	}
	err = s.tx(ctx, "close unlocks", func(tx *gorm.DB) error {
		now := s.now()
		if found, err = surveyUnlocks(tx, now); err != nil || found.nothingToDo(now) {
			return err
		}
		for i := range found.over {
			if err := endUnlock(tx, &found.over[i], now, found.back); err != nil {
				return err
			}
		}
		return setFact(tx, factClock, stampText(now))
	})
	return found.setBack, err
}

// endUnlock writes that what is open at a link has ended: the unlock of the service that was read, and an
// unlock at the machine if its time is over or all is true.
func endUnlock(tx *gorm.DB, link *linkRow, now time.Time, all bool) error {
	unlock := link.levels().Unlock
	if unlock != nil && (all || !unlock.EndsAt.After(now)) {
		if err := tx.Exec("UPDATE links SET unlock_closed = ? WHERE id = ?", unlockKey(unlock), link.ID).Error; err != nil {
			return err
		}
	}
	return tx.Exec("UPDATE links SET unlocked_from = 0, unlocked_until = 0 WHERE id = ? AND unlocked_from = ? AND (? OR unlocked_until <= ?)",
		link.ID, link.UnlockedFrom, all, stamp(now)).Error
}

// unlockHere notes that an admin unlocks a link at this machine.
func (s *Store) unlockHere(ctx context.Context, linkID string, until time.Time) error {
	return s.tx(ctx, "unlock a link", func(tx *gorm.DB) error {
		now := s.now()
		back, err := clockIsBack(tx, now)
		if err == nil && back { // the admin has looked at the clock; unlocks from before stay closed
			err = closeAll(tx, now)
		}
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE links SET unlocked_from = ?, unlocked_until = ? WHERE id = ?", stamp(now), stamp(until), linkID).Error
	})
}

// closeAll closes every unlock, and begins to follow the clock again.
func closeAll(tx *gorm.DB, now time.Time) error {
	links, err := readLinks(tx, "levels IS NOT NULL")
	if err != nil {
		return err
	}
	for i := range links {
		if err := endUnlock(tx, &links[i], now, true); err != nil {
			return err
		}
	}
	return setFact(tx, factClock, stampText(now))
}

// lockHere notes that an admin locks a link at this machine: everything that was opened before now is
// closed.
func (s *Store) lockHere(ctx context.Context, linkID string) error {
	return s.tx(ctx, "lock a link", func(tx *gorm.DB) error {
		found, err := readLinks(tx, "id = ?", linkID)
		if err != nil || len(found) == 0 {
			return err
		}
		key := found[0].UnlockClosed
		if levels := found[0].levels(); levels != nil && levels.Unlock != nil {
			key = unlockKey(levels.Unlock)
		}
		return tx.Exec("UPDATE links SET unlock_closed = ?, locked_at = ?, unlocked_from = 0, unlocked_until = 0 WHERE id = ?",
			key, stamp(s.now()), linkID).Error
	})
}

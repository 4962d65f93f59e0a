package agent

import (
	"slices"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// levelPlan holds everything from which the next limits of a local user are made.
type levelPlan struct {
	localUserID, linkID string
	chosen              string
	level               *client.Level
	unlocked            bool
	stopAtEnd           bool                     // what plays is stopped when the unlock ends
	guest               *mediaserver.Restriction // what the guest of the link was given; nil for a local user from before
	libraries           []mediaserver.Library
}

// next returns the limits that must be written if the media server has the limits now, and the row as it
// has to be written before. A field that an administrator has changed since the last write becomes the
// bound, and stays as it is.
func (p *levelPlan) next(row levelRow, now mediaserver.Limits) (levelRow, mediaserver.Limits, error) {
	bound, known := readLimits(row.Bound)
	hand := row.byHand()
	switch {
	case !known:
		bound, hand = now, nil
	case row.Done:
		hand, _ = noteHand(&row, &bound, now)
	}
	if row.Chosen != p.chosen {
		hand = nil
	}
	if p.guest != nil && !slices.Contains(hand, "libraries") {
		bound.Restriction = *p.guest
	}
	target := limitsOf(bound, p.level, p.libraries)
	for _, f := range levelFields() {
		if slices.Contains(hand, f.name) {
			f.copy(&target, &bound)
		}
		if f.same(&target, &now) {
			f.copy(&target, &now) // it means the same, so it is written as it is
		}
	}
	row.LocalUserID, row.LinkID, row.Chosen, row.Unlocked = p.localUserID, p.linkID, p.chosen, p.unlocked
	row.StopAtEnd = row.StopAtEnd && !p.unlocked || p.stopAtEnd
	row.Done, row.Found, row.Problem = false, "", ""
	row.setByHand(hand)
	var err error
	if row.Bound, err = limitsText(bound); err == nil {
		row.Wanted, err = limitsText(target)
	}
	return row, target, err
}

// isDone reports whether the media server has what the plan wants, as far as the agent's file tells.
func (p *levelPlan) isDone(row *levelRow) bool {
	wanted, ok := readLimits(row.Wanted)
	if !ok || !row.Done || row.LinkID != p.linkID || row.Chosen != p.chosen || row.Unlocked != p.unlocked {
		return false
	}
	_, target, err := p.next(*row, wanted)
	return err == nil && sameLimits(&target, &wanted)
}

// noteHand compares what the media server has now with what the agent wrote there. It copies each field
// that differs into the bound, and returns the names of the fields that were changed by hand, and whether
// anything is new.
func noteHand(row *levelRow, bound *mediaserver.Limits, now mediaserver.Limits) (hand []string, news bool) {
	hand = row.byHand()
	wanted, _ := readLimits(row.Wanted)
	found, read := readLimits(row.Found)
	for _, f := range levelFields() {
		if slices.Contains(hand, f.name) {
			if f.same(&now, bound) {
				continue
			}
		} else if f.same(&now, &wanted) || read && f.same(&now, &found) {
			continue
		} else {
			hand = append(hand, f.name)
		}
		f.copy(bound, &now)
		news = true
	}
	return hand, news
}

package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// The changes that somebody can make to a guest by hand at the media server.
const (
	HandEnabled       = "enabled"       // the local user can sign in, although the link is paused
	HandDisabled      = "disabled"      // the local user cannot sign in, although the link is in use
	HandLibraries     = "libraries"     // the local user sees other libraries
	HandAdministrator = "administrator" // the local user has become an administrator, whom no agent changes
)

// HandChanges returns all values of [Stay].Hand.
func HandChanges() []string {
	return []string{HandEnabled, HandDisabled, HandLibraries, HandAdministrator}
}

// splitHand returns what the column hand holds.
func splitHand(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// AnswerHand stores the answer of an owner to the changes that somebody has made by hand at the media server. With
// keep, the changes stay. Otherwise the agent resets the guest to the state that this service has. It returns
// [ErrNotFound], or [ErrNotByHand] if nothing was changed.
func (s *Stays) AnswerHand(ctx context.Context, ownerID, serverID, linkID int64, keep bool) error {
	return s.tx(ctx, "answer what was changed by hand", func(tx *gorm.DB) error {
		held, err := s.holdAccepted(ctx, tx, ownerID, serverID, linkID)
		if err != nil {
			return err
		}
		if held.link.Hand == "" {
			return ErrNotByHand
		}
		if keep {
			return tx.Exec("UPDATE links SET hand_kept = ? WHERE id = ?", held.link.Hand, linkID).Error
		}
		if err := s.feedLink(ctx, tx, &held.link, ChangeLink); err != nil {
			return err
		}
		return tx.Exec("UPDATE links SET hand_kept = '', hand_reset_at = ? WHERE id = ?", s.Now(), linkID).Error
	})
}

// HandState lists the changes that somebody has made by hand at the media server, for the local user of one link.
type HandState struct {
	LinkID int64
	Hand   []string // [HandChanges]
}

// TellHand stores what the agent of a server has noticed. Links that are not in the list are as they were chosen
// here. Links of other servers, and words that the service does not know, are ignored: the agent may be newer than
// the service.
func (a *Agents) TellHand(ctx context.Context, this Server, states []HandState) error {
	told := map[int64]string{}
	for _, one := range states {
		known := slices.DeleteFunc(HandChanges(), func(word string) bool { return !slices.Contains(one.Hand, word) })
		told[one.LinkID] = strings.Join(known, ",")
	}
	return a.tx(ctx, "store what was changed by hand", func(tx *gorm.DB) error {
		if err := lockServer(tx, "id = ?", this.ID); err != nil {
			return err
		}
		var links []linkRow
		if err := tx.Raw("SELECT id, hand FROM links WHERE server_id = ? AND state = ? ORDER BY id", this.ID, LinkAccepted).Scan(&links).Error; err != nil {
			return err
		}
		for _, link := range links {
			now := told[link.ID]
			if now == link.Hand {
				continue
			}
			err := tx.Exec("UPDATE links SET hand = ?, hand_kept = CASE WHEN ? = '' THEN '' ELSE hand_kept END WHERE id = ?", now, now, link.ID).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// AgentPause is a pause as an agent sees it. Times are UTC.
type AgentPause struct {
	Pause
	Active bool // what [AgentLink].Active is without the pause
}

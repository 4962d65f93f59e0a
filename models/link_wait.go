package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// The reasons why an agent creates no local user for the guest of an accepted link.
const (
	WaitGuestsOff = "guests_off"       // its settings let it create no local users
	WaitLimit     = "guest_limit"      // there are as many guests as its settings allow
	WaitHourly    = "guests_hourly"    // it has created as many guests within the hour as its settings allow
	WaitRefused   = "guest_refused"    // the media server refuses it
	WaitNameTaken = "guest_name_taken" // the media server refuses every name like the username
)

// isWaitReason reports whether a text is one of the reasons.
func isWaitReason(text string) bool {
	return slices.Contains([]string{WaitGuestsOff, WaitLimit, WaitHourly, WaitRefused, WaitNameTaken}, text)
}

// TellWaiting stores the reasons, by the id of the link, for which the guests of a server
// wait for their local user. Links that are not in the map waiting lose their reason. Links
// of other servers, and links that do not wait for a local user, are ignored. An unknown
// reason is stored as "", because the agent may be newer than the service.
func (c *Changes) TellWaiting(ctx context.Context, this Server, waiting map[int64]string) error {
	return c.tx(ctx, "store why guests wait", func(tx *gorm.DB) error {
		var rows []struct {
			ID       int64
			WaitsFor string
		}
		err := tx.Raw("SELECT id, waits_for FROM links WHERE server_id = ? AND local_user_id IS NULL AND type = ? AND state = ? ORDER BY id",
			this.ID, LinkGuest, LinkAccepted).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, row := range rows {
			reason := waiting[row.ID]
			if !isWaitReason(reason) {
				reason = ""
			}
			if reason == row.WaitsFor {
				continue
			}
			if err := tx.Exec("UPDATE links SET waits_for = ? WHERE id = ? AND local_user_id IS NULL", reason, row.ID).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// waitsFor returns the stored reason of a link whose local user is in a state, or "" if the
// state is not LocalUserWaiting.
func waitsFor(state, reason string) string {
	if state != LocalUserWaiting {
		return ""
	}
	return reason
}

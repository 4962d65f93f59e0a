package models

import (
	"context"
	"log/slog"
	"slices"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// openQuicks lists the tries that wait for an agent. It leaves out the tries of an owner if the agent does not say
// that it takes such tries, or if the server has another owner meanwhile.
const openQuicks = `SELECT q.* FROM quick_connects q JOIN accounts a ON a.id = q.account_id JOIN links l ON l.id = q.link_id
JOIN servers s ON s.id = q.server_id LEFT JOIN protections lp ON lp.server_id = q.server_id
WHERE q.server_id = ? AND q.state = ? AND q.expires_at > ? AND a.confirmed_at IS NOT NULL AND a.disabled_at IS NULL
 AND l.server_id = q.server_id AND l.account_id = q.account_id AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)
 AND (q.asked_by = 0 OR q.asked_by = s.owner_id AND lp.agent_televisions IN (?, ?)) ORDER BY q.id`

// Open lists the tries that wait for the agent of a server, with the codes. It leaves
// out tries of accounts that were disabled or have left the server.
func (q *QuickConnects) Open(ctx context.Context, this Server) ([]QuickConnect, error) {
	var rows []quickRow
	now := q.Now()
	err := q.read(ctx).Raw(openQuicks, this.ID, QuickAsked, now, LinkAccepted, now, TelevisionsGuests, TelevisionsLinked).Scan(&rows).Error
	if err != nil {
		return nil, explained("list what waits for Quick Connect", err)
	}
	list := make([]QuickConnect, 0, len(rows))
	for i := range rows {
		one := q.quick(&rows[i])
		if one.Code, err = q.keys.Open(sealQuickCode, FormatID(one.ID), rows[i].Code); err == nil {
			list = append(list, one)
		} else if err = q.giveUp(ctx, this, one.ID, err); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// giveUp ends a try if its code is sealed with a secret key that the service no longer
// knows; the person has to type the code again.
func (q *QuickConnects) giveUp(ctx context.Context, this Server, id int64, cause error) error {
	q.opt.Log.ErrorContext(ctx, "a code of Quick Connect cannot be opened", slog.Int64("quick_connect_id", id), logError(cause))
	return q.tx(ctx, "give a code of Quick Connect up", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE quick_connects SET state = ?, reason = ?, code = '' WHERE id = ? AND server_id = ? AND state = ?",
			QuickFailed, QuickExpired, id, this.ID, QuickAsked).Error
	})
}

// settle ends an open try by one conditional update, and erases its code. It returns
// [ErrNotFound].
func (q *QuickConnects) settle(tx *gorm.DB, this Server, id int64, state, reason string) error {
	return requireRow(tx.Exec("UPDATE quick_connects SET state = ?, reason = ?, code = '' WHERE id = ? AND server_id = ? AND state = ? AND expires_at > ?",
		state, reason, id, this.ID, QuickAsked, q.Now()))
}

// Complete stores that the media server accepted the code. It returns [ErrNotFound] for a
// try that has ended.
func (q *QuickConnects) Complete(ctx context.Context, this Server, id int64) error {
	return q.tx(ctx, "complete Quick Connect", func(tx *gorm.DB) error {
		row, err := database.G[quickRow](tx).Where("id = ? AND server_id = ?", id, this.ID).Take(ctx)
		if err != nil {
			return explained("read a try of Quick Connect", err)
		}
		if err := lockAccount(tx, row.AccountID); err != nil {
			return err
		}
		if err := q.settle(tx, this, id, QuickDone, ""); err != nil {
			return err
		}
		if err := q.noteFirstDevice(tx, row.LinkID); err != nil {
			return err
		}
		if row.AskedBy != 0 {
			return q.tellTelevision(ctx, tx, row.AccountID, this.Name)
		}
		// The history shows the browser in which the code was typed, not the address of the agent.
		return q.recordAbout(ctx, tx, row.AccountID, EventQuickConnected, this.Name, Caller{Address: row.Address, Device: row.Device})
	})
}

// Fail stores the reason why the device was not signed in. It returns an error about the
// field reason, or [ErrNotFound] for a try that has ended.
func (q *QuickConnects) Fail(ctx context.Context, this Server, id int64, reason string) error {
	if !slices.Contains([]string{QuickCodeWrong, QuickNotAllowed, QuickPINRequired, QuickNoLocalUser, QuickTooMany, QuickUnavailable}, reason) {
		return fieldError(KindInvalid, "reason", "quick_reason_invalid")
	}
	return q.tx(ctx, "fail Quick Connect", func(tx *gorm.DB) error { return q.settle(tx, this, id, QuickFailed, reason) })
}

package models

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// firstOfImport reports whether a mail is the first one of its import for a mailbox, and counts it. An
// owner can name one person twice without knowing it, once by the username and once by the address.
// The person then gets one mail, and finds both invites after signing in; the owner must not learn
// that both are the same person.
func (m *Mail) firstOfImport(ctx context.Context, letter *Letter, mailbox string) (bool, error) {
	if letter.imported == "" {
		return true, nil
	}
	once := Limit{Hits: 1, Window: inviteLifeLongest}
	if letter.Kind == MailInviteReminder {
		once.Window = importRemindWeek - time.Hour // an hour for a mail that was sent late
	}
	hits, err := m.throttle.raise(ctx, m.throttle.key("import mail", letter.imported+" "+string(letter.Kind)+" "+mailbox), once)
	return hits > 0, err
}

// canRemind reports whether the person of a line may be reminded now.
func (c *core) canRemind(line *importLineRow) bool {
	now := c.Now()
	switch {
	case line.InviteID == 0 || line.MailAt == nil || line.Reminders >= importRemindMost:
		return false
	case line.RemindedAt != nil:
		return !line.RemindedAt.Add(importRemindWeek).After(now)
	default:
		return !line.MailAt.Add(importRemindWait).After(now)
	}
}

// Remind owes a mail to the people of an import who have not answered their invite: to all of them, or
// if positions is not nil, to those of the lines at these positions. A person is reminded at the
// earliest a day after the first mail, then once a week at most, and three times in all. Lines that
// cannot be reminded are skipped. It returns how many people are reminded, [ErrNotFound], or
// [ErrThrottled].
func (i *Imports) Remind(ctx context.Context, ownerID, serverID, importID int64, positions []int) (int, error) {
	one, err := i.get(ctx, ownerID, serverID, importID)
	if err != nil {
		return 0, err
	}
	if err := i.throttle.allow(ctx, i.throttle.key("import", FormatID(ownerID)), i.opt.Limits.ImportHour); err != nil {
		return 0, err
	}
	var chosen []ImportLine
	for _, line := range one.Lines {
		if line.CanRemind && (positions == nil || slices.Contains(positions, line.Position)) {
			chosen = append(chosen, line)
		}
	}
	reminded := 0
	for some := range slices.Chunk(chosen, importGroup) {
		n, err := i.remind(ctx, ownerID, serverID, importID, some)
		if err != nil {
			return reminded, err
		}
		reminded += n
	}
	return reminded, nil
}

// remind reminds the people of some lines in one transaction.
func (i *Imports) remind(ctx context.Context, ownerID, serverID, importID int64, chosen []ImportLine) (reminded int, err error) {
	err = i.tx(ctx, "remind people", func(tx *gorm.DB) error {
		reminded = 0
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockOwnServer(tx, ownerID, serverID); err != nil {
			return err
		}
		row, err := database.G[importRow](tx).Where("id = ? AND owner_id = ? AND server_id = ?", importID, ownerID, serverID).Take(ctx)
		if err != nil {
			return explained("read the import", err)
		}
		for _, line := range chosen {
			done, err := i.remindOne(ctx, tx, &row, line)
			if err != nil {
				return err
			}
			if done {
				reminded++
			}
		}
		return tx.Exec("UPDATE imports SET paced_until = ? WHERE id = ?", row.PacedUntil, row.ID).Error
	})
	return reminded, err
}

// remindOne owes the reminder of one line, unless somebody has answered or reminded meanwhile.
func (i *Imports) remindOne(ctx context.Context, tx *gorm.DB, row *importRow, line ImportLine) (bool, error) {
	open, err := i.openInvites(ctx, tx, "i.id = ? AND i.owner_id = ?", line.InviteID, row.OwnerID)
	if err != nil || len(open) == 0 {
		return false, err
	}
	now := i.Now()
	changed := tx.Exec("UPDATE import_rows SET reminded_at = ?, reminders = reminders + 1 WHERE import_id = ? AND position = ? AND reminders = ?",
		now, row.ID, line.Position, line.Reminders)
	if changed.Error != nil || changed.RowsAffected == 0 {
		return false, changed.Error
	}
	owner, err := i.accountByID(ctx, tx, row.OwnerID)
	if err != nil {
		return false, err
	}
	var invited *accountRow
	if open[0].AccountID != 0 {
		account, err := i.accountByID(ctx, tx, open[0].AccountID)
		if err != nil {
			return false, err
		}
		invited = &account
	}
	server, err := i.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return false, err
	}
	mailAt, err := i.nextMail(ctx, tx, row)
	if err != nil {
		return false, err
	}
	return true, i.owe(ctx, tx, reminderMail(&open[0], invited, &owner, server.server().Name, now).ofImport(row.ID, mailAt))
}

package models

import (
	"context"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// staysAtOnce is the number of links that one round of [Stays.Remind] or [Stays.EndPauses] reads at a time.
const staysAtOnce = 100

// The statements by which the workers find what is due.
const (
	dueReminders = "SELECT id FROM links WHERE remind_at <= ? ORDER BY remind_at LIMIT ?"
	duePauses    = "SELECT id FROM links WHERE paused_until <= ? ORDER BY paused_until LIMIT ?"
)

// Remind owes the mails about stays that end soon: to the person, and to the owner of the server. Several instances
// may call it at the same time, and each mail is owed once. It returns [ErrUnavailable] while the clocks differ.
func (s *Stays) Remind(ctx context.Context) error {
	return s.eachDue(ctx, dueReminders, "remind of the end of a stay", s.remindOne)
}

// EndPauses ends the pauses whose time is over. The agents have done so by themselves already.
func (s *Stays) EndPauses(ctx context.Context) error {
	return s.eachDue(ctx, duePauses, "end a pause", s.endPause)
}

// eachDue calls do for each link that a statement finds, each in a transaction of its own, until it finds none.
func (s *Stays) eachDue(ctx context.Context, statement, what string, do func(ctx context.Context, tx *gorm.DB, linkID int64) error) error {
	for {
		if err := s.clock.agrees(); err != nil {
			return ErrUnavailable.because(err)
		}
		var ids []int64
		if err := s.read(ctx).Raw(statement, s.Now(), staysAtOnce).Scan(&ids).Error; err != nil {
			return explained(what, err)
		}
		for _, id := range ids {
			err := s.tx(ctx, what, func(tx *gorm.DB) error { return do(ctx, tx, id) })
			if err != nil && KindOf(err) != KindNotFound { // another instance was faster, or the link is gone
				return err
			}
		}
		if len(ids) < staysAtOnce {
			return nil
		}
	}
}

// lockDue locks the account of a link and reads the link. It returns [ErrNotFound].
func (c *core) lockDue(ctx context.Context, tx *gorm.DB, linkID int64) (linkRow, error) {
	var accounts []int64
	if err := tx.Raw("SELECT account_id FROM links WHERE id = ?", linkID).Scan(&accounts).Error; err != nil {
		return linkRow{}, err
	}
	if len(accounts) != 1 {
		return linkRow{}, ErrNotFound
	}
	if err := lockAccount(tx, accounts[0]); err != nil {
		return linkRow{}, err
	}
	rows, err := database.G[linkRow](tx).Where("id = ?", linkID).Find(ctx)
	if err == nil && len(rows) != 1 {
		err = ErrNotFound
	}
	if err != nil {
		return linkRow{}, err
	}
	return rows[0], nil
}

// remindOne owes the mails about the end of one link, if they are due.
func (s *Stays) remindOne(ctx context.Context, tx *gorm.DB, linkID int64) error {
	link, err := s.lockDue(ctx, tx, linkID)
	if err != nil {
		return err
	}
	now := s.Now()
	// The update decides which of several instances owes the mails.
	err = requireRow(tx.Exec("UPDATE links SET remind_at = ? WHERE id = ? AND remind_at <= ?", remindAt(link.EndsAt, now), linkID, now))
	if err != nil || link.State != LinkAccepted || link.EndsAt == nil || !link.EndsAt.After(now) {
		return err
	}
	server, err := s.serverByID(ctx, tx, link.ServerID)
	if err != nil {
		return err
	}
	person, err := s.accountByID(ctx, tx, link.AccountID)
	if err != nil {
		return err
	}
	owner, err := s.ownerOf(ctx, tx, &server)
	if err != nil {
		return err
	}
	if err := s.owe(ctx, tx, stayEndingMail(&person, &link, server.server().Name, owner)); err != nil {
		return err
	}
	if owner == nil || owner.ID == person.ID || owner.DisabledAt != nil {
		return nil
	}
	return s.owe(ctx, tx, stayEndingOwnerMail(owner, &link, server.server().Name, &person, now))
}

// endPause ends the pause of one link, if its time is over.
func (s *Stays) endPause(ctx context.Context, tx *gorm.DB, linkID int64) error {
	link, err := s.lockDue(ctx, tx, linkID)
	if err != nil {
		return err
	}
	if err := lockServer(tx, "id = ?", link.ServerID); err != nil {
		return err
	}
	if err := requireRow(tx.Exec("UPDATE links SET paused_at = NULL, paused_until = NULL WHERE id = ? AND paused_until <= ?", linkID, s.Now())); err != nil {
		return err
	}
	if err := s.feedLink(ctx, tx, &link, ChangeLink); err != nil {
		return err
	}
	if err := s.renewList(tx, link.AccountID); err != nil {
		return err
	}
	server, err := s.serverByID(ctx, tx, link.ServerID)
	if err != nil {
		return err
	}
	return s.recordAbout(ctx, tx, link.AccountID, EventStayResumed, server.server().Name, Caller{})
}

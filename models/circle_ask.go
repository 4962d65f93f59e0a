package models

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Ask asks another owner, by username, to bring a server into a circle, and owes a mail to them. The account need not own a server
// yet. Ask returns [ErrNotFound] for an account that has no server in the circle, an error about the field username,
// [ErrCircleMany], [ErrThrottled] or [ErrUnavailable].
func (s *Circles) Ask(ctx context.Context, ownerID, circleID int64, username string, caller Caller) error {
	if err := requireCircleOwner(s.read(ctx), circleID, ownerID); err != nil {
		return explained("read the servers of a circle", err)
	}
	if err := s.countCircle(ctx, ownerID); err != nil {
		return err
	}
	return s.tx(ctx, "ask an owner into a circle", func(tx *gorm.DB) error {
		asked, err := s.askable(ctx, tx, username)
		if err != nil {
			return err
		}
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockCircleOf(tx, circleID, ownerID); err != nil {
			return err
		}
		if err := s.mayAskInto(ctx, tx, circleID, asked.ID); err != nil {
			return err
		}
		now := s.Now()
		row := circleAskRow{CircleID: circleID, AccountID: asked.ID, AskedBy: ownerID, CreatedAt: now, ExpiresAt: now.Add(circleAskLife)}
		if err := database.G[circleAskRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		return s.tellAsked(ctx, tx, row, &asked, caller)
	})
}

// askable returns the account with a username, if it may be asked into a circle: it must belong to a grown
// person who has confirmed an address. Otherwise it returns an error about the field username.
func (s *Circles) askable(ctx context.Context, tx *gorm.DB, username string) (accountRow, error) {
	asked, err := s.usableByUsername(ctx, tx, strings.TrimSpace(username))
	if KindOf(err) == KindInvalid || err == nil && (asked.GuardianID != nil || asked.NewcomerOf != 0) {
		return accountRow{}, fieldError(KindInvalid, "username", "username_unknown")
	}
	return asked, err
}

// mayAskInto checks that an account may be asked into a circle, and deletes what was asked too long ago.
func (s *Circles) mayAskInto(ctx context.Context, tx *gorm.DB, circleID, askedID int64) error {
	err := requireCircleOwner(tx, circleID, askedID)
	if err == nil {
		return fieldError(KindConflict, "username", "username_in_circle")
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if err := tx.Exec("DELETE FROM circle_asks WHERE circle_id = ? AND expires_at <= ?", circleID, s.Now()).Error; err != nil {
		return err
	}
	asks, err := database.G[circleAskRow](tx).Where("circle_id = ?", circleID).Find(ctx)
	if err != nil {
		return err
	}
	for _, one := range asks {
		if one.AccountID == askedID {
			return fieldError(KindConflict, "username", "username_asked")
		}
	}
	if len(asks) >= circleAsksMost {
		return ErrCircleMany
	}
	return nil
}

// tellAsked owes the mail to an owner who is asked, and records the event of the other one.
func (s *Circles) tellAsked(ctx context.Context, tx *gorm.DB, row circleAskRow, asked *accountRow, caller Caller) error {
	circle, err := s.circleNamed(ctx, tx, row.CircleID)
	if err != nil {
		return err
	}
	by, err := s.accountByID(ctx, tx, row.AskedBy)
	if err != nil {
		return err
	}
	if err := s.owe(ctx, tx, circleMail(MailCircleAsked, asked, &by, "", row.CreatedAt)); err != nil {
		return err
	}
	return s.recordAbout(ctx, tx, row.AskedBy, EventCircleAsked, circle.Name, caller)
}

// TakeBack takes back the question to an owner whether they bring a server. Every owner in the circle may do
// it. It returns [ErrNotFound].
func (s *Circles) TakeBack(ctx context.Context, ownerID, circleID, accountID int64) error {
	return s.tx(ctx, "take back what an owner was asked", func(tx *gorm.DB) error {
		if err := lockCircleOf(tx, circleID, ownerID); err != nil {
			return err
		}
		return requireRow(tx.Exec("DELETE FROM circle_asks WHERE circle_id = ? AND account_id = ?", circleID, accountID))
	})
}

// Decline refuses to bring a server into a circle. It returns [ErrNotFound].
func (s *Circles) Decline(ctx context.Context, accountID, circleID int64) error {
	return s.tx(ctx, "decline a circle", func(tx *gorm.DB) error {
		return requireRow(tx.Exec("DELETE FROM circle_asks WHERE circle_id = ? AND account_id = ?", circleID, accountID))
	})
}

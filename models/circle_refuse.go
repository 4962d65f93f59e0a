package models

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// The operations of this file are decisions of an owner about one person at one of the owner's servers in a circle. They change
// nothing at the servers of others.

// atOwnServer locks a person and a server of an owner in a circle, and calls do. It returns [ErrNotFound] for a server of
// another owner, and for an account that does not belong to the people of the circle.
func (p *CirclePeople) atOwnServer(
	ctx context.Context, doing string, ownerID, circleID, serverID, accountID int64, do func(tx *gorm.DB, person circlePersonRow) error,
) error {
	if ownerID == accountID {
		return ErrNotFound
	}
	return p.tx(ctx, doing, func(tx *gorm.DB) error {
		if err := lockAccount(tx, accountID); err != nil {
			return err
		}
		if err := lockAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockCircle(tx, circleID); err != nil {
			return err
		}
		if err := lockCircleServer(tx, ownerID, circleID, serverID); err != nil {
			return err
		}
		person, err := database.G[circlePersonRow](tx).Where("circle_id = ? AND account_id = ?", circleID, accountID).Take(ctx)
		if err != nil {
			return explained("find a person of a circle", err)
		}
		return do(tx, person)
	})
}

// Admit says yes to a person who waits for the owner of a server. The person gets a link on the present terms, and a mail. It returns
// [ErrNotFound] if nobody waits there or the server is disabled, [ErrCircleShut] if the last day of the terms is over, or
// [ErrCircleFull].
func (p *CirclePeople) Admit(ctx context.Context, ownerID, circleID, serverID, accountID int64) error {
	return p.invites.tryOffer(func() error {
		return p.atOwnServer(ctx, "let a person in", ownerID, circleID, serverID, accountID, func(tx *gorm.DB, person circlePersonRow) error {
			err := requireRow(tx.Exec("DELETE FROM circle_answers WHERE circle_id = ? AND server_id = ? AND account_id = ? AND state = ?",
				circleID, serverID, accountID, CircleWaiting))
			if err != nil {
				return err
			}
			return p.admit(ctx, tx, person, serverID)
		})
	})
}

// admit lets in a person for whom a server of a circle no longer needs the answer of its owner.
func (p *CirclePeople) admit(ctx context.Context, tx *gorm.DB, person circlePersonRow, serverID int64) error {
	row, err := database.G[circleServerRow](tx).Where("circle_id = ? AND server_id = ?", person.CircleID, serverID).Take(ctx)
	if err != nil {
		return explained("find a server of a circle", err)
	}
	who, err := p.whoEnters(ctx, tx, person)
	if err != nil {
		return err
	}
	if who.account.DisabledAt != nil {
		return ErrNotFound
	}
	who.admitted = true
	state, err := p.enter(ctx, tx, row, who)
	switch {
	case err != nil:
		return err
	case state == CircleFull:
		return ErrCircleFull
	case state == CircleShut:
		return ErrCircleShut
	case state != CircleIn:
		return ErrNotFound
	}
	server, err := p.serverByID(ctx, tx, serverID)
	if err != nil {
		return err
	}
	owner, err := p.accountByID(ctx, tx, row.OwnerID)
	if err != nil {
		return err
	}
	if err := p.happenAtLink(ctx, tx, HappenedLinkAccepted, &linkRow{AccountID: person.AccountID}, &server, ""); err != nil {
		return err
	}
	if err := p.recordAbout(ctx, tx, person.AccountID, EventCircleAdmitted, server.server().Name, Caller{}); err != nil {
		return err
	}
	return p.owe(ctx, tx, circleMail(MailCircleAdmitted, who.account, &owner, server.server().Name, p.Now()))
}

// Refuse refuses a person at one server of an owner, and remembers it. A link that came by the circle ends; any other link
// stays. Refusing again changes nothing. Refuse returns [ErrNotFound].
func (p *CirclePeople) Refuse(ctx context.Context, ownerID, circleID, serverID, accountID int64, caller Caller) error {
	return p.atOwnServer(ctx, "refuse a person", ownerID, circleID, serverID, accountID, func(tx *gorm.DB, _ circlePersonRow) error {
		if err := p.remember(ctx, tx, circleAnswerRow{CircleID: circleID, ServerID: serverID, AccountID: accountID, State: circleRefused}); err != nil {
			return err
		}
		n, err := database.G[linkRow](tx).Where("server_id = ? AND account_id = ? AND circle_id = ?", serverID, accountID, circleID).Count(ctx, "*")
		if err != nil {
			return err
		}
		if n > 0 { // cancel remembers, too
			if err := p.cancel(ctx, tx, serverID, accountID); err != nil {
				return err
			}
		}
		server, err := p.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		return p.recordAbout(ctx, tx, ownerID, EventCircleRefused, server.server().Name, caller)
	})
}

// refuseEnded remembers as refused a person whose link the server's side ends. Otherwise the person would take the server again
// by one click. It does nothing for a link that did not come by a circle, and for a server that has left the circle.
func (c *core) refuseEnded(ctx context.Context, tx *gorm.DB, link *linkRow) error {
	if link.CircleID == 0 {
		return nil
	}
	err := lockRow(tx, "circles", "id = ? AND EXISTS (SELECT 1 FROM circle_servers c WHERE c.circle_id = circles.id AND c.server_id = ?)", link.CircleID, link.ServerID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.remember(ctx, tx, circleAnswerRow{CircleID: link.CircleID, ServerID: link.ServerID, AccountID: link.AccountID, State: circleRefused})
}

// remember stores an answer of an owner. It replaces an earlier answer.
func (c *core) remember(ctx context.Context, tx *gorm.DB, row circleAnswerRow) error {
	row.CreatedAt = c.Now()
	err := requireRow(tx.Exec("UPDATE circle_answers SET state = ?, created_at = ? WHERE circle_id = ? AND server_id = ? AND account_id = ?",
		row.State, row.CreatedAt, row.CircleID, row.ServerID, row.AccountID))
	if errors.Is(err, ErrNotFound) {
		err = database.G[circleAnswerRow](tx).Create(ctx, &row)
	}
	return err
}

// Allow takes a refusal back. The person may take the server again. It returns [ErrNotFound].
func (p *CirclePeople) Allow(ctx context.Context, ownerID, circleID, serverID, accountID int64) error {
	return p.tx(ctx, "allow a person", func(tx *gorm.DB) error {
		if err := lockCircle(tx, circleID); err != nil {
			return err
		}
		if err := lockCircleServer(tx, ownerID, circleID, serverID); err != nil {
			return err
		}
		return requireRow(tx.Exec("DELETE FROM circle_answers WHERE circle_id = ? AND server_id = ? AND account_id = ? AND state = ?",
			circleID, serverID, accountID, circleRefused))
	})
}

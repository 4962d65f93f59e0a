package models

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Invite invites one person to a circle, by mail, by a link, or both. Only the fields To, Link, Greeting, Note, ExpiresAt and
// IdempotencyKey of in count: each server has its own terms, as they are when the person accepts. The invite is accepted like any
// other, see [Invites] and [InviteLinks]. Invite returns [ErrNotFound] for an account that has no server in the
// circle, or the errors of [Invites.Create].
func (p *CirclePeople) Invite(ctx context.Context, ownerID, circleID int64, in NewInvite, caller Caller) (Invite, error) {
	if err := requireCircleOwner(p.read(ctx), circleID, ownerID); err != nil {
		return Invite{}, explained("read the servers of a circle", err)
	}
	return p.invites.Create(ctx, ownerID, NewInvite{
		To: in.To, Link: in.Link, Greeting: in.Greeting, Note: in.Note, ExpiresAt: in.ExpiresAt, IdempotencyKey: in.IdempotencyKey,
		Type: LinkGuest, circleID: circleID,
	}, caller)
}

// createForCircle writes the server on which an invite to a circle hangs: one of the owner's own. It returns the name of
// the circle, or [ErrNotFound] if the owner has no server in the circle.
func (i *Invites) createForCircle(ctx context.Context, tx *gorm.DB, row *inviteRow) (string, error) {
	if err := lockCircleOf(tx, row.CircleID, row.OwnerID); err != nil {
		return "", err
	}
	circle, err := i.circleNamed(ctx, tx, row.CircleID)
	if err != nil {
		return "", err
	}
	servers, err := ownInCircle(tx, row.CircleID, row.OwnerID)
	if err != nil {
		return "", err
	}
	for _, id := range servers {
		err := lockCircleServer(tx, row.OwnerID, row.CircleID, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		return circle.Name, database.G[inviteServerRow](tx).Create(ctx, &inviteServerRow{InviteID: row.ID, ServerID: id})
	}
	return "", ErrNotFound
}

// InviteCircle is the circle to which an invite invites.
type InviteCircle struct {
	ID      int64
	Name    string
	Servers []InviteCircleServer // as somebody sees them who is not in the circle
}

// InviteCircleServer is a server of a circle in an invite.
type InviteCircleServer struct {
	ServerID      int64
	Name          string
	Picture       string // token of the picture; "" for none
	OwnerUsername string
	State         string // [CircleOpen] or another
}

// addCircles writes the circles of rows into their invites.
func (c *core) addCircles(ctx context.Context, db *gorm.DB, rows []inviteRow, invites []Invite) error {
	known := map[int64]*InviteCircle{}
	for at, r := range rows {
		if r.CircleID == 0 {
			continue
		}
		if known[r.CircleID] == nil {
			circle, err := c.circleNamed(ctx, db, r.CircleID)
			if err != nil && KindOf(err) != KindNotFound {
				return err
			}
			servers, err := c.circleServers(ctx, db, r.CircleID, 0)
			if err != nil {
				return err
			}
			known[r.CircleID] = &InviteCircle{ID: r.CircleID, Name: circle.Name}
			for _, one := range servers {
				known[r.CircleID].Servers = append(known[r.CircleID].Servers, InviteCircleServer{
					ServerID: one.ServerID, Name: one.Name, Picture: one.Picture, OwnerUsername: one.OwnerUsername, State: one.State,
				})
			}
		}
		invites[at].Circle = known[r.CircleID]
	}
	return nil
}

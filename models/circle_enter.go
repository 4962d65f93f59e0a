package models

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// entering is a person who gets access to servers of a circle.
type entering struct {
	circle    *circleRow
	account   *accountRow
	invitedBy *accountRow // nil for a person whom nobody invited, or whose inviter is deleted
	admitted  bool        // the owner of the server says yes, so the door and "ask first" do not count
}

// enter lets a person into one server of a circle by its terms, and returns the state of the server for them:
// [CircleIn] after a link was made, [CircleWaiting] if the owner has to answer, or what keeps them out. A person who
// has a link with the server already keeps it as it is. The caller has locked the account and the circle. After a
// change of the terms that the transaction has not seen, enter returns errOfferChanged.
func (c *core) enter(ctx context.Context, tx *gorm.DB, row circleServerRow, who entering) (state string, err error) {
	if row.OwnerID == who.account.ID {
		return CircleOwn, nil
	}
	err = lockServer(tx, `id = ? AND owner_id = ? AND disabled_at IS NULL
 AND EXISTS (SELECT 1 FROM accounts o WHERE o.id = servers.owner_id AND o.disabled_at IS NULL)`, row.ServerID, row.OwnerID)
	if errors.Is(err, ErrNotFound) {
		return CircleAway, nil
	}
	if err != nil {
		return "", err
	}
	link, err := c.linkOf(ctx, tx, row.ServerID, who.account.ID)
	if err != nil || link != nil {
		return CircleIn, err
	}
	state, err = c.seat(tx, row, who)
	if err != nil || state != CircleOpen {
		if state == CircleAsks && err == nil {
			return CircleWaiting, c.waitForOwner(ctx, tx, row, who)
		}
		return state, err
	}
	return CircleIn, c.linkByCircle(ctx, tx, row, who)
}

// heldTerms is the condition for a server of a circle whose terms have not changed since a transaction read them.
// On MySQL a query would see the row as it was when the transaction began; an update sees the row as it is now.
const heldTerms = "UPDATE circle_servers SET lock_version = lock_version + 1 WHERE circle_id = ? AND server_id = ? AND owner_id = ? AND terms_version = ?"

// seat decides whether the terms of a server let a person in. It returns [CircleOpen] if they do. It reads the terms by
// updates, which lock the row.
func (c *core) seat(tx *gorm.DB, row circleServerRow, who entering) (string, error) {
	now := c.Now()
	held := []any{row.CircleID, row.ServerID, row.OwnerID, row.TermsVersion}
	if err := requireRow(tx.Exec(heldTerms, held...)); err != nil {
		if errors.Is(err, ErrNotFound) {
			err = errOfferChanged
		}
		return "", err
	}
	if row.EndsAt != nil && !row.EndsAt.After(now) || row.Shut && !who.admitted {
		return CircleShut, nil
	}
	err := requireRow(tx.Exec(heldTerms+` AND NOT EXISTS (SELECT 1 FROM circle_answers a
 WHERE a.circle_id = circle_servers.circle_id AND a.server_id = circle_servers.server_id AND a.account_id = ? AND a.state = ?)`,
		append(held[:4:4], who.account.ID, circleRefused)...))
	if errors.Is(err, ErrNotFound) {
		return CircleShut, nil
	}
	if err != nil {
		return "", err
	}
	err = requireRow(tx.Exec(heldTerms+` AND people_most > (SELECT COUNT(*) FROM links l
 WHERE l.server_id = circle_servers.server_id AND l.circle_id = circle_servers.circle_id AND (l.ends_at IS NULL OR l.ends_at > ?))`,
		append(held[:4:4], now)...))
	switch {
	case errors.Is(err, ErrNotFound):
		return CircleFull, nil
	case err != nil:
		return "", err
	case who.admitted:
		return CircleOpen, nil
	case row.AskFirst:
		return CircleAsks, nil
	}
	err = requireRow(tx.Exec(heldTerms+` AND NOT EXISTS (SELECT 1 FROM circle_answers a
 WHERE a.circle_id = circle_servers.circle_id AND a.server_id = circle_servers.server_id AND a.account_id = ? AND a.state IN (?, ?))`,
		append(held[:4:4], who.account.ID, CircleWaiting, circleHad)...))
	if errors.Is(err, ErrNotFound) {
		return CircleAsks, nil
	}
	return CircleOpen, err
}

// linkByCircle makes the link of a person to a server of a circle, and owes a mail to the owner of
// the server.
func (c *core) linkByCircle(ctx context.Context, tx *gorm.DB, row circleServerRow, who entering) error {
	zone, err := c.zoneOfOwner(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	link := linkRow{
		ServerID: row.ServerID, AccountID: who.account.ID, Type: LinkGuest, EndsAt: row.endOfCircleLink(c.Now().In(zone)), Libraries: row.Libraries,
		CircleID: row.CircleID,
	}
	if who.invitedBy != nil {
		link.InvitedBy, link.RequestedBy = who.invitedBy.ID, who.invitedBy.Username
	}
	if err := c.acceptLink(ctx, tx, &link); err != nil {
		return err
	}
	if row.LinkDays > 0 {
		// Without this row the person would take the server again on the day after the end.
		had := circleAnswerRow{CircleID: row.CircleID, ServerID: row.ServerID, AccountID: who.account.ID, State: circleHad}
		if err := c.remember(ctx, tx, had); err != nil {
			return err
		}
	}
	if who.admitted { // the owner has just said yes
		return nil
	}
	server, err := c.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	return c.oweOwner(ctx, tx, &link, &server, MailLinkAccepted)
}

// waitForOwner notes that a person waits for the yes of a server's owner, and owes a mail to the owner the first time.
func (c *core) waitForOwner(ctx context.Context, tx *gorm.DB, row circleServerRow, who entering) error {
	n, err := database.G[circleAnswerRow](tx).
		Where("circle_id = ? AND server_id = ? AND account_id = ? AND state = ?", row.CircleID, row.ServerID, who.account.ID, CircleWaiting).Count(ctx, "*")
	if err != nil || n > 0 {
		return err
	}
	if err := c.remember(ctx, tx, circleAnswerRow{CircleID: row.CircleID, ServerID: row.ServerID, AccountID: who.account.ID, State: CircleWaiting}); err != nil {
		return err
	}
	server, err := c.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	owner, err := c.accountByID(ctx, tx, row.OwnerID)
	if err != nil {
		return err
	}
	return c.owe(ctx, tx, circleMail(MailCircleWaits, &owner, who.account, server.server().Name, c.Now()))
}

// serversOfCircle reads the servers of a circle, in the order in which they are locked.
func serversOfCircle(ctx context.Context, db *gorm.DB, circleID int64) ([]circleServerRow, error) {
	return database.G[circleServerRow](db).Where("circle_id = ?", circleID).Order("server_id").Find(ctx)
}

// acceptIntoCircle makes an account a person of the circle of an invite whose use was spent, and lets them into its
// servers. It returns [ErrNotFound] if the owner of the invite has left the circle, or [ErrCircleFull] if the circle
// has no room for another person.
func (i *Invites) acceptIntoCircle(ctx context.Context, tx *gorm.DB, invite *inviteRow, accountID int64, caller Caller) error {
	if err := lockCircleOf(tx, invite.CircleID, invite.OwnerID); err != nil {
		return err
	}
	err := lockRow(tx, "circles", "id = ? AND ? > (SELECT COUNT(*) FROM circle_people p WHERE p.circle_id = circles.id)", invite.CircleID, circlePeopleMost)
	if errors.Is(err, ErrNotFound) {
		return ErrCircleFull
	}
	if err != nil {
		return err
	}
	person := circlePersonRow{CircleID: invite.CircleID, AccountID: accountID, InvitedBy: invite.OwnerID, JoinedAt: i.Now()}
	if err := i.addToCircle(ctx, tx, person); err != nil {
		return err
	}
	who, err := i.whoEnters(ctx, tx, person)
	if err != nil {
		return err
	}
	rows, err := serversOfCircle(ctx, tx, invite.CircleID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := i.enter(ctx, tx, row, who); err != nil {
			return err
		}
	}
	anchors, err := database.G[inviteServerRow](tx).Where("invite_id = ?", invite.ID).Find(ctx)
	if err != nil {
		return err
	}
	for _, anchor := range anchors {
		if err := i.recordUse(ctx, tx, invite.ID, anchor.ServerID, accountID); err != nil {
			return err
		}
	}
	if err := i.happenToInvite(ctx, tx, HappenedInviteAccepted, invite, who.account, who.circle.Name); err != nil {
		return err
	}
	return i.recordAbout(ctx, tx, accountID, EventCircleJoined, who.circle.Name, caller)
}

// whoEnters reads what enter needs to know about a person of a circle.
func (c *core) whoEnters(ctx context.Context, tx *gorm.DB, person circlePersonRow) (entering, error) {
	circle, err := c.circleNamed(ctx, tx, person.CircleID)
	if err != nil {
		return entering{}, err
	}
	account, err := c.accountByID(ctx, tx, person.AccountID)
	if err != nil {
		return entering{}, err
	}
	who := entering{circle: &circle, account: &account}
	if person.InvitedBy == 0 {
		return who, nil
	}
	by, err := c.accountByID(ctx, tx, person.InvitedBy)
	switch {
	case err == nil:
		who.invitedBy = &by
	case KindOf(err) == KindNotFound: // the account is erased
		err = nil
	}
	return who, err
}

// Take lets a person of a circle, or an owner in it, into one of its servers by the terms of that server. It returns
// [CircleIn], or [CircleWaiting] if the owner of the server has to answer first. It returns [ErrNotFound] for somebody else and
// for a server that is not in the circle, [ErrAlreadyMember], [ErrCircleShut], [ErrCircleFull], [ErrAddressFirst] for a newcomer, or
// [ErrThrottled].
func (p *CirclePeople) Take(ctx context.Context, accountID, circleID, serverID int64, caller Caller) (state string, err error) {
	if err := p.countCircle(ctx, accountID); err != nil {
		return "", err
	}
	err = p.invites.tryOffer(func() error {
		return p.tx(ctx, "take a server of a circle", func(tx *gorm.DB) error {
			state, err = p.take(ctx, tx, accountID, circleID, serverID, caller)
			return err
		})
	})
	return state, err
}

func (p *CirclePeople) take(ctx context.Context, tx *gorm.DB, accountID, circleID, serverID int64, caller Caller) (string, error) {
	if err := lockUsableAccount(tx, accountID); err != nil {
		return "", err
	}
	if err := lockCircle(tx, circleID); err != nil {
		return "", err
	}
	if err := p.requireAddress(ctx, tx, accountID); err != nil {
		return "", err
	}
	person, err := database.G[circlePersonRow](tx).Where("circle_id = ? AND account_id = ?", circleID, accountID).Take(ctx)
	if err != nil {
		return "", explained("find a person of a circle", err)
	}
	row, err := database.G[circleServerRow](tx).Where("circle_id = ? AND server_id = ?", circleID, serverID).Take(ctx)
	if err != nil {
		return "", explained("find a server of a circle", err)
	}
	has, err := p.linkOf(ctx, tx, serverID, accountID)
	if err != nil {
		return "", err
	}
	if has != nil {
		return "", ErrAlreadyMember
	}
	who, err := p.whoEnters(ctx, tx, person)
	if err != nil {
		return "", err
	}
	state, err := p.enter(ctx, tx, row, who)
	switch {
	case err != nil:
		return "", err
	case state == CircleOwn:
		return "", ErrNotFound
	case state == CircleFull:
		return "", ErrCircleFull
	case state == CircleShut, state == CircleAway:
		return "", ErrCircleShut
	case state == CircleWaiting:
		return state, nil
	}
	server, err := p.serverByID(ctx, tx, serverID)
	if err != nil {
		return "", err
	}
	if err := p.happenAtLink(ctx, tx, HappenedLinkAccepted, &linkRow{AccountID: accountID}, &server, ""); err != nil {
		return "", err
	}
	return state, p.recordAbout(ctx, tx, accountID, EventLinkAccepted, server.server().Name, caller)
}

// Leave ends everything that a person has from a circle: the links, and the questions that wait for an owner. The
// refusals of owners stay, and servers that the person owns stay in the circle. Leave returns [ErrNotFound], or
// the error of a link that only a guardian may end.
func (p *CirclePeople) Leave(ctx context.Context, accountID, circleID int64, caller Caller) error {
	return p.tx(ctx, "leave a circle", func(tx *gorm.DB) error {
		if err := lockAccount(tx, accountID); err != nil {
			return err
		}
		if err := lockCircle(tx, circleID); err != nil {
			return err
		}
		if err := requireRow(tx.Exec("DELETE FROM circle_people WHERE circle_id = ? AND account_id = ?", circleID, accountID)); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM circle_answers WHERE circle_id = ? AND account_id = ? AND state = ?", circleID, accountID, CircleWaiting).Error; err != nil {
			return err
		}
		if err := p.leaveServers(ctx, tx, accountID, circleID, caller); err != nil {
			return err
		}
		circle, err := p.circleNamed(ctx, tx, circleID)
		if err != nil {
			return err
		}
		return p.recordAbout(ctx, tx, accountID, EventCircleLeft, circle.Name, caller)
	})
}

// leaveServers ends the links that a person has by a circle.
func (p *CirclePeople) leaveServers(ctx context.Context, tx *gorm.DB, accountID, circleID int64, caller Caller) error {
	links, err := database.G[linkRow](tx).Where("circle_id = ? AND account_id = ?", circleID, accountID).Order("server_id").Find(ctx)
	if err != nil {
		return err
	}
	for at := range links {
		if err := guardianOnly(tx, links[at].ID); err != nil {
			return err
		}
		if err := p.removeLink(ctx, tx, &links[at], caller); err != nil {
			return err
		}
	}
	return nil
}

package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// People are the operations of an owner on the people who are linked to their servers.
type People struct{ *core }

// Person is a person who is linked to a server, as its owner sees them.
type Person struct {
	Link
	LocalUser LocalUser // ID 0 while no local user is known
	Libraries []Library // nil if the server decides
	InvitedBy string    // username of the account that sent the invite; "" without an invite
}

// listPeople lists the links of a server for its owner.
const listPeople = `SELECT l.id, l.server_id, l.account_id, l.type, l.state, l.requested_by, l.created_at, l.accepted_at, l.ends_at, l.libraries,
 l.local_user_id, l.waits_for, l.paused_at, l.paused_until, s.kind, a.username, a.display_name, a.picture, u.external_id, u.name, u.disabled, u.administrator, u.not_allowed, u.gone_at, i.username AS invited_by
FROM links l JOIN accounts a ON a.id = l.account_id
JOIN servers s ON s.id = l.server_id
LEFT JOIN local_users u ON u.id = l.local_user_id
LEFT JOIN accounts i ON i.id = l.invited_by
WHERE l.server_id = ? AND l.id > ? AND (l.ends_at IS NULL OR l.ends_at > ?) ORDER BY l.id LIMIT ?`

type personRow struct {
	ID, ServerID, AccountID    int64
	Type, State, RequestedBy   string
	Kind                       string // of the server
	WaitsFor                   string
	CreatedAt                  time.Time
	AcceptedAt, EndsAt, GoneAt *time.Time
	PausedAt, PausedUntil      *time.Time
	Libraries                  *string
	LocalUserID                *int64
	Username, DisplayName      string
	Picture                    string
	ExternalID, Name           *string
	Disabled, Administrator    *bool
	NotAllowed                 *bool
	InvitedBy                  *string
}

func (r *personRow) person(now time.Time) Person {
	p := Person{Link: Link{
		ID: r.ID, ServerID: r.ServerID, AccountID: r.AccountID,
		Username: r.Username, DisplayName: visibleName(r.State, r.Username, r.DisplayName), Picture: visiblePicture(r.State, r.Picture), Type: r.Type, State: r.State, RequestedBy: r.RequestedBy,
		CreatedAt: r.CreatedAt.UTC(), AcceptedAt: orZero(r.AcceptedAt), EndsAt: orZero(r.EndsAt),
		Pause: pauseAt(r.PausedAt, r.PausedUntil, now),
	}}
	if r.InvitedBy != nil {
		p.InvitedBy = *r.InvitedBy
	}
	if r.LocalUserID != nil && r.ExternalID != nil && r.Name != nil {
		p.LocalUser = LocalUser{
			ID: *r.LocalUserID, ExternalID: *r.ExternalID, Name: *r.Name, Disabled: r.Disabled != nil && *r.Disabled,
			Administrator: r.Administrator != nil && *r.Administrator, NotAllowed: r.NotAllowed != nil && *r.NotAllowed, GoneAt: orZero(r.GoneAt), LinkID: r.ID, LinkedTo: r.Username,
		}
	}
	if r.State == LinkAccepted {
		p.LocalUserState = pausedOr(p.Pause, p.LocalUser.state(r.Kind, r.Type))
		p.WaitsFor = waitsFor(p.LocalUserState, r.WaitsFor)
	}
	return p
}

// List returns at most n links of an owner's server, in the order in which they were made.
// Pending links are among them. The parameter after is the id of a link: the list begins
// with the next one. It returns [ErrNotFound].
func (p *People) List(ctx context.Context, ownerID, serverID, after int64, n int) ([]Person, error) {
	if _, err := p.ownedServer(ctx, p.read(ctx), ownerID, serverID); err != nil {
		return nil, err
	}
	var rows []personRow
	if err := p.read(ctx).Raw(listPeople, serverID, after, p.Now(), n).Scan(&rows).Error; err != nil {
		return nil, explained("list the people", err)
	}
	names, err := p.namesOfLibraries(ctx, p.read(ctx), serverID)
	if err != nil {
		return nil, err
	}
	people := make([]Person, len(rows))
	for i := range rows {
		people[i] = rows[i].person(p.Now())
		if people[i].Libraries, err = names.unpack(serverID, rows[i].Libraries); err != nil {
			return nil, explained("read a link", err)
		}
	}
	return people, nil
}

// Terms are the parts of a link that an owner may change; a nil field leaves its part
// unchanged.
type Terms struct {
	EndsAt    *time.Time // the zero time removes the end
	Libraries *[]Library // a nil list if the server decides; only ExternalID counts
}

// SetTerms changes the terms of a link and writes the change into the feed of its
// server. The person of an accepted link hears of another end by mail. It returns [ErrNotFound],
// [ErrThrottled], or errors about the fields ends_at and libraries.
func (p *People) SetTerms(ctx context.Context, ownerID, serverID, linkID int64, t Terms) error {
	if err := p.allowTerms(ctx, ownerID, serverID, linkID, t); err != nil {
		return err
	}
	return p.tx(ctx, "set the terms of a link", func(tx *gorm.DB) error {
		held, err := p.holdStay(ctx, tx, ownerID, serverID, linkID)
		if err != nil {
			return err
		}
		end, columns, err := p.termColumns(ctx, tx, &held.link, t)
		fed := false // setEnd writes the change into the feed
		switch {
		case err != nil || t.EndsAt == nil:
		case held.link.State == LinkAccepted:
			fed = !orZero(held.link.EndsAt).Equal(orZero(end))
			err = p.setEnd(ctx, tx, &held, end)
		default:
			columns["ends_at"], columns["remind_at"] = end, remindAt(end, p.Now())
		}
		if err != nil || len(columns) == 0 {
			return err
		}
		if err := tx.Table("links").Where("id = ?", linkID).Updates(columns).Error; err != nil {
			return err
		}
		if fed {
			return nil
		}
		if err := p.feedLink(ctx, tx, &held.link, ChangeLink); err != nil {
			return err
		}
		return p.renewList(tx, held.link.AccountID)
	})
}

// allowTerms counts a change of the terms of a link that its person hears of. It returns [ErrNotFound] or
// [ErrThrottled].
func (p *People) allowTerms(ctx context.Context, ownerID, serverID, linkID int64, t Terms) error {
	if _, err := p.ownedServer(ctx, p.read(ctx), ownerID, serverID); err != nil || t.EndsAt == nil {
		return err
	}
	rows, err := database.G[linkRow](p.read(ctx)).Where("id = ? AND server_id = ?", linkID, serverID).Find(ctx)
	if err != nil || len(rows) != 1 || rows[0].State != LinkAccepted || orZero(rows[0].EndsAt).Equal(*t.EndsAt) {
		return explained("read a link", err)
	}
	return p.allowStay(ctx, linkID)
}

// termColumns checks the new terms of a link. It returns the new end, nil for none, and the other columns that they
// change. It returns errors about the fields ends_at and libraries.
func (c *core) termColumns(ctx context.Context, tx *gorm.DB, link *linkRow, t Terms) (end *time.Time, columns map[string]any, err error) {
	columns = map[string]any{}
	if t.EndsAt != nil {
		if end, err = c.checkEnd(*t.EndsAt); err != nil {
			return nil, nil, err
		}
	}
	if t.Libraries != nil {
		packed, err := c.chosenLibraries(ctx, tx, link.ServerID, *t.Libraries, link.Libraries)
		if err != nil {
			return nil, nil, err
		}
		columns["libraries"] = packed
	}
	return end, columns, nil
}

// checkEnd returns the end of a link as it is stored, nil for the zero time. It
// returns an error about the field ends_at.
func (c *core) checkEnd(end time.Time) (*time.Time, error) {
	const longest = 20 * 365 * 24 * time.Hour
	if end.IsZero() {
		return nil, nil
	}
	end = end.UTC().Truncate(time.Millisecond)
	if now := c.Now(); !end.After(now) || end.Sub(now) > longest {
		return nil, fieldError(KindInvalid, "ends_at", "ends_at_invalid")
	}
	return &end, nil
}

// chosenLibraries checks a choice of libraries of one server and packs it. The parameter
// before is the packed choice that is replaced, or nil; a library that is gone is accepted
// only if it is in before. It returns an error about the field libraries.
func (c *core) chosenLibraries(ctx context.Context, tx *gorm.DB, serverID int64, libraries []Library, before *string) (*string, error) {
	names, err := c.namesOfLibraries(ctx, tx, serverID)
	if err != nil {
		return nil, err
	}
	kept, err := names.unpack(serverID, before)
	if err != nil {
		return nil, err
	}
	chosen, ok := names.allOf(serverID, libraries, kept)
	if !ok {
		return nil, fieldError(KindInvalid, "libraries", "library_unknown")
	}
	return packLibraries(chosen)
}

// Remove ends a link at the request of the server's owner. It returns [ErrNotFound].
func (p *People) Remove(ctx context.Context, ownerID, serverID, linkID int64) error {
	return p.tx(ctx, "remove a person", func(tx *gorm.DB) error {
		if _, err := p.ownedServer(ctx, tx, ownerID, serverID); err != nil {
			return err
		}
		row, err := database.G[linkRow](tx).Where("id = ? AND server_id = ?", linkID, serverID).Take(ctx)
		if err != nil {
			return explained("read the link", err)
		}
		return p.cancel(ctx, tx, serverID, row.AccountID)
	})
}

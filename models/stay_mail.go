package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// formerStayRow is a row of former_stays: a link that has ended by its date or that its person has ended in a pause,
// with what is needed when the person comes back.
type formerStayRow struct {
	LinkID, ServerID, AccountID int64
	LocalUserID                 *int64
	Type                        string
	Libraries                   *string
	InvitedBy                   int64
	EndedAt                     time.Time
	CircleID                    int64 // 0 for none
	PausedAt, PausedUntil       *time.Time
	ByPerson                    bool // the person ended it, so a mail cannot bring it back
}

// TableName returns the name of the table, former_stays.
func (formerStayRow) TableName() string { return "former_stays" }

// keepFormer writes a link that has ended by its date into former_stays, unless nobody accepted it.
func (c *core) keepFormer(ctx context.Context, tx *gorm.DB, link *linkRow) error {
	if link.State != LinkAccepted || link.EndsAt == nil {
		return nil
	}
	return writeFormer(ctx, tx, link, formerStayRow{EndedAt: *link.EndsAt})
}

// keepPause writes a link that its person ends into former_stays if it is paused: otherwise somebody whose server is
// paused could open it again by leaving, and coming back by an invite that is open to many.
func (c *core) keepPause(ctx context.Context, tx *gorm.DB, link *linkRow) error {
	if !pauseAt(link.PausedAt, link.PausedUntil, c.Now()).On() {
		return nil
	}
	return writeFormer(ctx, tx, link, formerStayRow{EndedAt: c.Now(), ByPerson: true})
}

// writeFormer writes a link into former_stays, with what row says about its end.
func writeFormer(ctx context.Context, tx *gorm.DB, link *linkRow, row formerStayRow) error {
	row.LinkID, row.ServerID, row.AccountID, row.LocalUserID, row.Type = link.ID, link.ServerID, link.AccountID, link.LocalUserID, link.Type
	row.Libraries, row.InvitedBy, row.CircleID = link.Libraries, link.InvitedBy, link.CircleID
	row.PausedAt, row.PausedUntil = link.PausedAt, link.PausedUntil
	return database.G[formerStayRow](tx).Create(ctx, &row)
}

// takeFormer gives a new link the pause in which the former link of the same person ended, and forgets the former link.
func (c *core) takeFormer(ctx context.Context, tx *gorm.DB, link *linkRow) error {
	rows, err := database.G[formerStayRow](tx).Where("account_id = ? AND server_id = ?", link.AccountID, link.ServerID).Find(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	for _, row := range rows {
		if pauseAt(row.PausedAt, row.PausedUntil, c.Now()).On() {
			link.PausedAt, link.PausedUntil = row.PausedAt, row.PausedUntil
		}
	}
	return tx.Exec("DELETE FROM former_stays WHERE account_id = ? AND server_id = ?", link.AccountID, link.ServerID).Error
}

// endStayTokens ends the secrets of mails about the end of a link. The parameter ownerID is the account of the owner
// of its server.
func endStayTokens(tx *gorm.DB, ownerID, linkID int64) error {
	return tx.Exec("DELETE FROM tokens WHERE account_id = ? AND purpose = ? AND subject_id = ? AND used_at IS NULL", ownerID, purposeStay, linkID).Error
}

// StayOffer describes how the link in a mail prolongs a stay by two weeks. Times are UTC.
type StayOffer struct {
	Server                string
	Username, DisplayName string    // of the person
	EndsAt                time.Time // the end until now; in the past if the stay is over
	Until                 time.Time // the end after [Stays.ExtendByMail]
	TimeZone              string    // of the owner; "" if it is not known
}

// offered is a [StayOffer] with what is needed to carry it out. The stay goes on if link.ID is not 0; else it is over,
// and former has it.
type offered struct {
	StayOffer
	ownerID int64
	person  accountRow
	server  serverRow
	link    linkRow
	former  formerStayRow
}

// Look describes what the link of a mail can do, and changes nothing. It returns [ErrTokenSpent] for a link that was
// used, that is too old, or whose stay has another end by now.
func (s *Stays) Look(ctx context.Context, text string) (StayOffer, error) {
	t, err := s.fresh(ctx, s.read(ctx), secret.MailToken, purposeStay, text)
	if err != nil {
		return StayOffer{}, err
	}
	found, err := s.offered(ctx, s.read(ctx), t)
	return found.StayOffer, explained("read the stay of a mail", err)
}

// offered reads what an unused or spent token can do. It returns [ErrTokenSpent] if it can do nothing any more.
func (c *core) offered(ctx context.Context, db *gorm.DB, t token) (offered, error) {
	out := offered{ownerID: t.AccountID}
	accountID, serverID, err := out.readStay(ctx, db, t.SubjectID)
	if err != nil {
		return offered{}, err
	}
	if out.person, err = c.accountByID(ctx, db, accountID); err == nil {
		out.server, err = c.serverByID(ctx, db, serverID)
	}
	if KindOf(err) == KindNotFound || err == nil && out.server.OwnerID != t.AccountID {
		return offered{}, ErrTokenSpent
	}
	if err != nil {
		return offered{}, err
	}
	owner, err := c.tokenAccount(ctx, db, t)
	if err != nil {
		return offered{}, err
	}
	out.Server, out.Username, out.DisplayName, out.TimeZone = out.server.server().Name, out.person.Username, out.person.DisplayName, owner.TimeZone
	out.Until = moreOf(out.EndsAt, c.Now(), owner.zone())
	return out, nil
}

// readStay reads the stay of a link, which goes on or is over. It returns the account and the server of the stay, or
// [ErrTokenSpent] if there is no such stay, or one without an end.
func (o *offered) readStay(ctx context.Context, db *gorm.DB, linkID int64) (accountID, serverID int64, err error) {
	links, err := database.G[linkRow](db).Where("id = ? AND state = ?", linkID, LinkAccepted).Find(ctx)
	if err != nil {
		return 0, 0, err
	}
	if len(links) == 1 && links[0].EndsAt != nil {
		o.link, o.EndsAt = links[0], links[0].EndsAt.UTC()
		return o.link.AccountID, o.link.ServerID, nil
	}
	rows, err := database.G[formerStayRow](db).Where("link_id = ? AND by_person = ?", linkID, false).Find(ctx)
	if err != nil {
		return 0, 0, err
	}
	if len(links) > 0 || len(rows) != 1 {
		return 0, 0, ErrTokenSpent
	}
	o.former, o.EndsAt = rows[0], rows[0].EndedAt.UTC()
	return o.former.AccountID, o.former.ServerID, nil
}

// ExtendByMail spends the link of a mail about the end of a stay, and prolongs the stay by two weeks. If the stay is
// over, the person comes back for two weeks with the libraries from before, and finds their local user there. It needs no sign-in. It
// returns [ErrTokenSpent] as [Stays.Look] does, also if the person has another link by now, or [ErrLocalUserTaken].
func (s *Stays) ExtendByMail(ctx context.Context, text string, caller Caller) (StayOffer, error) {
	var done StayOffer
	err := s.tx(ctx, "prolong a stay from a mail", func(tx *gorm.DB) error {
		t, err := s.spend(ctx, tx, purposeStay, text)
		if err != nil {
			return err
		}
		found, err := s.offered(ctx, tx, t)
		if err != nil {
			return err
		}
		if err := s.lockOffered(tx, &found); err != nil {
			return err
		}
		// Others may have changed the stay before the rows were locked, so it is read again.
		if found, err = s.offered(ctx, tx, t); err != nil {
			return err
		}
		if found.link.ID != 0 {
			held := heldStay{found.link, found.server}
			err = s.setEnd(ctx, tx, &held, &found.Until)
		} else {
			err = s.revive(ctx, tx, &found)
		}
		if err != nil {
			return err
		}
		done = found.StayOffer
		return s.recordAbout(ctx, tx, found.ownerID, EventStayExtended, found.Server, caller)
	})
	return done, err
}

// lockOffered locks the accounts of the owner and of the person, and the server. It returns [ErrTokenSpent] if one of
// them is gone, or is disabled.
func (c *core) lockOffered(tx *gorm.DB, found *offered) error {
	for _, lock := range []func() error{
		func() error { return lockUsableAccount(tx, min(found.ownerID, found.person.ID)) },
		func() error { return lockUsableAccount(tx, max(found.ownerID, found.person.ID)) },
		func() error {
			return lockServer(tx, "id = ? AND owner_id = ? AND disabled_at IS NULL", found.server.ID, found.ownerID)
		},
	} {
		if err := lock(); KindOf(err) == KindNotFound {
			return ErrTokenSpent.because(err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// revive brings a stay back that is over. A guest gets no local user here: the agent gives them the one that it made
// for them before.
func (c *core) revive(ctx context.Context, tx *gorm.DB, found *offered) error {
	known, err := c.linkOf(ctx, tx, found.former.ServerID, found.former.AccountID)
	if err != nil {
		return err
	}
	if known != nil {
		return ErrTokenSpent
	}
	link := linkRow{
		ServerID: found.former.ServerID, AccountID: found.former.AccountID, Type: found.former.Type, State: LinkAccepted,
		Libraries: found.former.Libraries, InvitedBy: found.former.InvitedBy, EndsAt: &found.Until,
	}
	if link.Type != LinkGuest {
		link.LocalUserID = found.former.LocalUserID
	}
	if link.CircleID, err = c.circleStill(ctx, tx, &found.former); err != nil {
		return err
	}
	if err := c.insertLink(ctx, tx, &link); err != nil {
		return err
	}
	owner, err := c.ownerOf(ctx, tx, &found.server)
	if err != nil {
		return err
	}
	if err := c.owe(ctx, tx, stayChangedMail(&found.person, found.Server, owner, stayEnds, found.Until)); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, link.AccountID, EventStayChanged, found.Server, Caller{})
}

// circleStill returns the circle by which a former link came, or 0 if the server or the person has left it since.
func (c *core) circleStill(ctx context.Context, tx *gorm.DB, former *formerStayRow) (int64, error) {
	var ids []int64
	err := tx.WithContext(ctx).Raw(`SELECT p.circle_id FROM circle_people p JOIN circle_servers s ON s.circle_id = p.circle_id
 WHERE p.circle_id = ? AND p.account_id = ? AND s.server_id = ?`, former.CircleID, former.AccountID, former.ServerID).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// stayWaits returns errDropMail for a mail about the end of a stay if the stay has another end now, or is
// over.
func (m *Mail) stayWaits(ctx context.Context, tx *gorm.DB, row *outboxRow, ends time.Time) error {
	links, err := database.G[linkRow](tx).Where("id = ? AND state = ? AND ends_at > ?", row.SubjectID, LinkAccepted, m.Now()).Find(ctx)
	if err == nil && (len(links) != 1 || !orZero(links[0].EndsAt).Truncate(time.Second).Equal(ends.Truncate(time.Second))) {
		err = errDropMail
	}
	return err
}

// The values of [MailFacts].What in a mail about a stay that has changed.
const (
	stayPaused      = "paused"       // until somebody resumes it
	stayPausedUntil = "paused_until" // until the fact Ends
	stayResumed     = "resumed"
	stayEnds        = "ends" // at the fact Ends
	stayEndless     = "endless"
)

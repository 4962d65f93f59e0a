package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/lastday"
)

// Stays are the operations of an owner on the stay of a person at a server: its end, pauses, libraries, and
// the changes that somebody has made at the media server by hand. See docs/adr/0039.
type Stays struct{ *core }

// Pause says for how long a link is paused. Times are UTC.
type Pause struct {
	Since time.Time // zero for a link that is not paused
	Until time.Time // zero if it lasts until somebody resumes it
}

// On reports whether the link is paused.
func (p Pause) On() bool { return !p.Since.IsZero() }

// pauseAt returns the pause that the columns of a link describe at a time.
func pauseAt(since, until *time.Time, now time.Time) Pause {
	if since == nil || until != nil && !until.After(now) {
		return Pause{}
	}
	return Pause{Since: since.UTC(), Until: orZero(until)}
}

// Stay has the facts and choices of an owner about the stay of one person at a server. Times are UTC.
type Stay struct {
	LinkID, ServerID, AccountID    int64
	Server                         string // its name
	Username, DisplayName, Picture string // of the person
	Guest                          bool
	LocalUser                      string // its name; "" while it is not known
	EndsAt                         time.Time
	Pause                          Pause
	CanPause                       bool      // an agent runs the server
	Libraries                      []Library // nil if the server decides
	All                            []Library // the libraries that the server has now
	Hand                           []string  // [HandChanges]
	HandKept                       bool      // the owner has said that it stays as it is at the media server
}

// The spans before the end of a link at which people are reminded of it.
const (
	stayWeek = 7 * 24 * time.Hour
	stayDay  = 24 * time.Hour
)

// stayMore is the number of days by which [Stays.Extend] prolongs a stay.
const stayMore = 14

// formerStayLife is the time after the end of a link in which its owner may prolong it from a mail.
const formerStayLife = 30 * 24 * time.Hour

// remindAt returns when the next mail about an end is due, nil for none: an end that is nearer than a span has no
// mail for that span.
func remindAt(end *time.Time, now time.Time) *time.Time {
	if end == nil {
		return nil
	}
	for _, span := range []time.Duration{stayWeek, stayDay} {
		if at := end.Add(-span); at.After(now) {
			return &at
		}
	}
	return nil
}

// Get reads the stay of a person. It returns [ErrNotFound] unless the link is accepted and belongs to a server of
// the owner.
func (s *Stays) Get(ctx context.Context, ownerID, serverID, linkID int64) (Stay, error) {
	if _, err := s.ownedServer(ctx, s.read(ctx), ownerID, serverID); err != nil {
		return Stay{}, err
	}
	link, err := s.stayRow(ctx, s.read(ctx), serverID, linkID)
	if err != nil {
		return Stay{}, explained("read a stay", err)
	}
	out, err := s.stay(ctx, s.read(ctx), &link)
	return out, explained("read a stay", err)
}

// stayRow reads an accepted link that has not ended. It returns [ErrNotFound].
func (c *core) stayRow(ctx context.Context, db *gorm.DB, serverID, linkID int64) (linkRow, error) {
	rows, err := database.G[linkRow](db).Where("id = ? AND server_id = ? AND state = ? AND (ends_at IS NULL OR ends_at > ?)",
		linkID, serverID, LinkAccepted, c.Now()).Find(ctx)
	if err == nil && len(rows) != 1 {
		err = ErrNotFound
	}
	if err != nil {
		return linkRow{}, err
	}
	return rows[0], nil
}

// stay returns the stay of the person of a link.
func (c *core) stay(ctx context.Context, db *gorm.DB, link *linkRow) (Stay, error) {
	person, err := c.accountByID(ctx, db, link.AccountID)
	if err != nil {
		return Stay{}, err
	}
	server, err := c.serverByID(ctx, db, link.ServerID)
	if err != nil {
		return Stay{}, err
	}
	out := Stay{
		LinkID: link.ID, ServerID: link.ServerID, AccountID: link.AccountID, Server: server.server().Name,
		Username: person.Username, DisplayName: person.DisplayName, Picture: person.Picture, Guest: link.Type == LinkGuest,
		EndsAt: orZero(link.EndsAt), Pause: pauseAt(link.PausedAt, link.PausedUntil, c.Now()), CanPause: server.Kind == ServerAgent,
		Hand: splitHand(link.Hand), HandKept: link.Hand != "" && link.Hand == link.HandKept,
	}
	if link.LocalUserID != nil {
		users, err := database.G[localUserRow](db).Where("id = ?", *link.LocalUserID).Find(ctx)
		if err != nil {
			return Stay{}, err
		}
		for _, user := range users {
			out.LocalUser = user.Name
		}
	}
	libraries, err := database.G[libraryRow](db).Where("server_id = ?", link.ServerID).Order("name, id").Find(ctx)
	if err != nil {
		return Stay{}, err
	}
	names := libraryNames{link.ServerID: {}}
	for i := range libraries {
		names[link.ServerID][libraries[i].ExternalID] = libraries[i].library()
		if libraries[i].GoneAt == nil {
			out.All = append(out.All, libraries[i].library())
		}
	}
	out.Libraries, err = names.unpack(link.ServerID, link.Libraries)
	return out, err
}

// heldStay is a link of an owner's server in a transaction that has locked its account and its server.
type heldStay struct {
	link   linkRow
	server serverRow
}

// holdStay locks the account and the server of a link and reads the link, pending or accepted. It returns
// [ErrNotFound].
func (c *core) holdStay(ctx context.Context, tx *gorm.DB, ownerID, serverID, linkID int64) (heldStay, error) {
	var accounts []int64
	if err := tx.Raw("SELECT account_id FROM links WHERE id = ? AND server_id = ?", linkID, serverID).Scan(&accounts).Error; err != nil {
		return heldStay{}, err
	}
	if len(accounts) != 1 {
		return heldStay{}, ErrNotFound
	}
	if err := lockAccount(tx, accounts[0]); err != nil {
		return heldStay{}, err
	}
	if err := lockOwnServer(tx, ownerID, serverID); err != nil {
		return heldStay{}, err
	}
	links, err := database.G[linkRow](tx).Where("id = ? AND server_id = ? AND (ends_at IS NULL OR ends_at > ?)", linkID, serverID, c.Now()).Find(ctx)
	if err == nil && len(links) != 1 {
		err = ErrNotFound
	}
	if err != nil {
		return heldStay{}, err
	}
	server, err := c.serverByID(ctx, tx, serverID)
	return heldStay{links[0], server}, err
}

// holdAccepted does the same as [core.holdStay], for an accepted link alone.
func (c *core) holdAccepted(ctx context.Context, tx *gorm.DB, ownerID, serverID, linkID int64) (heldStay, error) {
	held, err := c.holdStay(ctx, tx, ownerID, serverID, linkID)
	if err == nil && held.link.State != LinkAccepted {
		err = ErrNotFound
	}
	return held, err
}

// changeStay writes columns of a link whose owner has changed the stay, and tells it to the agent, to the lists of the
// account, to its history and by mail.
func (c *core) changeStay(ctx context.Context, tx *gorm.DB, held *heldStay, columns map[string]any, event EventKind, mail owed) error {
	if err := c.feedLink(ctx, tx, &held.link, ChangeLink); err != nil {
		return err
	}
	if err := tx.Table("links").Where("id = ?", held.link.ID).Updates(columns).Error; err != nil {
		return err
	}
	if err := c.renewList(tx, held.link.AccountID); err != nil {
		return err
	}
	if err := c.owe(ctx, tx, mail); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, held.link.AccountID, event, held.server.server().Name, Caller{})
}

// allowStay counts a change of a stay that the person hears of by mail.
func (c *core) allowStay(ctx context.Context, linkID int64) error {
	return c.throttle.allow(ctx, c.throttle.key("stay", FormatID(linkID)), c.opt.Limits.StayDay)
}

// Pause pauses a link until a time; for the zero time, it pauses the link until somebody resumes it. The agent of
// the server disables the local user of a guest, and ends the tokens of the link; nothing is deleted. The end of the
// stay does not move. A link that is paused already gets the new time. It returns [ErrNotFound],
// [ErrPauseAgentOnly], an error about the field until, or [ErrThrottled].
func (s *Stays) Pause(ctx context.Context, ownerID, serverID, linkID int64, until time.Time) error {
	if _, err := s.Get(ctx, ownerID, serverID, linkID); err != nil {
		return err
	}
	if err := s.checkPause(until); err != nil {
		return err
	}
	if err := s.allowStay(ctx, linkID); err != nil {
		return err
	}
	return s.tx(ctx, "pause a link", func(tx *gorm.DB) error {
		held, err := s.holdAccepted(ctx, tx, ownerID, serverID, linkID)
		if err != nil {
			return err
		}
		if held.server.Kind != ServerAgent {
			return ErrPauseAgentOnly
		}
		now := s.Now()
		columns := map[string]any{"paused_at": now, "paused_until": nil}
		if was := pauseAt(held.link.PausedAt, held.link.PausedUntil, now); was.On() {
			columns["paused_at"] = was.Since
		}
		what := stayPaused
		if !until.IsZero() {
			columns["paused_until"], what = until.UTC().Truncate(time.Millisecond), stayPausedUntil
		}
		return s.tellStay(ctx, tx, &held, columns, EventStayPaused, what, until)
	})
}

// checkPause checks the end of a pause. It returns an error about the field until.
func (c *core) checkPause(until time.Time) error {
	const longest = 5 * 365 * 24 * time.Hour
	if now := c.Now(); !until.IsZero() && (!until.After(now) || until.Sub(now) > longest) {
		return fieldError(KindInvalid, "until", "pause_until_invalid")
	}
	return nil
}

// Resume ends the pause of a link. It does nothing for a link that is not paused. It returns [ErrNotFound] or
// [ErrThrottled].
func (s *Stays) Resume(ctx context.Context, ownerID, serverID, linkID int64) error {
	found, err := s.Get(ctx, ownerID, serverID, linkID)
	if err != nil || !found.Pause.On() {
		return err
	}
	if err := s.allowStay(ctx, linkID); err != nil {
		return err
	}
	return s.tx(ctx, "resume a link", func(tx *gorm.DB) error {
		held, err := s.holdAccepted(ctx, tx, ownerID, serverID, linkID)
		if err != nil {
			return err
		}
		if held.link.PausedAt == nil {
			return nil // another request was faster
		}
		return s.tellStay(ctx, tx, &held, map[string]any{"paused_at": nil, "paused_until": nil}, EventStayResumed, stayResumed, time.Time{})
	})
}

// tellStay does the work of [core.changeStay] with the mail about a change of the kind what. The parameter at is
// the time that the mail names, or zero if it names no time.
func (c *core) tellStay(ctx context.Context, tx *gorm.DB, held *heldStay, columns map[string]any, event EventKind, what string, at time.Time) error {
	person, err := c.accountByID(ctx, tx, held.link.AccountID)
	if err != nil {
		return err
	}
	owner, err := c.ownerOf(ctx, tx, &held.server)
	if err != nil {
		return err
	}
	return c.changeStay(ctx, tx, held, columns, event, stayChangedMail(&person, held.server.server().Name, owner, what, at))
}

// Extend prolongs a stay by two weeks: from its end, or from now if the end is over. It returns the new end,
// [ErrNotFound], [ErrStayEndless] for a stay without an end, or [ErrThrottled].
func (s *Stays) Extend(ctx context.Context, ownerID, serverID, linkID int64) (end time.Time, err error) {
	found, err := s.Get(ctx, ownerID, serverID, linkID)
	if err == nil && found.EndsAt.IsZero() {
		err = ErrStayEndless
	}
	if err != nil {
		return end, err
	}
	if err := s.allowStay(ctx, linkID); err != nil {
		return end, err
	}
	err = s.tx(ctx, "prolong a stay", func(tx *gorm.DB) error {
		held, err := s.holdAccepted(ctx, tx, ownerID, serverID, linkID)
		if err != nil {
			return err
		}
		end, err = s.extend(ctx, tx, &held)
		return err
	})
	return end, err
}

// extend does the work of [Stays.Extend] in a transaction that holds the link.
func (c *core) extend(ctx context.Context, tx *gorm.DB, held *heldStay) (time.Time, error) {
	if held.link.EndsAt == nil {
		return time.Time{}, ErrStayEndless
	}
	zone, err := c.zoneOfOwner(ctx, tx, held.server.ID)
	if err != nil {
		return time.Time{}, err
	}
	end := moreOf(*held.link.EndsAt, c.Now(), zone)
	return end, c.setEnd(ctx, tx, held, &end)
}

// moreOf returns the end of a stay after it was prolonged. The days are counted in the time zone of the owner: a stay
// that ends at the end of a day there still does so if the clocks were changed in between.
func moreOf(end, now time.Time, zone *time.Location) time.Time {
	if !end.After(now) {
		end = lastday.Of(now, zone)
	}
	return end.In(zone).AddDate(0, 0, stayMore).UTC()
}

// setEnd gives a link another end, or removes its end if end is nil. The reminders begin again, and the links
// in mails about the former end stop working. It does nothing if the end stays the same.
func (c *core) setEnd(ctx context.Context, tx *gorm.DB, held *heldStay, end *time.Time) error {
	if orZero(held.link.EndsAt).Equal(orZero(end)) {
		return nil
	}
	if err := endStayTokens(tx, held.server.OwnerID, held.link.ID); err != nil {
		return err
	}
	what := stayEnds
	if end == nil {
		what = stayEndless
	}
	columns := map[string]any{"ends_at": end, "remind_at": remindAt(end, c.Now())}
	return c.tellStay(ctx, tx, held, columns, EventStayChanged, what, orZero(end))
}

// notPaused returns [ErrStayPaused] if the link of an account with a server is paused.
func (c *core) notPaused(ctx context.Context, db *gorm.DB, accountID, serverID int64) error {
	var rows []struct{ PausedAt, PausedUntil *time.Time }
	err := db.WithContext(ctx).Raw("SELECT paused_at, paused_until FROM links WHERE account_id = ? AND server_id = ?", accountID, serverID).Scan(&rows).Error
	if err == nil && len(rows) == 1 && pauseAt(rows[0].PausedAt, rows[0].PausedUntil, c.Now()).On() {
		err = ErrStayPaused
	}
	return err
}

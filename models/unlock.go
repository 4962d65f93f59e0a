package models

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Unlocks are the operations with which a person unlocks for some time things that open only with a
// PIN, or a guardian does so for a member: see ADR 0036. A member unlocks nothing by itself.
type Unlocks struct {
	*core

	pins    *PINs
	members *Members
}

// UnlockLongest is the longest time for which something can be unlocked.
const UnlockLongest = 24 * time.Hour

// Unlockable is a server of a person, with the things there that open only with a PIN, if there are
// any.
type Unlockable struct {
	LinkID, ServerID int64
	ServerName       string
	ServerVersion    string
	Agent            bool   // the server runs our agent
	AgentLevels      string // for whom its agent holds levels; "" if it knows none
	Guest            bool
	PINRequired      bool
	Everyday         Level
	Unlocked         *Level    // nil if there is nothing to unlock but the door
	Libraries        []Library // whose names the person may know: those that the link, its levels or the media server show; nil if the service does not know them
	AllLibraries     bool      // nothing hides a library from the person for good, as far as the service knows
	Hold             *Level    // what the person or the guardian has put behind the PIN
	Stopped          bool      // the PIN was removed: the owner or the guardian has to let it go on

	UnlockID         int64 // 0 if nothing is open
	OpenedAt, EndsAt time.Time
	StopPlaying      bool

	AskedDevice, AskedClient string // the device that was refused last
	AskedAt                  time.Time
	State, Problem           string // what the agent has made of it
}

// Opens reports whether there is something to unlock.
func (u *Unlockable) Opens() bool { return u.Unlocked != nil || u.PINRequired }

const unlockables = `SELECT l.id, l.server_id, l.type, l.libraries, s.name, s.own_name, s.version, s.kind, COALESCE(lp.agent_levels, '') AS agent_levels,
 COALESCE(lv.asked_device, '') AS asked_device, COALESCE(lv.asked_client, '') AS asked_client, lv.asked_at,
 CASE WHEN u.gone_at IS NULL AND u.disabled = FALSE AND u.administrator = FALSE AND u.not_allowed = FALSE THEN u.sees END AS sees,
 COALESCE(lv.told_state, '') AS told_state, COALESCE(lv.told_problem, '') AS told_problem, ` + levelColumns + `
FROM links l JOIN accounts a ON a.id = l.account_id JOIN servers s ON s.id = l.server_id
 LEFT JOIN local_users u ON u.id = l.local_user_id` + levelTables + `
WHERE l.account_id = ? AND l.state = ? AND (l.ends_at IS NULL OR l.ends_at > ?)`

// inUse narrows [unlockables] to servers that are not disabled.
const inUse = " AND s.disabled_at IS NULL ORDER BY l.server_id"

type unlockableRow struct {
	ID, ServerID             int64
	Type                     string
	Libraries                *string
	Name, OwnName            string
	Version, Kind            string
	AgentLevels              string
	AskedDevice, AskedClient string
	AskedAt                  *time.Time
	Sees                     *string // only of a local user as whom the person is let in
	ToldState, ToldProblem   string
	Levels                   levelParts `gorm:"embedded"`
}

func (r *unlockableRow) unlockable(now time.Time) (Unlockable, error) {
	server := describedRow{Name: r.Name, OwnName: r.OwnName}
	out := Unlockable{
		LinkID: r.ID, ServerID: r.ServerID, ServerName: server.description().Name, ServerVersion: r.Version, Agent: r.Kind == ServerAgent,
		AgentLevels: r.AgentLevels, Guest: r.Type == LinkGuest, PINRequired: r.Levels.pinRequired(), Stopped: r.Levels.StoppedAt != nil,
		AskedDevice: r.AskedDevice, AskedClient: r.AskedClient, AskedAt: orZero(r.AskedAt), State: r.ToldState, Problem: r.ToldProblem,
	}
	var err error
	if out.Everyday, out.Unlocked, err = r.Levels.both(); err != nil {
		return out, err
	}
	if out.Hold, err = unpackOptional(r.Levels.Hold); err != nil {
		return out, err
	}
	if r.Levels.isOpen(now) {
		out.UnlockID, out.OpenedAt, out.EndsAt, out.StopPlaying = r.Levels.UnlockID, r.Levels.OpenedAt.UTC(), r.Levels.ClosesAt.UTC(), r.Levels.StopPlaying
	}
	return out, nil
}

// List lists the servers of an account, for itself or for its guardian. It returns [ErrNotFound] for
// somebody else.
func (u *Unlocks) List(ctx context.Context, readerID, accountID int64) ([]Unlockable, error) {
	if readerID != accountID {
		if _, err := u.members.lookedAfter(ctx, readerID, accountID); err != nil {
			return nil, err
		}
	}
	return u.list(ctx, u.read(ctx), accountID)
}

func (u *Unlocks) list(ctx context.Context, db *gorm.DB, accountID int64) ([]Unlockable, error) {
	var rows []unlockableRow
	if err := db.Raw(unlockables+inUse, accountID, LinkAccepted, u.Now()).Scan(&rows).Error; err != nil {
		return nil, explained("list what can be unlocked", err)
	}
	out := make([]Unlockable, len(rows))
	servers := make([]int64, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].unlockable(u.Now()); err != nil {
			return nil, explained("read a level", err)
		}
		servers[i] = rows[i].ServerID
	}
	libraries, err := u.librariesAt(ctx, db, servers...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if err := out[i].findLibraries(libraries, &rows[i]); err != nil {
			return nil, explained("read the libraries of a link", err)
		}
	}
	return out, nil
}

// Unlock names the thing that somebody asks to open.
type Unlock struct {
	AccountID   int64 // of the person who uses the servers; 0 for the one who opens
	ServerIDs   []int64
	PIN         string        // of the person who opens
	For         time.Duration // one minute to [UnlockLongest]
	StopPlaying bool          // at the end, stop what is playing there
}

// Open unlocks, at one server or several, the things that open only with the PIN. It replaces an unlock that
// is open there. A grown person gives their own PIN for their own servers; a guardian gives the guardian's
// own PIN for the servers of a member. It returns [ErrNotFound] for anybody else, [ErrGuardianOnly] for a
// member, errors about the fields server_ids, minutes and pin, [ErrNothingToUnlock], [ErrUnlockStopped],
// [ErrPINNotSet], [ErrPINOff], [ErrPINThrottled], [ErrUnlockThrottled], [ErrBusy] or [ErrUnavailable].
func (u *Unlocks) Open(ctx context.Context, openerID int64, in Unlock, caller Caller) ([]Unlockable, error) {
	if in.AccountID == 0 {
		in.AccountID = openerID
	}
	opener, member, err := u.mayOpen(ctx, openerID, in.AccountID)
	if err != nil {
		return nil, err
	}
	all, err := u.list(ctx, u.read(ctx), in.AccountID)
	if err != nil {
		return nil, err
	}
	chosen, err := in.choose(all)
	if err != nil {
		return nil, err
	}
	if err := u.provePIN(ctx, &opener, chosen, in.PIN, caller); err != nil {
		return nil, err
	}
	err = u.tx(ctx, "unlock", func(tx *gorm.DB) error {
		if err := u.lockOpener(ctx, tx, &opener, member); err != nil {
			return err
		}
		// Read again: the link, the protection and the PIN may have changed meanwhile.
		now, err := u.list(ctx, tx, in.AccountID)
		if err != nil {
			return err
		}
		if chosen, err = in.choose(now); err != nil {
			return err
		}
		return u.write(ctx, tx, chosen, in, openerID, caller)
	})
	return chosen, err
}

// mayOpen reads the account of the person who unlocks, and the account of the member. The member is nil if the person unlocks
// things at their own servers.
func (u *Unlocks) mayOpen(ctx context.Context, openerID, accountID int64) (opener accountRow, member *accountRow, err error) {
	if opener, err = u.accountByID(ctx, u.read(ctx), openerID); err != nil {
		return opener, nil, err
	}
	if openerID == accountID {
		if opener.GuardianID != nil {
			return opener, nil, ErrGuardianOnly
		}
		return opener, nil, nil
	}
	row, err := u.members.lookedAfter(ctx, openerID, accountID)
	return opener, &row, err
}

// choose returns the servers that are to be opened.
func (in *Unlock) choose(all []Unlockable) ([]Unlockable, error) {
	if in.For < time.Minute || in.For > UnlockLongest {
		return nil, fieldError(KindInvalid, "minutes", "unlock_minutes")
	}
	if len(in.ServerIDs) == 0 {
		return nil, fieldError(KindInvalid, "server_ids", "unlock_server")
	}
	var chosen []Unlockable
	for _, one := range all {
		switch {
		case !slices.Contains(in.ServerIDs, one.ServerID):
			continue
		case !one.Opens():
			return nil, ErrNothingToUnlock.with("Server", one.ServerName)
		case one.Stopped:
			return nil, ErrUnlockStopped.with("Server", one.ServerName)
		}
		chosen = append(chosen, one)
	}
	ids := slices.Clone(in.ServerIDs)
	slices.Sort(ids)
	if len(chosen) != len(slices.Compact(ids)) {
		return nil, fieldError(KindInvalid, "server_ids", "unlock_server")
	}
	return chosen, nil
}

// unlockTries is how often a wrong PIN may be given for one link in a quarter of an hour. It is less than
// what the account has, so that tries at one server do not switch the PIN off everywhere.
func unlockTries() Limit { return Limit{Hits: 3, Window: 15 * time.Minute} }

// provePIN checks the PIN of the person who opens. A try counts for the account and for each of the links.
func (u *Unlocks) provePIN(ctx context.Context, opener *accountRow, chosen []Unlockable, pin string, caller Caller) error {
	switch {
	case opener.PINHash == "":
		return ErrPINNotSet
	case opener.PINOffAt != nil:
		return ErrPINOff
	case pin == "":
		return fieldError(KindInvalid, "pin", "field_required")
	case !isPIN(preparePIN(pin)):
		return atPIN(ErrPINImpossible)
	}
	left := unlockTries().Hits
	for i, one := range chosen {
		key := u.triesKey(one.LinkID)
		tries, err := u.throttle.attemptCounted(ctx, key, unlockTries())
		left = min(left, unlockTries().Hits-tries)
		if KindOf(err) == KindThrottled { // no PIN was compared, so the servers before it have no try less
			wait := u.throttle.wait(ctx, key)
			return errors.Join(u.forgetTries(ctx, chosen[:i]), ErrUnlockThrottled.with("Server", one.ServerName).after(wait))
		}
		if err != nil {
			return err
		}
	}
	if err := u.pins.verify(ctx, opener, pin, caller); err != nil {
		return atPIN(fewerTries(err, left))
	}
	return u.forgetTries(ctx, chosen)
}

// fewerTries returns an error about a wrong PIN with the number of tries that are left at the servers, if the
// account has more tries left.
func fewerTries(err error, left int) error {
	wrong, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrWrongPIN) {
		return err
	}
	if ofAccount, err := strconv.Atoi(wrong.Params["Left"]); err != nil || ofAccount <= left {
		return wrong
	}
	fewer := ErrWrongPIN.with("Left", strconv.Itoa(left))
	if left == 0 {
		fewer.Params["Reason"] = "none_left"
	}
	return fewer
}

// forgetTries clears the counters of wrong PINs of links.
func (u *Unlocks) forgetTries(ctx context.Context, chosen []Unlockable) error {
	for _, one := range chosen {
		if err := u.throttle.forget(ctx, u.triesKey(one.LinkID)); err != nil {
			return err
		}
	}
	return nil
}

// lockOpener locks the person who unlocks, and the member if there is one. It returns
// [ErrTokenSpent] if that person has another PIN now.
func (u *Unlocks) lockOpener(ctx context.Context, tx *gorm.DB, opener, member *accountRow) error {
	if member != nil { // the family first: every change of a family locks in this order
		if err := u.members.holdMember(ctx, tx, member, opener.ID); err != nil {
			return err
		}
	}
	err := lockPerson(tx, opener.ID, opener.PINHash)
	if KindOf(err) == KindNotFound {
		return ErrTokenSpent.because(err)
	}
	return err
}

// write stores the unlocks and tells the agents. The servers are in the order of their ids.
func (u *Unlocks) write(ctx context.Context, tx *gorm.DB, chosen []Unlockable, in Unlock, openerID int64, caller Caller) error {
	now := u.Now()
	if openerID != in.AccountID {
		caller.By = openerID
	}
	for i := range chosen {
		one := &chosen[i]
		id, err := u.newID()
		if err != nil {
			return err
		}
		one.UnlockID, one.OpenedAt, one.EndsAt, one.StopPlaying = id, now, now.Add(in.For), in.StopPlaying
		link := linkRow{ID: one.LinkID, ServerID: one.ServerID, AccountID: in.AccountID}
		if err := u.feedLink(ctx, tx, &link, ChangeLink); err != nil {
			return err
		}
		err = changeLevels(ctx, tx, &link, map[string]any{
			"unlock_id": id, "opened_by": openerID, "opened_at": now, "closes_at": one.EndsAt, "stop_playing": in.StopPlaying,
			"asked_device": "", "asked_client": "", "asked_at": nil,
		})
		if err != nil {
			return err
		}
		if err := u.recordAbout(ctx, tx, in.AccountID, EventUnlocked, one.ServerName, caller); err != nil {
			return err
		}
	}
	return nil
}

// Close closes an unlock at once, for the person or for a guardian. It returns [ErrNotFound].
func (u *Unlocks) Close(ctx context.Context, readerID, unlockID int64, caller Caller) error {
	rows, err := database.G[linkLevelsRow](u.read(ctx)).Where("unlock_id = ? AND unlock_id <> 0", unlockID).Find(ctx)
	if err != nil {
		return explained("find an unlock", err)
	}
	if len(rows) == 0 {
		return ErrNotFound
	}
	accountID := rows[0].AccountID
	if accountID != readerID {
		if _, err := u.members.lookedAfter(ctx, readerID, accountID); err != nil {
			return err
		}
		caller.By = readerID
	}
	return u.tx(ctx, "close an unlock", func(tx *gorm.DB) error {
		if err := lockAccount(tx, accountID); err != nil {
			return err
		}
		closed, err := u.closeUnlocks(ctx, tx, "unlock_id = ? AND account_id = ?", unlockID, accountID)
		if err != nil {
			return err
		}
		if closed == 0 {
			return ErrNotFound
		}
		server, err := u.serverByID(ctx, tx, rows[0].ServerID)
		if err != nil {
			return err
		}
		return u.recordAbout(ctx, tx, accountID, EventLocked, server.server().Name, caller)
	})
}

// closeUnlocks closes the unlocks that an SQL condition on link_levels selects, tells the agents, and returns
// how many there were.
func (c *core) closeUnlocks(ctx context.Context, tx *gorm.DB, condition string, args ...any) (int, error) {
	var rows []linkLevelsRow
	err := tx.Raw("SELECT link_id, server_id, account_id FROM link_levels WHERE unlock_id <> 0 AND ("+condition+") ORDER BY server_id, link_id", args...).Scan(&rows).Error
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		link := linkRow{ID: row.LinkID, ServerID: row.ServerID, AccountID: row.AccountID}
		if err := c.feedLink(ctx, tx, &link, ChangeLink); err != nil {
			return 0, err
		}
		err := changeLevels(ctx, tx, &link, map[string]any{"unlock_id": 0, "opened_by": 0, "opened_at": nil, "closes_at": nil, "stop_playing": false})
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// pinChanged closes what a PIN has opened that was replaced, removed or switched off. If it was removed and
// its person is grown, everything that lay behind it can be unlocked only after the owner of the server has
// allowed that: a PIN that is missing never counts as given.
func (c *core) pinChanged(ctx context.Context, tx *gorm.DB, row *accountRow, removed bool) error {
	if _, err := c.closeUnlocks(ctx, tx, "opened_by = ?", row.ID); err != nil {
		return err
	}
	if !removed || row.GuardianID != nil {
		return nil
	}
	var rows []unlockableRow
	if err := tx.Raw(unlockables+" ORDER BY l.server_id", row.ID, LinkAccepted, c.Now()).Scan(&rows).Error; err != nil {
		return err
	}
	for i := range rows {
		if rows[i].Levels.StoppedAt != nil || !rows[i].Levels.opens() {
			continue
		}
		link := linkRow{ID: rows[i].ID, ServerID: rows[i].ServerID, AccountID: row.ID}
		if err := changeLevels(ctx, tx, &link, map[string]any{"stopped_at": c.Now()}); err != nil {
			return err
		}
	}
	return nil
}

func (u *Unlocks) triesKey(linkID int64) secret.Hash {
	return u.throttle.key("unlock", FormatID(linkID))
}

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
)

// linkRow is a row of the table links.
type linkRow struct {
	ID              string
	AccountID       string
	Username        string
	DisplayName     string
	LocalUserID     string
	LocalUserName   string
	Type            string
	Status          string
	Active          bool
	Libraries       *string // JSON list of ids; nil means the agent's settings decide
	EndsAt          int64
	AccessKeySHA256 string  `gorm:"column:access_key_sha256"` // hex digits; "" while pending
	DeviceKeys      bool    // a key for each session opens it, see device_key.go
	AskedUntil      int64   // the service is asked about keys of sessions up to this one; 0 for none
	SessionMark     int64   `gorm:"-"` // of a link that the service has just sent, see askAll
	Levels          *string // JSON of linkLevels; nil if the service has sent none
	UnlockClosed    string  // the unlockKey of the unlock of the service that has ended here; "" for none
	LockedAt        int64   // when an admin last locked it here; 0 for never
	UnlockedFrom    int64   // when an admin unlocked it here; 0 for a link that is not unlocked here
	UnlockedUntil   int64
	StopAtEnd       bool  // what plays is stopped when the unlock ends; only without a levelRow
	UnlinkedAt      int64 // when an admin ended it here, in Unix milliseconds; negative once the service knows, 0 for a link that was not ended here
	Missing         listing
	PausedUntil     int64 // until when the owner has paused it, [pausedForGood] without an end; 0 for a link that is not paused
	HandResetAt     int64 // when the owner last asked for a reset of what was changed by hand; 0 for never
	Allowed         bool  `gorm:"->"` // whether the local user may be used, apart from Policy.AllowAllUsers; not a column
}

// pausedForGood is the value of linkRow.PausedUntil for a pause that lasts until the owner ends it.
const pausedForGood = math.MaxInt64

// listing tells whether the service listed a link when the agent last asked for all links.
type listing int

const (
	listed listing = iota
	// notListed means that the service did not list the link. A backup of the service may
	// have been restored, so the link stays, but the agent asks the service about the
	// access key each time.
	notListed
	// endedSince means that the service did not list the link, and that the agent's file was
	// restored from a backup: the link was removed after that backup. The agent waits until
	// the service lists the link again.
	endedSince
)

// usable is the condition for a link that is in use now. Its parameter is the
// time as a stamp.
const usable = `status = 'accepted' AND active = 1 AND unlinked_at = 0 AND missing <> 2
 AND ? BETWEEN paused_until AND CASE ends_at WHEN 0 THEN 9223372036854775807 ELSE ends_at - 1 END`

// usable reports whether the link is in use at the time now. The constant usable is the
// same condition in SQL.
func (r *linkRow) usable(now time.Time) bool {
	return r.goesOnAfterPause(now) && r.PausedUntil <= stamp(now)
}

// goesOnAfterPause reports whether the link is in use at the time now, or would be without a pause.
func (r *linkRow) goesOnAfterPause(now time.Time) bool {
	return r.Status == client.Accepted && r.Active && r.UnlinkedAt == 0 && r.Missing != endedSince && (r.EndsAt == 0 || r.EndsAt > stamp(now))
}

// paused reports whether the link is not in use at the time now because the owner has paused it.
func (r *linkRow) paused(now time.Time) bool {
	return r.goesOnAfterPause(now) && r.PausedUntil > stamp(now)
}

// notUsable returns the error for a link that is not in use at the time now: [ErrStayPaused], or [ErrAccessKeyWrong].
func (r *linkRow) notUsable(now time.Time) error {
	if !r.paused(now) {
		return ErrAccessKeyWrong
	}
	until := ""
	if r.PausedUntil != pausedForGood {
		until = " until " + moment(r.PausedUntil).Local().Format("2 January 2006, 15:04")
	}
	return fmt.Errorf("%w%s. The person who runs this server can end the pause", ErrStayPaused, until)
}

// link returns the row as a [Link].
func (r *linkRow) link() Link {
	return Link{
		ID: r.ID, AccountID: r.AccountID, Username: r.Username, DisplayName: r.DisplayName,
		LocalUserID: r.LocalUserID, LocalUserName: r.LocalUserName, Type: r.Type, Status: r.Status,
		Active: r.Active && r.UnlinkedAt == 0, Libraries: r.libraries(), EndsAt: moment(r.EndsAt), Allowed: r.Allowed,
	}
}

// libraries returns the ids of the libraries that the link allows, or nil if the link says nothing
// about libraries.
func (r *linkRow) libraries() []string {
	if r.Libraries == nil {
		return nil
	}
	ids := []string{}
	if err := json.Unmarshal([]byte(*r.Libraries), &ids); err != nil {
		return []string{} // allow nothing rather than everything
	}
	return ids
}

const linkColumns = `id, account_id, username, display_name, local_user_id, local_user_name, type, status, active,
 libraries, ends_at, access_key_sha256, device_keys, asked_until, levels, unlock_closed, locked_at, unlocked_from, unlocked_until, stop_at_end, unlinked_at,
 missing, paused_until, hand_reset_at`

// readLinks reads the links that fulfil an SQL condition, the oldest first.
func readLinks(db *gorm.DB, condition string, args ...any) ([]linkRow, error) {
	var rows []linkRow
	err := db.Raw("SELECT "+linkColumns+", "+allowed+" AS allowed FROM links WHERE "+condition+" ORDER BY length(id), id", args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	return rows, nil
}

// linksMost is the greatest number of links that are kept. A stranger who
// controls the service must not be able to fill the disk.
const linksMost = 20000

// addGuest adds the local user to the link of a guest, if the service has sent the link without a local
// user: the agent may have created a local user whom the service does not know yet. addGuest notes that
// the service has to be told.
func addGuest(tx *gorm.DB, row *linkRow) error {
	if row.LocalUserID != "" || row.Type != client.Guest {
		return nil
	}
	found, err := readGuests(tx, "link_id = ? AND left_alone = ''", row.ID)
	if err != nil {
		return err
	}
	for _, g := range found {
		row.LocalUserID, row.LocalUserName = g.LocalUserID, g.Name
	}
	if err := tx.Exec("UPDATE guests SET told = 0 WHERE link_id = ? AND told = 1", row.ID).Error; err != nil {
		return fmt.Errorf("note that the service does not know a guest: %w", err)
	}
	return nil
}

// putLink writes a link as the service has it now, and marks the tokens that have to be
// revoked because of a change. A link that was ended here stays ended. It returns the row
// as it was before, or nil for a new link. For a new link beyond linksMost it writes
// nothing and returns errLinkInvalid.
func (s *Store) putLink(tx *gorm.DB, row linkRow) (before *linkRow, err error) {
	known, err := readLinks(tx, "id = ?", row.ID)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		before = &known[0]
	} else if err := s.roomForLink(tx); err != nil {
		return nil, err
	}
	if err := addGuest(tx, &row); err != nil {
		return nil, err
	}
	err = tx.Exec(`INSERT INTO links (`+linkColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '', 0, 0, 0, 0, 0, 0, ?, ?)
ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id, username = excluded.username, display_name = excluded.display_name,
 local_user_id = excluded.local_user_id, local_user_name = excluded.local_user_name, type = excluded.type, status = excluded.status,
 active = excluded.active, libraries = excluded.libraries, ends_at = excluded.ends_at, access_key_sha256 = excluded.access_key_sha256,
 device_keys = excluded.device_keys, levels = excluded.levels, missing = 0,
 paused_until = excluded.paused_until, hand_reset_at = excluded.hand_reset_at, stop_at_end = CASE WHEN excluded.levels IS NULL THEN 0 ELSE stop_at_end END`,
		row.ID, row.AccountID, row.Username, row.DisplayName, row.LocalUserID, row.LocalUserName, row.Type, row.Status, row.Active,
		row.Libraries, row.EndsAt, row.AccessKeySHA256, row.DeviceKeys, row.Levels, row.PausedUntil, row.HandResetAt).Error
	if err != nil {
		return nil, fmt.Errorf("write a link: %w", err)
	}
	replaced := before != nil && before.AccessKeySHA256 != row.AccessKeySHA256
	if replaced {
		if err := s.forgetSessions(tx, row.ID); err != nil {
			return before, err
		}
	}
	// When device keys begin, the link gets another key, but nobody was signed out.
	begin := before != nil && !before.DeviceKeys && row.DeviceKeys
	if !row.usable(s.now()) || replaced && !begin {
		return before, s.oweTokens(tx, "link_id = ?", row.ID)
	}
	return before, s.oweTokens(tx, "link_id = ? AND local_user_id <> ?", row.ID, row.LocalUserID)
}

// putLinks writes links. It returns the links beyond linksMost, which it has not
// written.
func (s *Store) putLinks(tx *gorm.DB, rows []linkRow) (over []linkRow, err error) {
	for _, row := range rows {
		_, err := s.putLink(tx, row)
		if errors.Is(err, errLinkInvalid) {
			over = append(over, row)
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return over, nil
}

// roomForLink returns errLinkInvalid if there are linksMost links already.
func (s *Store) roomForLink(tx *gorm.DB) error {
	var n int
	if err := tx.Raw("SELECT COUNT(*) FROM links").Scan(&n).Error; err != nil {
		return fmt.Errorf("count links: %w", err)
	}
	if n >= s.linksMost {
		return fmt.Errorf("%w: it would be one more than %d", errLinkInvalid, s.linksMost)
	}
	return nil
}

// dropLink removes a link and marks its tokens. It returns the removed row, or
// nil for an unknown link.
func (s *Store) dropLink(tx *gorm.DB, id string) (*linkRow, error) {
	known, err := readLinks(tx, "id = ?", id)
	if err != nil {
		return nil, err
	}
	if err := s.oweTokens(tx, "link_id = ?", id); err != nil || len(known) == 0 {
		return nil, err
	}
	if err := tx.Exec("DELETE FROM links WHERE id = ?", id).Error; err != nil {
		return nil, fmt.Errorf("remove a link: %w", err)
	}
	return &known[0], s.forgetSessions(tx, id)
}

// endLink stores that an admin has ended a link at this machine, and marks the tokens of
// the link, so that they are revoked. It also disallows the local user, because with the
// yes a new link from the service would let somebody in again.
func (s *Store) endLink(tx *gorm.DB, link linkRow) error {
	if err := tx.Exec("UPDATE links SET unlinked_at = ? WHERE id = ?", stamp(s.now()), link.ID).Error; err != nil {
		return err
	}
	if err := s.oweTokens(tx, "link_id = ?", link.ID); err != nil {
		return err
	}
	_, err := s.takeYesBack(tx, link.LocalUserID)
	return err
}

// oweTokens marks the tokens that fulfil an SQL condition as ending: they have to be
// revoked.
func (s *Store) oweTokens(tx *gorm.DB, condition string, args ...any) error {
	err := tx.Exec("UPDATE tokens SET ending_at = ? WHERE ending_at = 0 AND "+condition, append([]any{stamp(s.now())}, args...)...).Error
	if err != nil {
		return fmt.Errorf("mark tokens to be revoked: %w", err)
	}
	return nil
}

// links returns all links, the oldest first. It leaves out the links that were ended both here and at
// the service.
func (s *Store) links(ctx context.Context) ([]Link, error) {
	rows, err := readLinks(s.read(ctx), "unlinked_at >= 0")
	if err != nil {
		return nil, err
	}
	list := make([]Link, len(rows))
	for i := range rows {
		list[i] = rows[i].link()
	}
	return list, nil
}

// endLinks marks tokens that have to be revoked, because their link is not in use, for
// example because its last day is over. Unless allUsers is true, it also marks the tokens
// of links whose local user is not allowed.
func (s *Store) endLinks(ctx context.Context, allUsers bool) error {
	over := "link_id NOT IN (SELECT id FROM links WHERE " + usable + " AND (? OR " + allowed + "))"
	now := stamp(s.now())
	some, err := s.count(ctx, "SELECT COUNT(*) FROM tokens WHERE ending_at = 0 AND "+over, now, allUsers)
	if err != nil || some == 0 {
		return err
	}
	return s.tx(ctx, "end links", func(tx *gorm.DB) error { return s.oweTokens(tx, over, now, allUsers) })
}

package models

import (
	"cmp"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Sessions are the operations on signed-in browsers and devices.
type Sessions struct {
	*core

	seen *notes[int64, time.Time] // last uses that are not written yet
}

// The kinds of sessions.
const (
	SessionBrowser = "browser"
	SessionDevice  = "device"
)

// sessionRow is a row of sessions.
type sessionRow struct {
	ID          int64
	TokenHash   secret.Hash
	AccountID   int64
	Kind        string
	Device      string
	Icon        string
	Address     string
	CreatedAt   time.Time
	LastSeenAt  time.Time
	ConfirmedAt time.Time // when the password was last proved
	ExpiresAt   time.Time
	DeviceID    string // the device's own; "" for a browser
	Client      string // the app; "" for a browser
	LockVersion int64  // raised by every transaction that locks the session, see lock.go

	HouseholdID  int64 // the first session of the device; 0 for that session, and without a household. See household.go
	SwitchedFrom int64 // the session by whose right the person was switched to; 0 for a session that somebody signed in
	ByGuardian   int64 // the family in which the account is looked after, if that is the right; 0 otherwise
	LeftOut      bool  // the person of a signed-in session is not among the people of the household
}

// TableName returns the name of the table, sessions.
func (sessionRow) TableName() string { return "sessions" }

// Session is one signed-in browser or device. Times are UTC.
type Session struct {
	ID, AccountID                 int64
	Username, DisplayName, Locale string    // of the account; only [Sessions.Look] and [Sessions.LookVisitor] fill them
	Kind                          string    // [SessionBrowser] or [SessionDevice]
	Device, Icon, Address         string    // not from [Sessions.Look]
	DeviceID, Client              string    // as a device names itself and its app; "" for browsers, and from [Sessions.Look]
	CreatedAt                     time.Time // not from [Sessions.Look]
	LastSeenAt                    time.Time
	ConfirmedAt                   time.Time // when the password was last proved
	ExpiresAt                     time.Time
	Switched                      bool // somebody chose this person on a shared device: see household.go
}

// DeviceUnknown reports whether the session belongs to an app that did not say which device
// it is on. At a media server without device keys (device_key.go), the end of the session
// ends no local token, because nothing connects the two; only [Sessions.EndAll] and
// [Sessions.EndOthers] end local tokens.
func (s *Session) DeviceUnknown() bool { return s.Kind == SessionDevice && s.DeviceID == "" }

func (r *sessionRow) session() Session {
	return Session{
		ID: r.ID, AccountID: r.AccountID, Kind: r.Kind, Device: r.Device, Icon: r.Icon, Address: r.Address, DeviceID: r.DeviceID, Client: r.Client,
		CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ConfirmedAt: r.ConfirmedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		Switched: r.SwitchedFrom != 0,
	}
}

// lastSeenEvery is the precision of the time of the last use.
const lastSeenEvery = 5 * time.Minute

// noteUse stores a use in memory for [Sessions.Flush].
func (s *Sessions) noteUse(id int64, written, now time.Time) {
	if now.Sub(written) < lastSeenEvery {
		return
	}
	s.seen.note(id, now)
}

// Flush writes the stored uses, a few in each transaction. If that fails, the next Flush
// tries again.
func (s *Sessions) Flush(ctx context.Context) error {
	return s.seen.flush(cmp.Compare, func(ids []int64, seen map[int64]time.Time) error {
		return s.tx(ctx, "write last uses", func(tx *gorm.DB) error { return writeLastSeen(tx, ids, seen) })
	})
}

// writeLastSeen writes the times of last uses into the rows of sessions. A later time stays.
func writeLastSeen(tx *gorm.DB, ids []int64, seen map[int64]time.Time) error {
	for _, id := range ids {
		err := tx.Exec("UPDATE sessions SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?", seen[id], id, seen[id]).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteSessions deletes the sessions of an account that condition selects, or all of them if it is "". It also deletes
// the links of mails that would end these sessions. Both statements name the account first: without its index they
// would lock the rows of all accounts.
func deleteSessions(tx *gorm.DB, accountID int64, condition string, args ...any) error {
	which := "account_id = ?"
	if condition != "" {
		which += " AND " + condition
	}
	args = append([]any{accountID}, args...)
	const links = "DELETE FROM tokens WHERE account_id = ? AND purpose = 'not_me' AND subject_id IN (SELECT id FROM sessions WHERE "
	if err := tx.Exec(links+which+")", append([]any{accountID}, args...)...).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM sessions WHERE "+which, args...).Error
}

// endEverything ends all sessions of an account and every way to new ones: approved
// device codes, codes of Quick Connect, and the access keys that devices hold. Links
// stay.
func (c *core) endEverything(ctx context.Context, tx *gorm.DB, accountID int64) error {
	if err := c.endSessions(ctx, tx, accountID, ""); err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM device_codes WHERE account_id = ?", accountID).Error; err != nil {
		return err
	}
	if err := endQuickConnects(tx, accountID); err != nil {
		return err
	}
	if err := endLocalPasswords(tx, accountID); err != nil {
		return err
	}
	if err := forgetQuickDevices(tx, accountID); err != nil {
		return err
	}
	if err := c.replaceAccessKeys(ctx, tx, accountID); err != nil {
		return err
	}
	return c.feedAccount(ctx, tx, accountID, ChangeDevicesEnded)
}

// End ends one session of an account. It returns [ErrNotFound] for a session of
// another account.
func (s *Sessions) End(ctx context.Context, accountID, sessionID int64, caller Caller) error {
	return s.tx(ctx, "end a session", func(tx *gorm.DB) error {
		found, err := s.endOne(ctx, tx, accountID, sessionID, caller)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
}

// endOne ends one session of an account, records the event, and reports whether the
// session was there.
func (s *Sessions) endOne(ctx context.Context, tx *gorm.DB, accountID, sessionID int64, caller Caller) (found bool, err error) {
	rows, err := database.G[sessionRow](tx).Where("id = ? AND account_id = ?", sessionID, accountID).Find(ctx)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if err := s.feedSignedOut(ctx, tx, accountID, "id = ?", sessionID); err != nil {
		return true, err
	}
	if err := s.endSessions(ctx, tx, accountID, "id = ?", sessionID); err != nil {
		return true, err
	}
	return true, s.recordAbout(ctx, tx, accountID, EventSessionEnded, rows[0].Device, caller)
}

// EndOthers ends all sessions of the account except this one. It replaces the access
// keys that the others hold; this session fetches the new keys.
func (s *Sessions) EndOthers(ctx context.Context, this Session, caller Caller) error {
	return s.tx(ctx, "end the other sessions", func(tx *gorm.DB) error {
		if err := s.feedSignedOut(ctx, tx, this.AccountID, "id <> ?", this.ID); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, this.AccountID, "id <> ?", this.ID); err != nil {
			return err
		}
		// A device that was approved and has not fetched its session yet counts as
		// another session.
		if err := tx.Exec("DELETE FROM device_codes WHERE account_id = ?", this.AccountID).Error; err != nil {
			return err
		}
		if err := endQuickConnects(tx, this.AccountID); err != nil {
			return err
		}
		if err := endLocalPasswords(tx, this.AccountID); err != nil {
			return err
		}
		if err := forgetQuickDevices(tx, this.AccountID); err != nil { // the new keys end them at the agents
			return err
		}
		if err := s.replaceAccessKeys(ctx, tx, this.AccountID); err != nil {
			return err
		}
		return s.recordEvent(ctx, tx, this.AccountID, EventSignedOutEverywhere, caller)
	})
}

// EndAll ends all sessions of an account, for "sign out everywhere".
func (s *Sessions) EndAll(ctx context.Context, accountID int64, caller Caller) error {
	return s.tx(ctx, "end all sessions", func(tx *gorm.DB) error {
		if err := s.endEverything(ctx, tx, accountID); err != nil {
			return err
		}
		return s.recordEvent(ctx, tx, accountID, EventSignedOutEverywhere, caller)
	})
}

// SignOut ends the session of a token, and with it the whole household of the device. It
// returns nil if the session has already ended.
func (s *Sessions) SignOut(ctx context.Context, text string, caller Caller) error {
	session, err := s.Look(ctx, text)
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.tx(ctx, "sign out", func(tx *gorm.DB) error { return s.signDeviceOut(ctx, tx, session, caller) })
}

// ConfirmPassword checks the password again in a session and gives the session a new
// token; the old token stops working. It returns [ErrWrongPassword],
// [ErrThrottled] or [ErrNoSession].
func (s *Sessions) ConfirmPassword(ctx context.Context, this Session, password string, caller Caller) (newToken string, err error) {
	row, err := s.accountByID(ctx, s.read(ctx), this.AccountID)
	if err != nil {
		return "", err
	}
	if err := s.passwordIs(ctx, &row, password, caller); err != nil {
		return "", err
	}
	err = s.tx(ctx, "confirm the password", func(tx *gorm.DB) error {
		newToken, err = s.renewToken(tx, this.ID)
		return err
	})
	return newToken, err
}

// renewToken gives a session a new token. It returns [ErrNoSession] when the
// session has ended meanwhile.
func (c *core) renewToken(tx *gorm.DB, sessionID int64) (string, error) {
	text, err := secret.NewToken(secret.SessionToken, c.opt.Random)
	if err != nil {
		return "", err
	}
	now := c.Now()
	result := tx.Exec("UPDATE sessions SET token_hash = ?, confirmed_at = ?, last_seen_at = ? WHERE id = ?", secret.Sum(text), now, now, sessionID)
	if result.Error != nil {
		return "", result.Error
	}
	if result.RowsAffected != 1 {
		return "", ErrNoSession
	}
	return text, nil
}

// NotMe is the session that a mail about a new device names.
type NotMe struct {
	Device, Address string
	At              time.Time
}

// LookNotMe describes the link "this was not me" without spending it. It
// returns [ErrTokenSpent] when the session has ended already.
func (s *Sessions) LookNotMe(ctx context.Context, text string) (NotMe, error) {
	info, err := s.mailedLink(ctx, purposeNotMe, text)
	if err != nil {
		return NotMe{}, err
	}
	rows, err := database.G[sessionRow](s.read(ctx)).Where("id = ?", info.Subject).Find(ctx)
	if err != nil {
		return NotMe{}, explained("read the session", err)
	}
	if len(rows) != 1 {
		return NotMe{}, ErrTokenSpent
	}
	return NotMe{Device: rows[0].Device, Address: rows[0].Address, At: rows[0].CreatedAt.UTC()}, nil
}

// NotMe spends the link "this was not me" and ends the session. It returns
// [ErrTokenSpent].
func (s *Sessions) NotMe(ctx context.Context, text string, caller Caller) error {
	return s.tx(ctx, "end a stranger's session", func(tx *gorm.DB) error {
		t, err := s.spend(ctx, tx, purposeNotMe, text)
		if err != nil {
			return err
		}
		_, err = s.endOne(ctx, tx, t.AccountID, t.SubjectID, caller)
		return err // nil, too, for a session that has run out meanwhile
	})
}

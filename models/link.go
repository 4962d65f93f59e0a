package models

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Links are the operations of a person on the servers that they may use.
type Links struct{ *core }

// The types and states of links.
const (
	LinkLinked   = "linked" // to a local user that existed before
	LinkGuest    = "guest"  // to a local user that is made for the link
	LinkPending  = "pending"
	LinkAccepted = "accepted"
)

// linkRow is a row of links: account ↔ local user on one server.
type linkRow struct {
	ID            int64
	ServerID      int64
	AccountID     int64
	LocalUserID   *int64 // nil while the server does not say
	Type          string
	State         string
	AccessKey     string // sealed, bound to the row's id
	RequestedBy   string
	CreatedAt     time.Time
	AcceptedAt    *time.Time
	EndsAt        *time.Time
	Libraries     *string    // see library.go; nil if the server decides
	InvitedBy     int64      // the account whose invite made it, or 0
	FirstDeviceAt *time.Time // when its first device was signed in by a code; nil before
	CircleID      int64      // the circle by which it came, or 0
	WaitsFor      string     // why the agent does not create the local user, as it said last; see [Changes.TellWaiting]
	PausedAt      *time.Time // nil for a link that is not paused; see stay.go
	PausedUntil   *time.Time // nil for a pause that lasts until somebody ends it
	RemindAt      *time.Time // when the next mail about the end is due
	Hand          string     // what was changed by hand at the media server, as the agent said last; see stay_hand.go
	HandKept      string     // the value of Hand that the owner lets stay
	HandResetAt   *time.Time // when the owner last let the agent set it again
}

// TableName returns the name of the table, links.
func (linkRow) TableName() string { return "links" }

// sealAccessKey names the purpose for which access keys are sealed.
const sealAccessKey = "access key"

// Link is a link as both sides see it. Times are UTC.
type Link struct {
	ID, ServerID, AccountID int64
	Username, DisplayName   string // of the account
	Picture                 string // token of the account's picture; "" for none, and only in answers to the server and to its owner
	Server                  ServerDescription
	Type, State             string
	AccessKey               string // filled only by operations whose comment says so; see device_key.go
	RequestedBy             string
	CreatedAt, AcceptedAt   time.Time
	EndsAt                  time.Time // zero for no end
	FirstDeviceAt           time.Time // when its first device was signed in by a code; only from [Accounts.Export] and [Links.Start]
	Active                  bool      // the account is confirmed and not disabled; set only in answers to the server and to its owner
	ServerDisabled          bool      // an operator shut the server out; only from [Links.List]
	ServerAway              bool      // its agent has not called for [AwayAfter]; only from [Links.List]
	Opens                   bool      // the agent of the server answers browsers at an address; see [Opens.Addresses]; only from [Links.List]
	OwnerUsername           string    // of the server; "" without an owner; only from [Links.List]
	Pause                   Pause     // only from [Links.List], [Links.ByServer] and [People.List]
	LocalUserState          string    // what keeps the person out, LocalUserGone or another, or ""; only from [Links.List] and [People.List]
	WaitsFor                string    // why the agent does not create the local user, [WaitGuestsOff] or another, while LocalUserState is LocalUserWaiting; else ""
}

// newAccessKey makes an access key of 32 hexadecimal digits, the form that Emby
// servers use.
func newAccessKey(random io.Reader) (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// replaceAccessKeys gives every link of an account a new access key. A server accepts
// the old key until it has fetched the new one.
func (c *core) replaceAccessKeys(ctx context.Context, tx *gorm.DB, accountID int64) error {
	rows, err := database.G[linkRow](tx).Where("account_id = ?", accountID).Find(ctx)
	if err != nil {
		return err
	}
	if err := c.feedAccount(ctx, tx, accountID, ChangeLink); err != nil {
		return err
	}
	for i := range rows {
		if err := c.replaceAccessKey(tx, &rows[i]); err != nil {
			return err
		}
	}
	return c.renewList(tx, accountID)
}

// replaceAccessKey gives one link a new access key.
func (c *core) replaceAccessKey(tx *gorm.DB, link *linkRow) error {
	key, err := newAccessKey(c.opt.Random)
	if err != nil {
		return err
	}
	sealed, err := c.keys.Seal(c.opt.Random, sealAccessKey, FormatID(link.ID), key)
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE links SET access_key = ? WHERE id = ?", sealed, link.ID).Error
}

// reseal seals access keys with the current secret key if they are sealed with the
// previous one, so that the previous key can be removed from the settings.
func (s *Store) reseal(ctx context.Context) error {
	const step = 200
	mine := s.keys.ID() + "."
	for after := int64(0); s.keys.PreviousID() != ""; {
		rows, err := database.G[linkRow](s.read(ctx)).Where("id > ? AND SUBSTR(access_key, 1, ?) <> ?", after, len(mine), mine).
			Order("id").Limit(step).Find(ctx)
		if err != nil {
			return explained("find access keys", err)
		}
		for _, row := range rows {
			after = row.ID
			if err := s.resealOne(ctx, &row); err != nil {
				return explained("seal an access key", err)
			}
		}
		if len(rows) < step {
			return nil
		}
	}
	return nil
}

func (s *Store) resealOne(ctx context.Context, row *linkRow) error {
	key, err := s.keys.Open(sealAccessKey, FormatID(row.ID), row.AccessKey)
	if err != nil { // sealed with an even older key: it cannot be opened, and the other rows must still be sealed again
		s.opt.Log.ErrorContext(ctx, "an access key cannot be opened", slog.Int64("link_id", row.ID), logError(err))
		return nil
	}
	sealed, err := s.keys.Seal(s.opt.Random, sealAccessKey, FormatID(row.ID), key)
	if err != nil {
		return err
	}
	return s.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE links SET access_key = ? WHERE id = ? AND access_key = ?", sealed, row.ID, row.AccessKey).Error
	})
}

// Accept accepts a pending link by one conditional update, so that one of several
// parallel callers succeeds. It returns [ErrNotFound] for a link that is not pending,
// has ended or belongs to another account, and for a disabled server, or [ErrAddressFirst] for
// a newcomer.
func (l *Links) Accept(ctx context.Context, accountID, linkID int64, caller Caller) error {
	return l.tx(ctx, "accept a link", func(tx *gorm.DB) error { return l.acceptIn(ctx, tx, accountID, linkID, caller) })
}

// acceptIn does the work of [Links.Accept] in a transaction.
func (l *Links) acceptIn(ctx context.Context, tx *gorm.DB, accountID, linkID int64, caller Caller) error {
	if err := lockUsableAccount(tx, accountID); err != nil {
		return err
	}
	if err := l.requireAddress(ctx, tx, accountID); err != nil {
		return err
	}
	return l.acceptPending(ctx, tx, accountID, linkID, caller)
}

// acceptPending does the work of [Links.Accept] in a transaction that holds the
// account.
func (c *core) acceptPending(ctx context.Context, tx *gorm.DB, accountID, linkID int64, caller Caller) error {
	row, err := database.G[linkRow](tx).Where("id = ? AND account_id = ?", linkID, accountID).Take(ctx)
	if err != nil {
		return explained("read the link", err)
	}
	if err := lockEnabledServer(tx, row.ServerID); err != nil { // pages do not show links to disabled servers either
		return err
	}
	now := c.Now()
	err = requireRow(tx.Exec("UPDATE links SET state = ?, accepted_at = ? WHERE id = ? AND account_id = ? AND state = ? AND (ends_at IS NULL OR ends_at > ?)",
		LinkAccepted, now, linkID, accountID, LinkPending, now))
	if err != nil {
		return err
	}
	if err := c.renewList(tx, accountID); err != nil {
		return err
	}
	server, err := c.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	if err := c.feedLink(ctx, tx, &row, ChangeLink); err != nil {
		return err
	}
	if err := c.oweOwner(ctx, tx, &row, &server, MailLinkAccepted); err != nil {
		return err
	}
	if err := c.happenAtLink(ctx, tx, HappenedLinkAccepted, &row, &server, ""); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, accountID, EventLinkAccepted, server.server().Name, caller)
}

// Remove declines a pending link or leaves a server. The access key stops working at
// once. It returns [ErrNotFound] for a link of another account.
func (l *Links) Remove(ctx context.Context, accountID, linkID int64, caller Caller) error {
	return l.tx(ctx, "remove a link", func(tx *gorm.DB) error { return l.removeIn(ctx, tx, accountID, linkID, caller) })
}

// removeIn does the work of [Links.Remove] in a transaction.
func (l *Links) removeIn(ctx context.Context, tx *gorm.DB, accountID, linkID int64, caller Caller) error {
	return l.removeOne(ctx, tx, accountID, linkID, caller, LinkPending, LinkAccepted)
}

// Decline removes a link that is still pending, so that an answer from an old page
// cannot end a link that was accepted meanwhile. It returns [ErrNotFound] for any
// other link.
func (l *Links) Decline(ctx context.Context, accountID, linkID int64, caller Caller) error {
	return l.tx(ctx, "decline a link", func(tx *gorm.DB) error {
		return l.removeOne(ctx, tx, accountID, linkID, caller, LinkPending)
	})
}

// removeOne removes a link of an account that is in one of the states.
func (l *Links) removeOne(ctx context.Context, tx *gorm.DB, accountID, linkID int64, caller Caller, states ...string) error {
	if err := lockAccount(tx, accountID); err != nil {
		return err
	}
	rows, err := database.G[linkRow](tx).Where("id = ? AND account_id = ?", linkID, accountID).Find(ctx)
	if err != nil {
		return err
	}
	if len(rows) == 1 && caller.By == 0 {
		if err := guardianOnly(tx, rows[0].ID); err != nil {
			return err
		}
	}
	if len(rows) != 1 || !slices.Contains(states, rows[0].State) {
		return ErrNotFound
	}
	return l.removeLink(ctx, tx, &rows[0], caller)
}

// removeLink removes a link for its person, in a transaction that holds the account.
func (c *core) removeLink(ctx context.Context, tx *gorm.DB, link *linkRow, caller Caller) error {
	if err := c.feedLink(ctx, tx, link, ChangeLinkRemoved); err != nil {
		return err
	}
	if err := c.deleteLink(tx, link); err != nil {
		return err
	}
	if err := c.keepPause(ctx, tx, link); err != nil {
		return err
	}
	server, err := c.serverByID(ctx, tx, link.ServerID)
	if err != nil {
		return err
	}
	if err := c.oweOwner(ctx, tx, link, &server, MailLinkRemoved); err != nil {
		return err
	}
	what := HappenedLinkRemoved
	if link.State == LinkPending {
		what = HappenedLinkDeclined
	}
	if err := c.happenAtLink(ctx, tx, what, link, &server, byPerson); err != nil {
		return err
	}
	return c.recordAbout(ctx, tx, link.AccountID, EventLinkLeft, server.server().Name, caller)
}

// deleteLink deletes one link. It returns [ErrNotFound] when another caller was
// faster.
func (c *core) deleteLink(tx *gorm.DB, link *linkRow) error {
	if err := requireRow(tx.Exec("DELETE FROM links WHERE id = ?", link.ID)); err != nil {
		return err
	}
	return c.linkIsGone(tx, link)
}

// linkIsGone completes the deletion of a link.
func (c *core) linkIsGone(tx *gorm.DB, link *linkRow) error {
	if err := tx.Exec("DELETE FROM quick_devices WHERE link_id = ?", link.ID).Error; err != nil {
		return err
	}
	if err := endLevels(tx, link.ID); err != nil {
		return err
	}
	return c.renewList(tx, link.AccountID)
}

// countWaiting is a statement that every page of a signed-in person runs.
const countWaiting = `SELECT COUNT(*) FROM links l JOIN servers s ON s.id = l.server_id
WHERE l.account_id = ? AND l.state = ? AND s.disabled_at IS NULL AND (l.ends_at IS NULL OR l.ends_at > ?)`

// Waiting counts the links that wait for the answer of an account, the same links that
// [Links.Locate] lists.
func (l *Links) Waiting(ctx context.Context, accountID int64) (int, error) {
	var n int
	err := l.read(ctx).Raw(countWaiting, accountID, LinkPending, l.Now()).Scan(&n).Error
	return n, explained("count the invitations", err)
}

// ByServer finds an account's link with a server. It returns [ErrNotFound].
func (l *Links) ByServer(ctx context.Context, accountID, serverID int64) (Link, error) {
	row, err := database.G[linkRow](l.read(ctx)).Where("account_id = ? AND server_id = ? AND (ends_at IS NULL OR ends_at > ?)", accountID, serverID, l.Now()).Take(ctx)
	if err != nil {
		return Link{}, explained("find a link", err)
	}
	return Link{ID: row.ID, ServerID: row.ServerID, AccountID: row.AccountID, Type: row.Type, State: row.State, EndsAt: orZero(row.EndsAt), Pause: pauseAt(row.PausedAt, row.PausedUntil, l.Now())}, nil
}

// oweOwner owes the owner of a link's server a mail about the link. It does nothing
// for a server that nobody has claimed.
func (c *core) oweOwner(ctx context.Context, tx *gorm.DB, link *linkRow, server *serverRow, kind MailKind) error {
	if server.OwnerID == 0 || server.OwnerID == link.AccountID {
		return nil
	}
	owner, err := c.accountByID(ctx, tx, server.OwnerID)
	if err != nil {
		return err
	}
	person, err := c.accountByID(ctx, tx, link.AccountID)
	if err != nil {
		return err
	}
	return c.owe(ctx, tx, serverMail(kind, &owner, server.server().Name, &person, c.Now()))
}

// owePerson owes the person of a link a mail about the link.
func (c *core) owePerson(ctx context.Context, tx *gorm.DB, link *linkRow, server *serverRow, kind MailKind) error {
	person, err := c.accountByID(ctx, tx, link.AccountID)
	if err != nil {
		return err
	}
	owner, err := c.ownerOf(ctx, tx, server)
	if err != nil {
		return err
	}
	return c.owe(ctx, tx, serverMail(kind, &person, server.server().Name, owner, c.Now()))
}

// ownerOf returns the account of the owner of a server, nil without an owner.
func (c *core) ownerOf(ctx context.Context, tx *gorm.DB, server *serverRow) (*accountRow, error) {
	if server.OwnerID == 0 {
		return nil, nil
	}
	row, err := c.accountByID(ctx, tx, server.OwnerID)
	if KindOf(err) == KindNotFound {
		return nil, nil
	}
	return &row, err
}

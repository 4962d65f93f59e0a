package models

import (
	"bytes"
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// MailStops are the operations of people who want no invitations by mail. A stop is about a
// mailbox, see mailboxKey, and about the invitations of everybody; [MailTraits].Stops marks the
// kinds of these mails. The link in such a mail works without an account. Owners never learn that
// a mailbox has stopped them: see docs/adr/0030.
type MailStops struct{ *core }

// mailStopRow is a row of mail_stops. It names no mailbox: it holds only the HMAC of one.
type mailStopRow struct {
	AddressMAC secret.Hash `gorm:"column:address_mac"`
	KeyID      string      // of the secret key that made the HMAC
	CreatedAt  time.Time
}

// TableName returns the name of the table, mail_stops.
func (mailStopRow) TableName() string { return "mail_stops" }

// MailStop says whether a mailbox gets invitations by mail.
type MailStop struct {
	Mailbox string // in lower case, without a tag after a plus
	Stopped bool
}

// sealMailStop is the purpose of the key that encrypts the token of a link that stops mails.
const sealMailStop = "mail stop"

// mailStopToken returns the token of the link that stops the mails to an address. It is the
// mailbox, encrypted, so nothing has to be kept for it, and only this service can make one.
// The nonce is made from the mailbox, so that a mail that is sent again has the same link.
func (c *core) mailStopToken(address string) (string, error) {
	mailbox := mailboxKey(address)
	nonce := c.keys.MAC("mail stop nonce", mailbox)
	sealed, err := c.keys.Seal(bytes.NewReader(nonce[:]), sealMailStop, "", mailbox)
	return strings.Replace(sealed, ".", "_", 1), err // tokens in links have no dots, because mail programs take those for the end of a sentence
}

// stoppedMailbox returns the mailbox of a token. It returns [ErrTokenSpent] for a token that
// this service did not make, or that was made with a secret key that is gone.
func (c *core) stoppedMailbox(token string) (string, error) {
	mailbox, err := c.keys.Open(sealMailStop, "", strings.Replace(token, "_", ".", 1))
	if err != nil {
		return "", ErrTokenSpent.because(err)
	}
	return mailbox, nil
}

// stopRows returns the row of a mailbox as it is made with the current secret key, and the row as
// it was made with the previous key. If no previous key exists, both are the same.
func (c *core) stopRows(mailbox string) (now, before mailStopRow) {
	now = mailStopRow{AddressMAC: c.keys.MAC("mail stop", mailbox), KeyID: c.keys.ID(), CreatedAt: c.Now()}
	before = now
	if id := c.keys.PreviousID(); id != "" {
		before.KeyID = id
		before.AddressMAC, _ = c.keys.MACWith(id, "mail stop", mailbox)
	}
	return now, before
}

// isStopped reports whether a mailbox is stopped.
func (c *core) isStopped(ctx context.Context, db *gorm.DB, mailbox string) (bool, error) {
	now, before := c.stopRows(mailbox)
	n, err := database.G[mailStopRow](db).Where("address_mac IN (?, ?)", now.AddressMAC, before.AddressMAC).Count(ctx, "*")
	return n > 0, err
}

// stop stops a mailbox. A row that the previous secret key made is replaced.
func (c *core) stop(tx *gorm.DB, mailbox string) error {
	now, before := c.stopRows(mailbox)
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&now).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM mail_stops WHERE address_mac = ? AND key_id <> ?", before.AddressMAC, now.KeyID).Error
}

// setStop stops a mailbox or allows it again, and reports whether that changed anything.
func (c *core) setStop(ctx context.Context, tx *gorm.DB, mailbox string, stopped bool) (changed bool, err error) {
	was, err := c.isStopped(ctx, tx, mailbox)
	if err != nil || was == stopped {
		return false, err
	}
	if stopped {
		return true, c.stop(tx, mailbox)
	}
	now, before := c.stopRows(mailbox)
	return true, tx.Exec("DELETE FROM mail_stops WHERE address_mac IN (?, ?)", now.AddressMAC, before.AddressMAC).Error
}

// Look describes the mailbox of a token from a mail, and changes nothing. It returns
// [ErrTokenSpent] for a token that this service did not make.
func (m *MailStops) Look(ctx context.Context, token string) (MailStop, error) {
	mailbox, err := m.stoppedMailbox(token)
	if err != nil {
		return MailStop{}, err
	}
	stopped, err := m.isStopped(ctx, m.read(ctx), mailbox)
	return MailStop{mailbox, stopped}, explained("look whether a mailbox is stopped", err)
}

// Stop stops the invitations by mail to the mailbox of a token. Doing it again changes
// nothing. It returns [ErrTokenSpent] as [MailStops.Look] does, or [ErrUnavailable].
func (m *MailStops) Stop(ctx context.Context, token string) error { return m.set(ctx, token, true) }

// Allow allows the invitations by mail to the mailbox of a token again. Doing it again
// changes nothing. It returns [ErrTokenSpent] as [MailStops.Look] does, or [ErrUnavailable].
func (m *MailStops) Allow(ctx context.Context, token string) error { return m.set(ctx, token, false) }

func (m *MailStops) set(ctx context.Context, token string, stopped bool) error {
	mailbox, err := m.stoppedMailbox(token)
	if err != nil {
		return err
	}
	return m.setMailbox(ctx, mailbox, stopped)
}

func (m *MailStops) setMailbox(ctx context.Context, mailbox string, stopped bool) error {
	return m.tx(ctx, "stop or allow a mailbox", func(tx *gorm.DB) error {
		_, err := m.setStop(ctx, tx, mailbox, stopped)
		return err
	})
}

// OfAccount describes the mailbox of the address that an account has confirmed. It returns
// [ErrNotFound], or [ErrAddressFirst] for an account without a confirmed address.
func (m *MailStops) OfAccount(ctx context.Context, accountID int64) (MailStop, error) {
	mailbox, err := m.mailboxOf(ctx, m.read(ctx), accountID)
	if err != nil {
		return MailStop{}, err
	}
	stopped, err := m.isStopped(ctx, m.read(ctx), mailbox)
	return MailStop{mailbox, stopped}, explained("look whether a mailbox is stopped", err)
}

func (m *MailStops) mailboxOf(ctx context.Context, db *gorm.DB, accountID int64) (string, error) {
	row, err := m.accountByID(ctx, db, accountID)
	if err == nil && (row.Email == "" || row.ConfirmedAt == nil) {
		err = ErrAddressFirst
	}
	return mailboxKey(row.Email), err
}

// SetOfAccount stops the invitations by mail to the address that an account has confirmed, or
// allows them again, and writes a change into the history. It returns the errors of
// [MailStops.OfAccount], or [ErrUnavailable].
func (m *MailStops) SetOfAccount(ctx context.Context, accountID int64, stopped bool, caller Caller) error {
	return m.tx(ctx, "stop or allow the mails of an account", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, accountID); err != nil {
			return err
		}
		mailbox, err := m.mailboxOf(ctx, tx, accountID)
		if err != nil {
			return err
		}
		changed, err := m.setStop(ctx, tx, mailbox, stopped)
		if err != nil || !changed {
			return err
		}
		event := EventInviteMailsAllowed
		if stopped {
			event = EventInviteMailsStopped
		}
		return m.recordEvent(ctx, tx, accountID, event, caller)
	})
}

// OfAddress describes the mailbox of an address, for an operator. It returns an error about
// the field email.
func (m *MailStops) OfAddress(ctx context.Context, address string) (MailStop, error) {
	mailbox, err := mailboxTyped(address)
	if err != nil {
		return MailStop{}, err
	}
	stopped, err := m.isStopped(ctx, m.read(ctx), mailbox)
	return MailStop{mailbox, stopped}, explained("look whether a mailbox is stopped", err)
}

// StopAddress stops the invitations by mail to an address whose owner has asked an operator
// for it. It returns an error about the field email, or [ErrUnavailable].
func (m *MailStops) StopAddress(ctx context.Context, address string) error {
	return m.setAddress(ctx, address, true)
}

// AllowAddress allows the invitations by mail to an address again. The owner of the address has
// asked an operator for it. It returns an error about the field email, or [ErrUnavailable].
func (m *MailStops) AllowAddress(ctx context.Context, address string) error {
	return m.setAddress(ctx, address, false)
}

func (m *MailStops) setAddress(ctx context.Context, address string, stopped bool) error {
	mailbox, err := mailboxTyped(address)
	if err != nil {
		return err
	}
	return m.setMailbox(ctx, mailbox, stopped)
}

// mailboxTyped returns the mailbox of an address that somebody typed.
func mailboxTyped(address string) (string, error) {
	if _, _, ok := parseEmail(address); !ok {
		return "", fieldError(KindInvalid, "email", "email_invalid")
	}
	return mailboxKey(address), nil
}

// stopLink returns the token with which the reader of a mail stops such mails, or "" for a
// kind of mail that cannot be stopped. If the mailbox is stopped, it returns errDropMail; then
// a row that the previous secret key made is written again, so that it outlives that key.
func (m *Mail) stopLink(ctx context.Context, tx *gorm.DB, letter *Letter) (string, error) {
	if !letter.Kind.traits().Stops {
		return "", nil
	}
	mailbox := mailboxKey(letter.To)
	stopped, err := m.isStopped(ctx, tx, mailbox)
	if err != nil {
		return "", err
	}
	if !stopped {
		return m.mailStopToken(letter.To)
	}
	if err := m.stop(tx, mailbox); err != nil {
		return "", err
	}
	return "", errDropMail
}

// forgetMailStops deletes stops that were stored with older secret keys, when a new key comes
// into use. known has the keys before the new key, the newest first. The stops of the newest of
// them are kept; from now on no process can look up the stops of the others.
func forgetMailStops(tx *gorm.DB, known []secretKey) error {
	for _, key := range known[min(1, len(known)):] { // known[0] is the previous key now
		if err := tx.Exec("DELETE FROM mail_stops WHERE key_id = ?", key.KeyID).Error; err != nil {
			return err
		}
	}
	return nil
}

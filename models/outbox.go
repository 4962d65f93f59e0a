package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// MailKind names a mail; the mailer has a table of them with their texts.
type MailKind string

// The mails.
const (
	MailConfirm           MailKind = "confirm"
	MailAlreadyRegistered MailKind = "already_registered"
	MailAccountCreated    MailKind = "account_created"
	MailPasswordReset     MailKind = "password_reset"
	MailPasswordChanged   MailKind = "password_changed"
	MailEmailConfirm      MailKind = "email_confirm"
	MailEmailAsked        MailKind = "email_asked"
	MailEmailChanged      MailKind = "email_changed"
	MailEmailArrived      MailKind = "email_arrived"
	MailEmailUndone       MailKind = "email_undone"
	MailPINChanged        MailKind = "pin_changed"
	MailPINReset          MailKind = "pin_reset"
	MailNewDevice         MailKind = "new_device"
	MailAccountDeleted    MailKind = "account_deleted"
	MailTest              MailKind = "test"
	MailLinkAsked         MailKind = "link_asked"    // to the person: a server wants to link them
	MailLinkAccepted      MailKind = "link_accepted" // to the owner
	MailLinkRemoved       MailKind = "link_removed"  // to the owner: the person declined or left
	MailLinkEnded         MailKind = "link_ended"    // to the person: the server's side ended it
	MailInvited           MailKind = "invited"       // to an address without an account
	MailServerHandedOver  MailKind = "server_handed_over"
	MailInvite            MailKind = "invite" // to an account or an address: see invite.go
)

// mints is the purpose of the secret in a mail's link, "" for a mail without.
func (k MailKind) mints() purpose {
	switch k {
	case MailConfirm:
		return purposeConfirm
	case MailPasswordReset, MailAccountCreated, MailEmailUndone:
		return purposeReset
	case MailEmailConfirm:
		return purposeEmailChange
	case MailEmailChanged:
		return purposeEmailUndo
	case MailPINReset:
		return purposePINReset
	case MailNewDevice:
		return purposeNotMe
	case MailInvite:
		return purposeInvite
	default:
		return ""
	}
}

func kindsThatMint(purposes []purpose) []MailKind {
	var kinds []MailKind
	for _, k := range []MailKind{
		MailConfirm, MailPasswordReset, MailAccountCreated, MailEmailUndone, MailEmailConfirm, MailEmailChanged, MailPINReset, MailNewDevice,
		MailInvite,
	} {
		for _, p := range purposes {
			if k.mints() == p {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}

// strangersStart reports whether somebody who is not the account's owner can
// make the service send k.
func (k MailKind) strangersStart() bool {
	switch k {
	case MailConfirm, MailAlreadyRegistered, MailPasswordReset, MailEmailConfirm, MailLinkAsked, MailInvited, MailServerHandedOver, MailInvite:
		return true
	default:
		return false
	}
}

// The states of a mail.
const (
	mailQueued = "queued"
	mailDead   = "dead" // given up; an operator may retry it
)

// outboxRow is a row of outbox: a mail that is owed. It holds no secret: the
// worker mints it when it sends, from the secret key, the row's id and salt.
type outboxRow struct {
	ID         int64
	Kind       MailKind
	AccountID  int64  // 0 for a reset whose account the worker still has to find, and for a goodbye
	Recipient  string // "" while the account's own address is meant
	Locale     string
	Facts      string // JSON object of texts
	SubjectID  int64  // the email change or session it is about, or 0
	Salt       secret.Hash
	KeyID      string
	State      string
	Attempts   int
	DueAt      time.Time
	LeaseOwner string
	LeaseUntil *time.Time
	LastError  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// TableName is outbox.
func (outboxRow) TableName() string { return "outbox" }

// mailLife is when a mail without a secret is given up.
const mailLife = 24 * time.Hour

// owed is a mail to be written into the outbox.
type owed struct {
	kind      MailKind
	account   *accountRow // nil for a reset by typed name
	recipient string      // "" for the account's own address at the time of sending
	locale    string      // "" for the account's
	facts     map[string]string
	subject   int64
	life      time.Duration // of its secret; 0 for a mail without
}

// owe writes a mail into the outbox, in the transaction of what it tells. An
// account without an address is owed nothing.
func (c *core) owe(ctx context.Context, tx *gorm.DB, m owed) error {
	if m.account != nil && m.account.Email == "" && m.recipient == "" {
		return nil
	}
	row, err := c.mail(m)
	if err != nil {
		return err
	}
	return gorm.G[outboxRow](tx).Create(ctx, &row)
}

// mail is the row of an owed mail.
func (c *core) mail(m owed) (outboxRow, error) {
	now := c.Now()
	row := outboxRow{
		Kind: m.kind, Recipient: m.recipient, Locale: m.locale, SubjectID: m.subject, KeyID: c.keys.ID(),
		State: mailQueued, DueAt: now, CreatedAt: now, ExpiresAt: now.Add(mailLife),
	}
	if m.life > 0 {
		row.ExpiresAt = now.Add(m.life)
	}
	facts := map[string]string{}
	if m.account != nil {
		row.AccountID = m.account.ID
		if row.Locale == "" {
			row.Locale = m.account.Locale
		}
		facts["username"], facts["display_name"] = m.account.Username, m.account.DisplayName
	}
	maps.Copy(facts, m.facts)
	text, err := json.Marshal(facts)
	if err != nil {
		return row, fmt.Errorf("facts of a mail: %w", err)
	}
	row.Facts = string(text)
	if _, err := io.ReadFull(c.opt.Random, row.Salt[:]); err != nil {
		return row, fmt.Errorf("no randomness: %w", err)
	}
	row.ID, err = c.newID()
	return row, err
}

// callerFacts are what a notice tells of who did it.
func (c *core) callerFacts(caller Caller) map[string]string {
	return map[string]string{"address": caller.Address, "device": caller.Device, "at": c.Now().Format(time.RFC3339)}
}

// mailSecret is the secret of one owed mail: the same at every retry, in no
// table, and not to be made from the database alone.
func (c *core) mailSecret(row *outboxRow) (string, error) {
	mac, ok := c.keys.MACWith(row.KeyID, "mail secret", string(row.Kind), fmt.Sprint(row.ID), string(row.Salt[:]))
	if !ok {
		return "", errors.New("the mail was owed under a secret key that is no longer configured")
	}
	return secret.FormatToken(secret.MailToken, mac), nil
}

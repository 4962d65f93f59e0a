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

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// The states of a mail.
const (
	mailQueued = "queued"
	mailDead   = "dead" // given up; an operator may retry it
)

// outboxRow is a row of outbox: a mail that is owed. It has no secret in it: when the
// worker sends the mail, it makes the secret from the secret key, and from the id and salt
// of the row.
type outboxRow struct {
	ID         int64
	Kind       MailKind
	AccountID  int64  // 0 for a reset whose account the worker has yet to find, for an address without an account, and for a goodbye
	Recipient  string // "" for the account's own address
	Locale     string
	Facts      string // JSON object of texts
	SubjectID  int64  // the email change, invite or session that the mail is about, or 0
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

// TableName returns "outbox".
func (outboxRow) TableName() string { return "outbox" }

// mailLife is the time after which a mail without a secret is not tried again.
const mailLife = 24 * time.Hour

// owe writes a mail into the outbox, in the transaction of the change that the mail
// reports. For an account without an address it writes nothing, or a mail to each guardian.
func (c *core) owe(ctx context.Context, tx *gorm.DB, m owed) error {
	if m.account != nil && m.account.Email == "" && m.recipient == "" {
		return c.oweGuardians(ctx, tx, m)
	}
	row, err := c.mail(m)
	if err != nil {
		return err
	}
	return database.G[outboxRow](tx).Create(ctx, &row)
}

// rowsAtOnce is the number of rows that one statement inserts.
const rowsAtOnce = 200

// oweEach owes a mail to each account that is confirmed, enabled and has an address. It
// writes many rows at a time: a server may have many people, and other transactions cannot
// write meanwhile.
func (c *core) oweEach(ctx context.Context, tx *gorm.DB, accounts []accountRow, mail func(*accountRow) owed) error {
	var rows []outboxRow
	for i := range accounts {
		if accounts[i].Email == "" && accounts[i].DisabledAt == nil {
			if err := c.oweGuardians(ctx, tx, mail(&accounts[i])); err != nil {
				return err
			}
		}
		if accounts[i].Email == "" || accounts[i].ConfirmedAt == nil || accounts[i].DisabledAt != nil {
			continue
		}
		row, err := c.mail(mail(&accounts[i]))
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	return database.G[outboxRow](tx).CreateInBatches(ctx, &rows, rowsAtOnce)
}

// mail returns the row for an owed mail.
func (c *core) mail(m owed) (outboxRow, error) {
	now := c.Now()
	row := outboxRow{
		Kind: m.kind, Recipient: m.recipient, Locale: m.locale, SubjectID: m.subject, KeyID: c.keys.ID(),
		State: mailQueued, DueAt: now, CreatedAt: now, ExpiresAt: now.Add(mailLife),
	}
	if m.life > 0 {
		row.ExpiresAt = now.Add(m.life)
	}
	if !m.due.IsZero() {
		row.DueAt = m.due
	}
	facts := storedFacts{}
	if m.account != nil {
		row.AccountID = m.account.ID
		if row.Locale == "" {
			row.Locale = m.account.Locale
		}
		facts = namesOf(m.account)
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

// mailSecret returns the secret of one owed mail. The secret is the same at every retry, is
// stored in no table, and cannot be made from the database alone.
func (c *core) mailSecret(row *outboxRow) (string, error) {
	mac, ok := c.keys.MACWith(row.KeyID, "mail secret", string(row.Kind), fmt.Sprint(row.ID), string(row.Salt[:]))
	if !ok {
		return "", errors.New("the mail was owed under a secret key that is no longer configured")
	}
	return secret.FormatToken(secret.MailToken, mac), nil
}

package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Webhooks are the operations on webhooks: the addresses to which the service sends a message when something happens. A
// webhook belongs to an owner of servers, or to all operators together. The rules are in docs/adr/0050-webhooks.md.
type Webhooks struct{ *core }

// The forms in which messages are sent.
const (
	WebhookSigned   = "signed" // JSON with a signature, for programs
	WebhookNtfy     = "ntfy"
	WebhookGotify   = "gotify"
	WebhookDiscord  = "discord"
	WebhookMatrix   = "matrix"
	WebhookTelegram = "telegram"
)

// WebhookForms returns all forms.
func WebhookForms() []string {
	return []string{WebhookSigned, WebhookNtfy, WebhookGotify, WebhookDiscord, WebhookMatrix, WebhookTelegram}
}

// The reasons why a webhook is off.
const (
	WebhookByHand  = "by_hand" // its owner or an operator has switched it off
	WebhookFailing = "failing" // every message failed for days
	WebhookGone    = "gone"    // the receiver has said that it wants nothing more
)

// webhooksMost is the greatest number of webhooks of an owner, and of the operators.
const webhooksMost = 10

// sealWebhook is the purpose for which the addresses and secrets of webhooks are sealed.
const sealWebhook = "webhook"

// webhookRow is a row of webhooks.
type webhookRow struct {
	ID           int64
	OwnerID      int64
	Name         string
	Form         string
	Place        string
	Sealed       string
	Kinds        string
	Locale       string
	OffReason    string
	FailingSince *time.Time
	CreatedAt    time.Time
}

// TableName returns the name of the table, webhooks.
func (webhookRow) TableName() string { return "webhooks" }

// Webhook is an address to which messages go. Times are UTC.
type Webhook struct {
	ID           int64
	Name, Form   string
	Place        string // the address without what may be secret in it
	Events       []HappenedKind
	Locale       string    // the language of the messages; of no meaning for WebhookSigned
	OffReason    string    // "" while it is on
	FailingSince time.Time // since when every message has failed; zero if the last one arrived
	CreatedAt    time.Time
}

func (r *webhookRow) webhook() Webhook {
	hook := Webhook{
		ID: r.ID, Name: r.Name, Form: r.Form, Place: r.Place, Locale: r.Locale, OffReason: r.OffReason,
		FailingSince: orZero(r.FailingSince), CreatedAt: r.CreatedAt.UTC(),
	}
	for kind := range strings.SplitSeq(r.Kinds, ",") {
		hook.Events = append(hook.Events, HappenedKind(kind))
	}
	return hook
}

// WebhookBy says who looks at webhooks or changes them.
type WebhookBy struct {
	AccountID int64 // or [CommandLine], for Operator alone
	Operator  bool  // the webhooks of the operators are meant, and not those of the account
}

// owner returns the owner in the rows of webhooks.
func (b WebhookBy) owner() int64 {
	if b.Operator {
		return 0
	}
	return b.AccountID
}

// WebhookChoices are what can be changed about a webhook without typing its address again.
type WebhookChoices struct {
	Name   string
	Events []HappenedKind
	Locale string
}

// NewWebhook is a webhook to make.
type NewWebhook struct {
	Form string
	WebhookChoices
	WebhookTarget
}

// List returns the webhooks of an owner or of the operators, the oldest first.
func (w *Webhooks) List(ctx context.Context, by WebhookBy) ([]Webhook, error) {
	rows, err := database.G[webhookRow](w.read(ctx)).Where("owner_id = ?", by.owner()).Order("id").Find(ctx)
	hooks := make([]Webhook, len(rows))
	for i := range rows {
		hooks[i] = rows[i].webhook()
	}
	return hooks, explained("list the webhooks", err)
}

// Get reads a webhook. It returns [ErrNotFound], also for one of somebody else.
func (w *Webhooks) Get(ctx context.Context, by WebhookBy, id int64) (Webhook, error) {
	row, err := w.webhookRow(ctx, w.read(ctx), by, id)
	if err != nil {
		return Webhook{}, err
	}
	return row.webhook(), nil
}

func (w *Webhooks) webhookRow(ctx context.Context, db *gorm.DB, by WebhookBy, id int64) (webhookRow, error) {
	row, err := database.G[webhookRow](db).Where("id = ? AND owner_id = ?", id, by.owner()).Take(ctx)
	return row, explained("read a webhook", err)
}

// Make makes a webhook, which is on. For WebhookSigned it also returns the secret, which nobody sees again. It returns
// errors about the fields name, form, events, language, address, room and token, [ErrWebhookMany],
// [ErrWebhookServer] for an account without a server, [ErrNotFound] for an account that may not sign in, or
// [ErrOperatorsOnly].
func (w *Webhooks) Make(ctx context.Context, by WebhookBy, in NewWebhook, caller Caller) (made Webhook, secret string, err error) {
	choices, wrong := w.checkChoices(by, in.WebhookChoices)
	if !slices.Contains(WebhookForms(), in.Form) {
		wrong = append(wrong, FieldError{Field: "form", Code: "webhook_form_invalid"})
	}
	target, place, more := w.checkTarget(in.Form, in.WebhookTarget)
	if err := invalid(append(wrong, more...)); err != nil {
		return Webhook{}, "", err
	}
	if in.Form == WebhookSigned {
		if target.Secret, err = w.webhookSecret(); err != nil {
			return Webhook{}, "", explained("make a secret", err)
		}
	}
	row := webhookRow{OwnerID: by.owner(), Form: in.Form, Place: place, CreatedAt: w.Now()}
	row.setChoices(choices)
	if row.ID, err = w.newID(); err != nil {
		return Webhook{}, "", explained("make an id", err)
	}
	if row.Sealed, err = w.sealTarget(row.ID, target); err != nil {
		return Webhook{}, "", explained("seal a webhook", err)
	}
	err = w.byOwner(ctx, by, "make a webhook", func(tx *gorm.DB) error {
		if err := w.mayHaveMore(ctx, tx, by); err != nil {
			return err
		}
		if err := database.G[webhookRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		return w.noteWebhook(ctx, tx, by, &row, EventWebhookMade, ActWebhookMade, caller)
	})
	if err != nil {
		return Webhook{}, "", err
	}
	return row.webhook(), target.Secret, nil
}

func (r *webhookRow) setChoices(in WebhookChoices) {
	kinds := make([]string, len(in.Events))
	for i, kind := range in.Events {
		kinds[i] = string(kind)
	}
	r.Name, r.Locale, r.Kinds = in.Name, in.Locale, strings.Join(kinds, ",")
}

// byOwner runs work in a transaction that holds the account of who acts.
func (w *Webhooks) byOwner(ctx context.Context, by WebhookBy, doing string, work func(tx *gorm.DB) error) error {
	return w.tx(ctx, doing, func(tx *gorm.DB) error {
		lock := lockUsableAccount
		if by.Operator {
			lock = lockOperator
		}
		if err := lock(tx, by.AccountID); err != nil {
			return err
		}
		return work(tx)
	})
}

// mayHaveMore returns [ErrWebhookMany], or [ErrWebhookServer] for an account without a server: such an account would make
// the service send messages to strangers and never hear of anything.
func (w *Webhooks) mayHaveMore(ctx context.Context, tx *gorm.DB, by WebhookBy) error {
	if !by.Operator {
		if err := w.ownsServer(ctx, tx, by.AccountID); err != nil {
			return err
		}
	}
	n, err := database.G[webhookRow](tx).Where("owner_id = ?", by.owner()).Count(ctx, "*")
	if err == nil && n >= webhooksMost {
		err = ErrWebhookMany
	}
	return err
}

func (w *Webhooks) ownsServer(ctx context.Context, db *gorm.DB, accountID int64) error {
	n, err := database.G[serverRow](db).Where("owner_id = ?", accountID).Count(ctx, "*")
	if err == nil && n == 0 {
		err = ErrWebhookServer
	}
	return err
}

// noteWebhook writes what was done to a webhook into the history of its owner, or among the acts of operators.
func (w *Webhooks) noteWebhook(ctx context.Context, tx *gorm.DB, by WebhookBy, row *webhookRow, event EventKind, act ActKind, caller Caller) error {
	if by.Operator {
		return w.recordAct(ctx, tx, operatorActRow{ActorID: by.AccountID, Kind: act, Subject: row.Name})
	}
	return w.recordAbout(ctx, tx, by.AccountID, event, row.Name, caller)
}

// onWebhook runs work on a webhook of who acts, in one transaction, and notes that it was changed.
func (w *Webhooks) onWebhook(ctx context.Context, by WebhookBy, id int64, caller Caller, work func(tx *gorm.DB, row *webhookRow) error) error {
	return w.byOwner(ctx, by, "change a webhook", func(tx *gorm.DB) error {
		row, err := w.webhookRow(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := work(tx, &row); err != nil {
			return err
		}
		return w.noteWebhook(ctx, tx, by, &row, EventWebhookChanged, ActWebhookChanged, caller)
	})
}

// Change gives a webhook another name, other events and another language. It returns [ErrNotFound], [ErrOperatorsOnly],
// or errors about the fields name, events and language.
func (w *Webhooks) Change(ctx context.Context, by WebhookBy, id int64, in WebhookChoices, caller Caller) error {
	choices, wrong := w.checkChoices(by, in)
	if err := invalid(wrong); err != nil {
		return err
	}
	return w.onWebhook(ctx, by, id, caller, func(tx *gorm.DB, row *webhookRow) error {
		row.setChoices(choices)
		return tx.Exec("UPDATE webhooks SET name = ?, kinds = ?, locale = ? WHERE id = ?", row.Name, row.Kinds, row.Locale, id).Error
	})
}

// Aim gives a webhook another address, with its room and token; nothing of the old one stays but the secret of the
// signature. It returns [ErrNotFound], [ErrOperatorsOnly], or errors about the fields address, room and token.
func (w *Webhooks) Aim(ctx context.Context, by WebhookBy, id int64, in WebhookTarget, caller Caller) error {
	return w.onWebhook(ctx, by, id, caller, func(tx *gorm.DB, row *webhookRow) error {
		target, place, wrong := w.checkTarget(row.Form, in)
		if err := invalid(wrong); err != nil {
			return err
		}
		if row.Form == WebhookSigned {
			if old, err := w.openTarget(row); err == nil {
				target.Secret = old.Secret
			} else if target.Secret, err = w.webhookSecret(); err != nil { // sealed with a key that is gone; the owner can replace the secret
				return err
			}
		}
		sealed, err := w.sealTarget(id, target)
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE webhooks SET sealed = ?, place = ?, failing_since = NULL WHERE id = ?", sealed, place, id).Error
	})
}

// ReplaceSecret returns a new secret for the signatures of a webhook; the old one ends at once. It returns [ErrNotFound],
// [ErrOperatorsOnly], or [ErrWebhookUnsigned] for a form without signatures.
func (w *Webhooks) ReplaceSecret(ctx context.Context, by WebhookBy, id int64, caller Caller) (secret string, err error) {
	err = w.onWebhook(ctx, by, id, caller, func(tx *gorm.DB, row *webhookRow) error {
		if row.Form != WebhookSigned {
			return ErrWebhookUnsigned
		}
		target, err := w.openTarget(row)
		if err != nil {
			return err
		}
		if target.Secret, err = w.webhookSecret(); err != nil {
			return err
		}
		sealed, err := w.sealTarget(id, target)
		if err != nil {
			return err
		}
		secret = target.Secret
		return tx.Exec("UPDATE webhooks SET sealed = ? WHERE id = ?", sealed, id).Error
	})
	return secret, err
}

// Switch switches a webhook on or off. What happens while it is off is never sent. It returns [ErrNotFound] or
// [ErrOperatorsOnly].
func (w *Webhooks) Switch(ctx context.Context, by WebhookBy, id int64, on bool, caller Caller) error {
	return w.onWebhook(ctx, by, id, caller, func(tx *gorm.DB, row *webhookRow) error {
		if !on {
			_, err := w.switchOff(tx, id, WebhookByHand)
			return err
		}
		return tx.Exec("UPDATE webhooks SET off_reason = '', failing_since = NULL WHERE id = ?", row.ID).Error
	})
}

// switchOff switches a webhook off and drops what waits for it. It reports whether the webhook was on.
func (c *core) switchOff(tx *gorm.DB, id int64, reason string) (was bool, err error) {
	result := tx.Exec("UPDATE webhooks SET off_reason = ?, failing_since = NULL WHERE id = ? AND off_reason = ''", reason, id)
	if result.Error != nil || result.RowsAffected == 0 {
		return false, result.Error
	}
	return true, tx.Exec("UPDATE webhook_deliveries SET state = ?, reason = ? WHERE webhook_id = ? AND state = ?",
		DeliveryGivenUp, deliveryOff, id, DeliveryQueued).Error
}

// Delete deletes a webhook with everything that waits for it. It returns [ErrNotFound] or [ErrOperatorsOnly].
func (w *Webhooks) Delete(ctx context.Context, by WebhookBy, id int64, caller Caller) error {
	return w.byOwner(ctx, by, "delete a webhook", func(tx *gorm.DB) error {
		row, err := w.webhookRow(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM webhook_deliveries WHERE webhook_id = ?", id).Error; err != nil {
			return err
		}
		if err := requireRow(tx.Exec("DELETE FROM webhooks WHERE id = ?", id)); err != nil {
			return err
		}
		return w.noteWebhook(ctx, tx, by, &row, EventWebhookDeleted, ActWebhookDeleted, caller)
	})
}

// eraseWebhooks deletes the webhooks of an account with their messages. It names the webhooks one by one, because MariaDB reads
// all messages for a DELETE with a subquery.
func eraseWebhooks(tx *gorm.DB, accountID int64) error {
	var ids []int64
	if err := tx.Raw("SELECT id FROM webhooks WHERE owner_id = ?", accountID).Scan(&ids).Error; err != nil || len(ids) == 0 {
		return err
	}
	if err := tx.Exec("DELETE FROM webhook_deliveries WHERE webhook_id IN ?", ids).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM webhooks WHERE id IN ?", ids).Error
}

// webhookSecret returns a new secret of a signature, in the form of Standard Webhooks.
func (w *Webhooks) webhookSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(w.opt.Random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return "whsec_" + base64.StdEncoding.EncodeToString(raw), nil
}

// sealedTarget is what a webhook keeps secret.
type sealedTarget struct {
	WebhookTarget
	Secret string // of the signatures; "" for forms without
}

// storedTarget is the form in which a sealedTarget is written before it is sealed.
type storedTarget struct {
	Address string `json:"address"`
	Room    string `json:"room,omitempty"`
	Token   string `json:"token,omitempty"`
	Secret  string `json:"secret,omitempty"`
}

func (c *core) sealTarget(id int64, target sealedTarget) (string, error) {
	text, err := json.Marshal(storedTarget{target.Address, target.Room, target.Token, target.Secret}) //nolint:gosec // it is sealed below
	if err != nil {
		return "", fmt.Errorf("write the address: %w", err)
	}
	return c.keys.Seal(c.opt.Random, sealWebhook, FormatID(id), string(text))
}

func (c *core) openTarget(row *webhookRow) (sealedTarget, error) {
	text, err := c.keys.Open(sealWebhook, FormatID(row.ID), row.Sealed)
	var stored storedTarget
	if err == nil {
		err = json.Unmarshal([]byte(text), &stored)
	}
	if err != nil {
		return sealedTarget{}, fmt.Errorf("open the address of a webhook: %w", err)
	}
	return sealedTarget{WebhookTarget{stored.Address, stored.Room, stored.Token}, stored.Secret}, nil
}

// resealWebhooks seals the addresses with the current secret key that were sealed with the previous one.
func (s *Store) resealWebhooks(ctx context.Context) error {
	if s.keys.PreviousID() == "" {
		return nil
	}
	rows, err := database.G[webhookRow](s.read(ctx)).Order("id").Find(ctx)
	if err != nil {
		return explained("find the webhooks", err)
	}
	for i := range rows {
		row := &rows[i]
		if strings.HasPrefix(row.Sealed, s.keys.ID()+".") {
			continue
		}
		target, err := s.openTarget(row)
		if err != nil { // sealed with an even older key; the other rows must still be sealed again
			s.opt.Log.ErrorContext(ctx, "the address of a webhook cannot be opened", slog.Int64("webhook_id", row.ID), logError(err))
			continue
		}
		sealed, err := s.sealTarget(row.ID, target)
		if err == nil {
			err = s.db.Again(ctx, func(db *gorm.DB) error {
				return db.Exec("UPDATE webhooks SET sealed = ? WHERE id = ? AND sealed = ?", sealed, row.ID, row.Sealed).Error
			})
		}
		if err != nil {
			return explained("seal the address of a webhook", err)
		}
	}
	return nil
}

package models

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// OperatedMails are the acts of operators on the queue of mails. The parameter operatorID is as in
// [OperatedAccounts].
type OperatedMails struct {
	*core
	mail *Mail
}

// The states of mails by which operators filter them.
const (
	MailsWaiting = "waiting" // they will be tried, or are being sent
	MailsDead    = "dead"    // given up
)

// MailsAsk says which mails [OperatedMails.List] returns.
type MailsAsk struct {
	State string // MailsWaiting or MailsDead; "" for all
	After int64  // the id of the mail before the first one; 0 for the beginning
	Most  int    // the largest number of mails
}

// List returns mails of the queue, the oldest first.
func (o *OperatedMails) List(ctx context.Context, ask MailsAsk) ([]QueuedMail, error) {
	query := database.G[outboxRow](o.read(ctx)).Where("id > ?", ask.After)
	switch ask.State {
	case MailsWaiting:
		query = query.Where("state = ?", mailQueued)
	case MailsDead:
		query = query.Where("state = ?", mailDead)
	}
	rows, err := query.Order("id").Limit(ask.Most).Find(ctx)
	if err != nil {
		return nil, explained("list the mails", err)
	}
	mails := make([]QueuedMail, len(rows))
	for i := range rows {
		mails[i] = o.mail.queued(&rows[i])
	}
	return mails, nil
}

// MailSecretLeftOut stands in a mail that an operator looks at, instead of the secrets of its links, and instead of what a
// person wrote to another one.
const MailSecretLeftOut = "left-out"

// errLooked ends a transaction that was only a look, so that nothing of it is written.
var errLooked = errors.New("models: nothing is to be written")

// Look returns one mail of the queue, and the letter that would be sent, with [MailSecretLeftOut] in place of
// its secrets and of the text of a person. It makes no secret and writes nothing. The letter has the kind "" if the mail would not be sent to anybody any
// longer. It returns [ErrNotFound].
func (o *OperatedMails) Look(ctx context.Context, id int64) (QueuedMail, Letter, error) {
	var queued QueuedMail
	var letter Letter
	err := o.tx(ctx, "look at a mail", func(tx *gorm.DB) error {
		row, err := database.G[outboxRow](tx).Where("id = ?", id).Take(ctx)
		if err != nil {
			return err
		}
		queued = o.mail.queued(&row)
		letter, err = o.mail.write(ctx, tx, &row, false)
		if errors.Is(err, errDropMail) {
			letter, err = Letter{}, nil
		}
		if err == nil {
			err = errLooked
		}
		return err
	})
	if errors.Is(err, errLooked) {
		err = nil
	}
	if err != nil || letter.Kind == "" {
		return queued, Letter{}, err
	}
	traits := letter.Kind.traits()
	letter.ToStrangers = traits.ToStrangers
	if traits.HasSecret() && !letter.ToGuardian {
		letter.Secret = MailSecretLeftOut
	}
	if letter.Stop != "" {
		letter.Stop = MailSecretLeftOut
	}
	if letter.Facts.Note != "" && letter.Kind != MailServiceMessage {
		letter.Facts.Note = MailSecretLeftOut
	}
	return queued, letter, nil
}

// Retry does the same as [Mail.Retry]. It returns [ErrNotFound], [ErrTokenSpent] or [ErrOperatorsOnly].
func (o *OperatedMails) Retry(ctx context.Context, operatorID, id int64) error {
	return o.act(ctx, operatorID, ActMailRetried, id, o.mail.retry)
}

// Drop does the same as [Mail.Drop]. It returns [ErrNotFound] or [ErrOperatorsOnly].
func (o *OperatedMails) Drop(ctx context.Context, operatorID, id int64) error {
	return o.act(ctx, operatorID, ActMailDropped, id, func(_ context.Context, tx *gorm.DB, row *outboxRow) error {
		return requireRow(tx.Exec("DELETE FROM outbox WHERE id = ?", row.ID))
	})
}

// act runs work on a mail, in one transaction, as the act of an operator.
func (o *OperatedMails) act(ctx context.Context, operatorID int64, kind ActKind, id int64,
	work func(ctx context.Context, tx *gorm.DB, row *outboxRow) error,
) error {
	return o.tx(ctx, "act on a mail", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		row, err := database.G[outboxRow](tx).Where("id = ?", id).Take(ctx)
		if err != nil {
			return err
		}
		if err := work(ctx, tx, &row); err != nil {
			return err
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: kind, AccountID: row.AccountID, Subject: string(row.Kind)})
	})
}

// queued returns a mail as operators see it.
func (m *Mail) queued(r *outboxRow) QueuedMail {
	mail := QueuedMail{
		ID: r.ID, Kind: r.Kind, To: r.Recipient, AccountID: r.AccountID, Dead: r.State == mailDead, Attempts: r.Attempts,
		OwedAt: r.CreatedAt.UTC(), DueAt: r.DueAt.UTC(), LastError: r.LastError,
	}
	if r.LeaseUntil != nil && r.LeaseUntil.After(m.Now()) {
		mail.Sending, mail.LeaseUntil = true, r.LeaseUntil.UTC()
	}
	return mail
}

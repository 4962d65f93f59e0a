package models

import (
	"context"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// messagesAtOnce is how many mails of messages wait in the queue at most. More are written when some of these are sent, so
// that the mails of people who sign in do not stand behind a mail to everybody.
const messagesAtOnce = 100

// Work writes the next mails of messages into the queue. Several instances may call it at the same time: each batch is one
// transaction that moves the message on to the next account, so nobody gets a mail twice, also if the program ends in the
// middle.
func (o *OperatedMessages) Work(ctx context.Context) error {
	rows, err := database.G[messageRow](o.read(ctx)).Where("mail_state = ?", MessageMailWaiting).Order("id").Find(ctx)
	if err != nil {
		return explained("find messages to mail", err)
	}
	for i := range rows {
		queued, err := o.queuedOf(ctx, o.read(ctx), 0)
		if err != nil {
			return err
		}
		if queued >= messagesAtOnce {
			return nil
		}
		if err := o.mailNext(ctx, &rows[i], messagesAtOnce-int(queued)); err != nil {
			return err
		}
	}
	return nil
}

// queuedOf counts the mails of a message in the queue, or of all messages for the id 0. Mails that were given up do not count.
func (o *OperatedMessages) queuedOf(ctx context.Context, db *gorm.DB, id int64) (int64, error) {
	query := database.G[outboxRow](db).Where("state = ? AND kind = ?", mailQueued, MailServiceMessage)
	if id != 0 {
		query = query.Where("subject_id = ?", id)
	}
	n, err := query.Count(ctx, "*")
	return n, explained("count the mails of a message", err)
}

// mailNext writes at most n mails of a message. It begins by moving the message on, which one of several instances can do.
func (o *OperatedMessages) mailNext(ctx context.Context, row *messageRow, n int) error {
	err := o.tx(ctx, "mail a message", func(tx *gorm.DB) error {
		accounts, err := database.G[accountRow](tx).Where("id > ?", row.MailedAfter).Where(toWrite, row.ID).Order("id").Limit(n).Find(ctx)
		if err != nil {
			return err
		}
		after, state := row.MailedAfter, MessageMailWaiting
		if len(accounts) < n {
			state = MessageMailDone
		}
		if len(accounts) > 0 {
			after = accounts[len(accounts)-1].ID
		}
		if !row.EndsAt.After(o.Now()) {
			accounts, after, state = nil, row.MailedAfter, MessageMailStopped
		}
		err = requireRow(tx.Exec("UPDATE service_messages SET mailed_after = ?, mail_count = mail_count + ?, mail_state = ? WHERE id = ? AND mailed_after = ? AND mail_state = ?",
			after, len(accounts), state, row.ID, row.MailedAfter, MessageMailWaiting))
		if err != nil {
			return err
		}
		return o.oweEach(ctx, tx, accounts, func(account *accountRow) owed { return serviceMessageMail(account, row.ID) })
	})
	if KindOf(err) == KindNotFound { // another instance was faster, or the message was withdrawn
		return nil
	}
	return err
}

// tellMessage writes the text of a message into its mail, in the language of the reader. It returns errDropMail for a message
// that was withdrawn or has ended, and for a mailbox that wants no mails from people whom its owner did not ask.
func (m *Mail) tellMessage(ctx context.Context, tx *gorm.DB, row *outboxRow, letter *Letter) error {
	rows, err := database.G[messageRow](tx).Where("id = ? AND withdrawn_at IS NULL AND ends_at > ?", row.SubjectID, m.Now()).Find(ctx)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return errDropMail
	}
	stopped, err := m.isStopped(ctx, tx, mailboxKey(letter.To))
	if err == nil && stopped {
		err = errDropMail
	}
	if err != nil {
		return err
	}
	message, err := rows[0].message()
	if err != nil {
		return err
	}
	text, _ := message.In(letter.Locale, m.opt.Languages[0])
	letter.Facts.Note = text.Title + "\n" + text.Text
	return nil
}

// stopMessages stops the mails of messages that were being written when the database was saved, because after a restore nobody
// knows who got one.
func (r *Restores) stopMessages(ctx context.Context) error {
	return r.tx(ctx, "stop the mails of messages", func(tx *gorm.DB) error {
		return tx.Exec("UPDATE service_messages SET mail_state = ? WHERE mail_state = ?", MessageMailStopped, MessageMailWaiting).Error
	})
}

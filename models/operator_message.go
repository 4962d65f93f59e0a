package models

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// OperatedMessages are the messages of operators to everybody: a banner on all pages, and a mail if the operator wants
// one. The parameter operatorID is as in [OperatedAccounts].
type OperatedMessages struct {
	*core
	shown atomic.Pointer[[]Message] // that pages show now or later
}

// The kinds of messages.
const (
	MessageInformation = "information"
	MessageWarning     = "warning"
)

// The states of the mails of a message.
const (
	MessageMailNone    = "none"
	MessageMailWaiting = "waiting" // more mails are to be written
	MessageMailDone    = "done"
	MessageMailStopped = "stopped" // the message was withdrawn or ended, or the database was restored, before all were written
)

// The longest message and its longest life.
const (
	messageTitleMax = 100
	messageTextMax  = 1000
	messageLifeMax  = 366 * 24 * time.Hour
	messagesKept    = 366 * 24 * time.Hour // after their end
)

// MessageText is a message in one language. It is plain text: addresses in it are text, too.
type MessageText struct {
	Title string `json:"title"`
	Text  string `json:"text"` // may have several lines; "" for a title alone
}

// NewMessage is a message to make.
type NewMessage struct {
	Kind        string                 // [MessageInformation] or [MessageWarning]
	Texts       map[string]MessageText // by language; the first language of the service is needed
	From, Until time.Time              // when pages show it; a zero From is now
	ToStrangers bool                   // people who are not signed in see it, too
	ByMail      bool                   // everybody who has an address gets it once by mail

	IdempotencyKey string // "" for none
}

// Message is what an operator tells everybody. Times are UTC.
type Message struct {
	ID                     int64
	Kind                   string
	Texts                  map[string]MessageText
	ToStrangers            bool
	From, Until, Withdrawn time.Time // Withdrawn is zero for a message that was not withdrawn
	MailState              string    // [MessageMailNone] or another
	MailTotal, MailCount   int       // how many people get a mail, and for how many one was written so far
	MailQueued             int       // how many of those are still in the queue; only from [OperatedMessages.Get]
	CreatedAt              time.Time
}

// In returns the text in a language, or else in the first language of the service, and the language that it has.
func (m *Message) In(language, first string) (MessageText, string) {
	for _, one := range []string{language, first} {
		if text, ok := m.Texts[one]; ok {
			return text, one
		}
	}
	for _, one := range slices.Sorted(maps.Keys(m.Texts)) { // the settings had other languages when it was made
		return m.Texts[one], one
	}
	return MessageText{}, first
}

// messageRow is a row of service_messages.
type messageRow struct {
	ID          int64
	Kind        string
	Texts       string // JSON, see [MessageText]
	ToStrangers bool
	StartsAt    time.Time
	EndsAt      time.Time
	WithdrawnAt *time.Time
	MailState   string
	MailedAfter int64
	MailTotal   int64
	MailCount   int64
	CreatedAt   time.Time
}

// TableName returns the name of the table, service_messages.
func (messageRow) TableName() string { return "service_messages" }

func (r *messageRow) message() (Message, error) {
	m := Message{
		ID: r.ID, Kind: r.Kind, ToStrangers: r.ToStrangers, From: r.StartsAt.UTC(), Until: r.EndsAt.UTC(), Withdrawn: orZero(r.WithdrawnAt),
		MailState: r.MailState, MailTotal: int(r.MailTotal), MailCount: int(r.MailCount), CreatedAt: r.CreatedAt.UTC(),
	}
	return m, explained("read the texts of a message", json.Unmarshal([]byte(r.Texts), &m.Texts))
}

// toWrite is the condition for the accounts that get the mail of a message. Its value is the id of the message: ids rise
// with time, so people who come later get none.
const toWrite = "id < ? AND confirmed_at IS NOT NULL AND disabled_at IS NULL AND email <> ''"

// Create makes a message. Its mails are written by [OperatedMessages.Work]. It returns errors about the fields kind, until, texts
// and idempotency_key, and about title_LANGUAGE and text_LANGUAGE; or [ErrOtherRequest], [ErrOperatorsOnly] or
// [ErrUnavailable].
func (o *OperatedMessages) Create(ctx context.Context, operatorID int64, in NewMessage) (Message, error) {
	row, err := o.checkMessage(&in)
	if err != nil {
		return Message{}, err
	}
	request, err := o.idempotent("message "+FormatID(operatorID), in.IdempotencyKey, row.Kind, row.Texts, in.ToStrangers, in.ByMail, in.From.UnixMilli(), in.Until.UnixMilli())
	if err != nil {
		return Message{}, err
	}
	before, err := o.txOnce(ctx, "make a message", request, row.ID, func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		if in.ByMail {
			total, err := database.G[accountRow](tx).Where(toWrite, row.ID).Count(ctx, "*")
			if err != nil {
				return err
			}
			row.MailTotal = total
		}
		if err := database.G[messageRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: ActMessageMade, Subject: in.Texts[o.opt.Languages[0]].Title})
	})
	if err != nil {
		return Message{}, err
	}
	_ = o.Refresh(ctx) // after an error the pages of this instance show the message some seconds later, as the other instances do
	return o.Get(ctx, cmp.Or(before, row.ID))
}

// checkMessage applies the rules, and returns the row of the message.
func (o *OperatedMessages) checkMessage(in *NewMessage) (messageRow, error) {
	var wrong []FieldError
	add := func(field, code string) { wrong = append(wrong, FieldError{Field: field, Code: code}) }
	now := o.Now()
	row := messageRow{
		Kind: in.Kind, ToStrangers: in.ToStrangers, StartsAt: in.From.UTC().Truncate(time.Millisecond), EndsAt: in.Until.UTC().Truncate(time.Millisecond),
		MailState: MessageMailNone, CreatedAt: now,
	}
	if in.Kind != MessageInformation && in.Kind != MessageWarning {
		add("kind", "message_kind_invalid")
	}
	if in.From.IsZero() {
		row.StartsAt = now
	}
	if in.Until.IsZero() || !row.EndsAt.After(row.StartsAt) || !row.EndsAt.After(now) || row.EndsAt.Sub(now) > messageLifeMax {
		add("until", "message_until_invalid")
	}
	texts, bad := o.messageTexts(in.Texts)
	wrong, in.Texts = append(wrong, bad...), texts
	if in.ByMail {
		row.MailState = MessageMailWaiting
	}
	packed, err := json.Marshal(texts)
	if err != nil {
		return row, explained("write the texts of a message", err)
	}
	row.Texts = string(packed)
	if row.ID, err = o.newID(); err != nil {
		return row, explained("make an id", err)
	}
	return row, invalid(wrong)
}

// messageTexts returns the texts as they are stored. Languages without any text are left out.
func (o *OperatedMessages) messageTexts(given map[string]MessageText) (map[string]MessageText, []FieldError) {
	texts := map[string]MessageText{}
	var wrong []FieldError
	for _, language := range slices.Sorted(maps.Keys(given)) {
		title, okTitle := cleanText(given[language].Title, messageTitleMax)
		text, okText := cleanText(given[language].Text, messageTextMax)
		if !slices.Contains(o.opt.Languages, language) {
			wrong = append(wrong, FieldError{Field: "texts", Code: "language_invalid"})
		}
		title = strings.Join(strings.Fields(title), " ")
		if okTitle && okText && title == "" && text == "" {
			continue
		}
		if !okTitle || title == "" {
			wrong = append(wrong, FieldError{Field: messageField("title", language), Code: "message_title_invalid"})
		}
		if !okText {
			wrong = append(wrong, FieldError{Field: messageField("text", language), Code: "message_text_invalid"})
		}
		texts[language] = MessageText{Title: title, Text: text}
	}
	if first := o.opt.Languages[0]; texts[first] == (MessageText{}) && len(wrong) == 0 {
		wrong = append(wrong, FieldError{Field: messageField("title", first), Code: "message_title_invalid"})
	}
	return texts, wrong
}

// messageField returns the name of a field of a message in one language.
func messageField(field, language string) string { return field + "_" + language }

// cleanText returns a text as it is stored: lines without characters that cannot be seen. It reports false for a text that
// is longer than most characters.
func cleanText(text string, most int) (string, bool) {
	if len(text) > 8*most || !utf8.ValidString(text) {
		return "", false
	}
	text = visibleLines(text)
	return text, utf8.RuneCountInString(text) <= most
}

// MessagesAsk says which messages [OperatedMessages.List] returns.
type MessagesAsk struct {
	Before int64 // only older ones than the message with this id; 0 for the newest
	Most   int   // the largest number of messages
}

// List returns messages, the newest first.
func (o *OperatedMessages) List(ctx context.Context, ask MessagesAsk) ([]Message, error) {
	query := database.G[messageRow](o.read(ctx)).Where("id > ?", 0)
	if ask.Before != 0 {
		query = query.Where("id < ?", ask.Before)
	}
	rows, err := query.Order("id DESC").Limit(ask.Most).Find(ctx)
	if err != nil {
		return nil, explained("list the messages", err)
	}
	return messagesOf(rows)
}

func messagesOf(rows []messageRow) ([]Message, error) {
	list := make([]Message, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].message(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Get returns one message. It returns [ErrNotFound].
func (o *OperatedMessages) Get(ctx context.Context, id int64) (Message, error) {
	rows, err := database.G[messageRow](o.read(ctx)).Where("id = ?", id).Find(ctx)
	if err != nil {
		return Message{}, explained("read a message", err)
	}
	if len(rows) != 1 {
		return Message{}, ErrNotFound
	}
	m, err := rows[0].message()
	if err != nil || m.MailState == MessageMailNone {
		return m, err
	}
	queued, err := o.queuedOf(ctx, o.read(ctx), id)
	m.MailQueued = int(queued)
	return m, err
}

// Withdraw takes a message off the pages, and stops its mails that were not sent yet. It returns [ErrNotFound] for a message
// that was withdrawn already, or [ErrOperatorsOnly].
func (o *OperatedMessages) Withdraw(ctx context.Context, operatorID, id int64) error {
	err := o.tx(ctx, "withdraw a message", func(tx *gorm.DB) error {
		if err := lockOperator(tx, operatorID); err != nil {
			return err
		}
		// MySQL assigns from left to right: mail_state is compared with its old value.
		err := requireRow(tx.Exec("UPDATE service_messages SET withdrawn_at = ?, mail_state = CASE WHEN mail_state = ? THEN ? ELSE mail_state END WHERE id = ? AND withdrawn_at IS NULL",
			o.Now(), MessageMailWaiting, MessageMailStopped, id))
		if err != nil {
			return err
		}
		row, err := database.G[messageRow](tx).Where("id = ?", id).Take(ctx)
		if err != nil {
			return err
		}
		m, err := row.message()
		if err != nil {
			return err
		}
		title, _ := m.In(o.opt.Languages[0], o.opt.Languages[0])
		return o.recordAct(ctx, tx, operatorActRow{ActorID: operatorID, Kind: ActMessageWithdrawn, Subject: title.Title})
	})
	if err == nil {
		_ = o.Refresh(ctx) // as in Create
	}
	return err
}

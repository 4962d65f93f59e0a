package models

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// Mail is the queue of owed mails, for the worker that sends them and for operators.
type Mail struct{ *core }

// Letter is the data of a mail, from which the mailer writes it.
type Letter struct {
	ID          string // the same at every retry
	Kind        MailKind
	To          string
	Locale      string
	Secret      string // of its link; "" for a mail without a secret
	Facts       MailFacts
	TimeZone    string    // in which its times are told; "" for UTC
	Stop        string    // the token that stops such mails, see [MailStops]; "" for a mail that cannot be stopped
	ToStrangers bool      // as in [MailTraits]
	ToGuardian  bool      // it goes to a guardian of the account that it is about, in the guardian's language and without a secret
	At          time.Time // when it was put into the queue
	group       string    // the group of the mail, if some mails of the group are sent every hour; else ""; see [Mail.withinHour]
	starter     string    // who started the mail; the mails of a group are counted by starter
	guardian    int64     // the account of the guardian who gets the mail, or 0
	imported    string    // the import that made the mail, or ""
}

// Prepare finds the recipient of a leased mail, and mints its secret. It deletes the
// mail and returns false if the mail has no recipient, if its secret has expired, if
// a newer request has replaced it, or if the address has had enough mails for a day. While
// the clocks differ it returns [ErrClocksDiffer] and leaves the mail alone.
func (m *Mail) Prepare(ctx context.Context, o Owed) (letter Letter, send bool, err error) {
	if err := m.clock.agrees(); err != nil {
		return Letter{}, false, err
	}
	// The mail is counted before anything is minted: a mail that is not sent must not end
	// the link of the mail before it; otherwise strangers could end links again and again.
	if o.startedByOthers() && o.Attempts == 1 {
		if letter, send, err = m.prepare(ctx, o, false); err != nil || !send {
			return Letter{}, false, err
		}
		if within, err := m.within(ctx, &letter); err != nil {
			return Letter{}, false, err
		} else if !within {
			_, err := m.forget(ctx, o.ID)
			return Letter{}, false, err
		}
	}
	return m.prepare(ctx, o, true)
}

// startedByOthers reports whether a stranger may have started the mail. A password reset
// with an account id was started by an operator. A stranger types only a username or an
// address into a form, so that reset has no account id.
func (o Owed) startedByOthers() bool {
	return o.Kind.traits().OthersStart && (o.Kind != MailPasswordReset || o.row.AccountID == 0)
}

// prepare returns the [Letter] of a mail that is still leased to its worker. If mint is
// true, it also mints the secret.
func (m *Mail) prepare(ctx context.Context, o Owed, mint bool) (letter Letter, send bool, err error) {
	err = m.tx(ctx, "prepare a mail", func(tx *gorm.DB) error {
		row := o.row
		letter, send = Letter{}, false
		still, err := database.G[outboxRow](tx).Where("id = ? AND lease_owner = ? AND state = ?", row.ID, o.owner, mailQueued).Count(ctx, "*")
		if err != nil || still == 0 {
			return err
		}
		letter, err = m.write(ctx, tx, &row, mint)
		if err == nil {
			send = true
			return nil
		}
		if !errors.Is(err, errDropMail) {
			return err
		}
		return tx.Exec("DELETE FROM outbox WHERE id = ?", row.ID).Error
	})
	if err != nil || !send {
		return Letter{}, false, err
	}
	traits := letter.Kind.traits()
	letter.ToStrangers = traits.ToStrangers
	if needed := mint && traits.HasSecret() && !letter.ToGuardian; needed != (letter.Secret != "") {
		return Letter{}, false, fmt.Errorf("the mail %s has a secret: %t, want %t", letter.Kind, !needed, needed)
	}
	return letter, true, nil
}

// errDropMail means that nobody should get the mail.
var errDropMail = errors.New("models: nobody to write to")

// draft returns the [Letter] as far as the row of the mail gives its content, and the name or
// address that was typed for the mail, if any.
func (m *Mail) draft(row *outboxRow) (letter Letter, nameOrEmail string, err error) {
	if row.Kind.traits().HasSecret() && !row.ExpiresAt.After(m.Now()) {
		return Letter{}, "", errDropMail
	}
	var stored struct {
		MailFacts
		NameOrEmail string `json:"name_or_email"` // nameFact
		By          string `json:"by"`            // byFact
		Zone        string `json:"zone"`          // zoneFact
		Guardian    string `json:"guardian"`      // guardianFact
		Import      string `json:"import"`        // importFact
	}
	if err := json.Unmarshal([]byte(row.Facts), &stored); err != nil {
		return Letter{}, "", fmt.Errorf("facts: %w", err)
	}
	letter = Letter{
		ID: FormatID(row.ID), Kind: row.Kind, To: row.Recipient, Locale: row.Locale, TimeZone: stored.Zone, Facts: stored.MailFacts,
		At: row.CreatedAt.UTC(), group: row.Kind.traits().hourly, starter: stored.By, imported: stored.Import,
	}
	if letter.guardian = ParseID(stored.Guardian); letter.guardian != 0 {
		letter.ToGuardian = true
		return letter, "", nil
	}
	if row.Kind.traits().HasSecret() {
		letter.Facts.Until = row.ExpiresAt.UTC()
	}
	return letter, stored.NameOrEmail, nil
}

// write finds the recipient and, if mint is true, mints the secret.
func (m *Mail) write(ctx context.Context, tx *gorm.DB, row *outboxRow, mint bool) (Letter, error) {
	letter, nameOrEmail, err := m.draft(row)
	if err != nil {
		return Letter{}, err
	}
	if row.Kind.traits().secret == purposeInvite {
		if err := m.inviteWaits(ctx, tx, row); err != nil {
			return Letter{}, err
		}
	}
	if row.Kind == MailStayEnding || row.Kind == MailStayEndingOwner {
		if err := m.stayWaits(ctx, tx, row, letter.Facts.Ends); err != nil {
			return Letter{}, err
		}
	}
	switch {
	case letter.ToGuardian:
		return m.mailGuardian(ctx, tx, row, letter)
	case row.AccountID == 0 && row.Kind != MailPasswordReset:
		return m.mailAddress(ctx, tx, row, letter, mint)
	default:
		return m.mailAccount(ctx, tx, row, letter, nameOrEmail, mint)
	}
}

// mailAccount completes a mail to an account, or to the owner of its address instead.
func (m *Mail) mailAccount(ctx context.Context, tx *gorm.DB, row *outboxRow, letter Letter, nameOrEmail string, mint bool) (Letter, error) {
	account, err := m.addressee(ctx, tx, row, nameOrEmail)
	if err != nil {
		return Letter{}, err
	}
	other, err := m.ownerInstead(ctx, tx, row, &account)
	if err != nil {
		return Letter{}, err
	}
	if other != nil {
		letter.Kind, letter.To, letter.Locale = MailAlreadyRegistered, other.Email, other.Locale
		letter.Facts = MailFacts{Username: other.Username, DisplayName: other.DisplayName}
		return letter, nil
	}
	if letter.To == "" {
		letter.To = account.Email
	}
	if row.Kind == MailPasswordReset && account.ConfirmedAt != nil {
		letter.starter = account.owner()
	}
	letter.Locale, letter.TimeZone = account.Locale, cmp.Or(account.TimeZone, letter.TimeZone)
	letter.Facts.Username, letter.Facts.DisplayName = account.Username, account.DisplayName
	if letter.Stop, err = m.stopLink(ctx, tx, &letter); err != nil {
		return Letter{}, err
	}
	if row.Kind == MailServiceMessage {
		if err := m.tellMessage(ctx, tx, row, &letter); err != nil {
			return Letter{}, err
		}
	}
	if !mint {
		return letter, nil
	}
	if letter.Secret, err = m.mint(ctx, tx, row, &account); err != nil {
		return Letter{}, err
	}
	return letter, m.noteReset(ctx, tx, row, &account)
}

// mailAddress completes a mail without an account: a goodbye, or an invite to an
// address. The row has everything except the secret.
func (m *Mail) mailAddress(ctx context.Context, tx *gorm.DB, row *outboxRow, letter Letter, mint bool) (Letter, error) {
	var err error
	if letter.Stop, err = m.stopLink(ctx, tx, &letter); err != nil || !mint || row.Kind.traits().secret != purposeInvite {
		return letter, err
	}
	letter.Secret, err = m.mintInvite(ctx, tx, row)
	return letter, err
}

// addressee reads the account of a mail. For a reset that was asked for by a name it
// looks the name up here, in the worker, so that the answer to the form takes equally
// long whether the account exists or not.
func (m *Mail) addressee(ctx context.Context, tx *gorm.DB, row *outboxRow, nameOrEmail string) (accountRow, error) {
	var account accountRow
	var err error
	if row.AccountID == 0 {
		account, err = m.accountByName(ctx, tx, nameOrEmail)
	} else {
		account, err = m.accountByID(ctx, tx, row.AccountID)
	}
	if KindOf(err) == KindNotFound || err == nil && (account.Email == "" && row.Recipient == "" || account.DisabledAt != nil) {
		return account, errDropMail
	}
	if err != nil || row.AccountID != 0 {
		return account, err
	}
	row.AccountID = account.ID
	return account, tx.Exec("UPDATE outbox SET account_id = ? WHERE id = ?", account.ID, row.ID).Error
}

// noteReset adds a reset to the history of its account, for the owner to see. It does so
// only here, because the account was not known before.
func (m *Mail) noteReset(ctx context.Context, tx *gorm.DB, row *outboxRow, account *accountRow) error {
	if row.Kind != MailPasswordReset || row.Attempts > 1 {
		return nil
	}
	return m.recordEvent(ctx, tx, account.ID, EventPasswordResetAsked, Caller{})
}

// ownerInstead returns the account that already has the address which a mail would
// confirm. Its owner gets a mail instead. For an address that is held for an
// undo it returns errDropMail.
func (m *Mail) ownerInstead(ctx context.Context, tx *gorm.DB, row *outboxRow, account *accountRow) (*accountRow, error) {
	key := ""
	switch row.Kind {
	case MailConfirm:
		if account.ConfirmedAt != nil {
			return nil, errDropMail
		}
		key = account.EmailKey
	case MailPasswordReset:
		if account.ConfirmedAt != nil {
			return nil, nil
		}
		key = account.EmailKey // a sign-up that waits has no claim to its address yet
	case MailEmailConfirm:
		_, key, _ = parseEmail(row.Recipient)
	default:
		return nil, nil
	}
	owners, err := database.G[emailRow](tx).Where("email_key = ? AND account_id <> ?", key, account.ID).Find(ctx)
	if err != nil || len(owners) == 0 {
		return nil, err
	}
	if held := owners[0].HeldUntil; held != nil {
		if held.After(m.Now()) {
			return nil, errDropMail
		}
		return nil, nil
	}
	other, err := m.accountByID(ctx, tx, owners[0].AccountID)
	if err != nil {
		return nil, err
	}
	if other.DisabledAt != nil {
		return nil, errDropMail
	}
	return &other, nil
}

// mint makes the secret of a mail and stores its hash; at a retry both exist already.
// Older links of the same purpose become invalid. For a mail that is older than the
// newest such link it returns errDropMail.
func (m *Mail) mint(ctx context.Context, tx *gorm.DB, row *outboxRow, account *accountRow) (string, error) {
	p := row.Kind.traits().secret
	if p == "" {
		return "", nil
	}
	if p == purposeInvite {
		return m.mintInvite(ctx, tx, row)
	}
	if passwordBound(p) && account.PasswordChangedAt.After(row.CreatedAt) {
		return "", errDropMail // asked for before the password changed
	}
	text, err := m.mailSecret(row)
	if err != nil {
		return "", errors.Join(errDropMail, err)
	}
	hash := secret.Sum(text)
	open, err := database.G[token](tx).Where("account_id = ? AND purpose = ?", account.ID, p).Find(ctx)
	if err != nil {
		return "", err
	}
	if minted, err := mintedBefore(open, hash); minted || err != nil {
		return text, err
	}
	if p != purposeEmailUndo && p != purposeNotMe && p != purposeStay { // links of these purposes concern different changes, sessions and stays
		if overtaken(open, row.CreatedAt) {
			return "", errDropMail
		}
		if err := tx.Exec("DELETE FROM tokens WHERE account_id = ? AND purpose = ?", account.ID, p).Error; err != nil {
			return "", err
		}
	}
	return text, database.G[token](tx).Create(ctx, &token{
		Hash: hash, Purpose: p, AccountID: account.ID, SubjectID: row.SubjectID, PasswordVersion: account.PasswordVersion,
		CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(),
	})
}

// mintedBefore reports whether an earlier attempt has already minted the secret with this
// hash. If its link has been used, the mail did arrive, and mintedBefore returns
// errDropMail.
func mintedBefore(open []token, hash secret.Hash) (bool, error) {
	for _, t := range open {
		if t.Hash == hash && t.UsedAt != nil {
			return true, errDropMail
		}
		if t.Hash == hash {
			return true, nil
		}
	}
	return false, nil
}

// overtaken reports whether a later request has already minted its link.
func overtaken(open []token, owedAt time.Time) bool {
	return slices.ContainsFunc(open, func(t token) bool { return t.CreatedAt.After(owedAt) })
}

// within counts a mail that strangers can start, against the daily limit of the mailbox that
// gets it. It reports whether the mail may be sent. When the daily limit is used up,
// some mails may still be sent every hour, see [Mail.withinHour].
func (m *Mail) within(ctx context.Context, letter *Letter) (bool, error) {
	if letter.starter == byOperator {
		return true, nil
	}
	mailbox := mailboxKey(letter.To)
	if first, err := m.firstOfImport(ctx, letter, mailbox); err != nil || !first {
		return false, err
	}
	hits, err := m.throttle.raise(ctx, m.throttle.key("mail day", mailbox), m.opt.Limits.MailDay)
	if err != nil || hits > 0 {
		return hits > 0, err
	}
	return m.withinHour(ctx, letter.group, mailbox, letter.starter)
}

// withinHour counts a mail of a group after the daily limit is used up, and reports whether it
// may be sent. Each starter has one mail an hour to a mailbox. The starter of a reset is the
// account itself if its address is confirmed, so no stranger can use up that reset. Starters of
// other mails are networks or accounts of strangers, so all of them together have a limit, too.
func (m *Mail) withinHour(ctx context.Context, group, mailbox, starter string) (bool, error) {
	if group == "" {
		return false, nil
	}
	l, t := m.opt.Limits, m.throttle
	own, err := t.count(ctx, t.key(group+" mail hour", mailbox+" "+starter), l.MailHour)
	if err == nil && group != hourlyReset {
		if _, err = t.count(ctx, t.key(group+" mails hour", mailbox), l.MailsHour); KindOf(err) == KindThrottled {
			return false, t.giveBack(ctx, own) // so that the starter has another chance as soon as there is room
		}
	}
	if KindOf(err) == KindThrottled {
		return false, nil
	}
	return err == nil, err
}

// QueuedMail is a mail in the queue, as operators see it.
type QueuedMail struct {
	ID            int64
	Kind          MailKind
	To            string // "" for the account's own address
	AccountID     int64
	Dead          bool
	Sending       bool      // a worker has leased it
	LeaseUntil    time.Time // of a mail that is being sent
	Attempts      int
	OwedAt, DueAt time.Time
	LastError     string
}

// List returns up to n mails of the queue, the oldest first.
func (m *Mail) List(ctx context.Context, n int) ([]QueuedMail, error) {
	rows, err := database.G[outboxRow](m.read(ctx)).Order("id").Limit(n).Find(ctx)
	if err != nil {
		return nil, explained("list the mails", err)
	}
	mails := make([]QueuedMail, len(rows))
	for i := range rows {
		mails[i] = m.queued(&rows[i])
	}
	return mails, nil
}

// Retry makes a mail due at once, also a dead one. It returns [ErrNotFound], or
// [ErrTokenSpent] for a mail whose link has expired, for which only a new request
// helps.
func (m *Mail) Retry(ctx context.Context, id int64) error {
	return m.tx(ctx, "retry a mail", func(tx *gorm.DB) error {
		row, err := database.G[outboxRow](tx).Where("id = ?", id).Take(ctx)
		if err != nil {
			return err
		}
		return m.retry(ctx, tx, &row)
	})
}

// retry does the work of [Mail.Retry] in a transaction.
func (m *Mail) retry(_ context.Context, tx *gorm.DB, row *outboxRow) error {
	if row.Kind.traits().HasSecret() && !row.ExpiresAt.After(m.Now()) {
		return ErrTokenSpent
	}
	return tx.Exec("UPDATE outbox SET state = ?, due_at = ?, attempts = 0, lease_owner = '', lease_until = NULL WHERE id = ?",
		mailQueued, m.Now(), row.ID).Error
}

// Drop deletes a mail without sending it. It returns [ErrNotFound].
func (m *Mail) Drop(ctx context.Context, id int64) error {
	return m.one(ctx, "drop a mail", "DELETE FROM outbox WHERE id = ?", id)
}

func (m *Mail) one(ctx context.Context, doing, statement string, args ...any) error {
	return m.tx(ctx, doing, func(tx *gorm.DB) error {
		result := tx.Exec(statement, args...)
		if result.Error == nil && result.RowsAffected != 1 {
			return ErrNotFound
		}
		return result.Error
	})
}

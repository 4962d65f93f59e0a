package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Owed is a mail that a worker has leased.
type Owed struct {
	ID       int64
	Kind     MailKind
	Attempts int    // including this one
	Domain   string // to which the mail goes, in lower case; "" if nobody gets it
	owner    string
	row      outboxRow
}

// mailLease is the time after which another worker may take a mail, unless the lease was
// renewed.
const mailLease = 2 * time.Minute

// Claim leases up to n due mails to the worker owner, and counts the attempt of each.
// If several workers claim at once, each mail goes to one of them. A lease lasts two
// minutes; then it must have been renewed, or another worker can take the mail.
func (m *Mail) Claim(ctx context.Context, owner string, n int) ([]Owed, error) {
	claimed, _, err := m.ClaimWithin(ctx, owner, n, func(string) int { return n }, nil)
	return claimed, err
}

// ClaimWithin does what [Mail.Claim] does, but leaves out mails to domains that have no
// room. room returns how many more mails to a domain may be sent now.
//
// It also returns due mails that it has found and left out. The next call can get them as
// waiting, and then takes mails of these alone, without asking the database which are due.
// Otherwise each mail of a long queue would cost a look at a hundred. A caller that does so must
// begin anew once in a while, because other mails may have become due.
func (m *Mail) ClaimWithin(ctx context.Context, owner string, n int, room func(domain string) int, waiting []Owed) (claimed, left []Owed, err error) {
	due, left := choose(waiting, n, room)
	if len(waiting) == 0 {
		if due, left, err = m.dueMails(ctx, n, room); err != nil {
			return nil, nil, explained("find due mails", err)
		}
	}
	for _, owed := range due {
		won, err := m.lease(ctx, owner, &owed)
		if err != nil {
			return claimed, left, explained("lease a mail", err)
		}
		if won {
			claimed = append(claimed, owed)
		}
	}
	return claimed, left, nil
}

// lease leases a mail that was due when it was read, and counts the attempt. It returns false if
// the mail has changed since.
func (m *Mail) lease(ctx context.Context, owner string, owed *Owed) (won bool, err error) {
	row, now := &owed.row, m.Now()
	until := now.Add(mailLease)
	err = m.db.Again(ctx, func(db *gorm.DB) error {
		result := db.Exec(`UPDATE outbox SET lease_owner = ?, lease_until = ?, attempts = attempts + 1
WHERE id = ? AND state = ? AND attempts = ? AND due_at <= ? AND (lease_until IS NULL OR lease_until < ?)`,
			owner, until, row.ID, mailQueued, row.Attempts, now, now)
		won = result.RowsAffected == 1
		return result.Error
	})
	row.Attempts++
	row.LeaseOwner, row.LeaseUntil = owner, &until
	owed.Attempts, owed.owner = row.Attempts, owner
	return won, err
}

// duePage is the least number of due mails that the queue is asked for at once, and the largest
// number of mails that are kept for later.
const duePage = 100

// dueMails returns up to n mails that are due and not leased, those that have been due
// longest first, and no more to each domain than it has room for. It skips mails to a
// domain without room and reads further, so that they do not hold up mails to other domains.
// It also returns mails that it has read and left out, up to [duePage].
func (m *Mail) dueMails(ctx context.Context, n int, room func(string) int) (due, left []Owed, err error) {
	now, page := m.Now(), max(n, duePage)
	var all []Owed
	for skip := 0; ; skip += page {
		rows, err := gorm.G[outboxRow](m.read(ctx)).
			Where("state = ? AND due_at <= ? AND (lease_until IS NULL OR lease_until < ?)", mailQueued, now, now).
			Order("due_at, id").Limit(page).Offset(skip).Find(ctx)
		if err != nil {
			return nil, nil, err
		}
		domains, err := m.domains(ctx, rows)
		if err != nil {
			return nil, nil, err
		}
		for i, row := range rows {
			all = append(all, Owed{ID: row.ID, Kind: row.Kind, Attempts: row.Attempts, Domain: domains[i], row: row})
		}
		due, left = choose(all, n, room)
		if len(due) == n || len(rows) < page {
			return due, left[:min(len(left), duePage)], nil
		}
		all = append(due, left[:min(len(left), duePage)]...)
	}
}

// choose divides mails into those for which there is room now, at most n, and the
// others.
func choose(mails []Owed, n int, room func(domain string) int) (fit, left []Owed) {
	rooms := map[string]int{}
	for _, owed := range mails {
		if len(fit) < n && fits(rooms, owed.Domain, room) {
			fit = append(fit, owed)
		} else {
			left = append(left, owed)
		}
	}
	return fit, left
}

// fits reports whether a domain has room for one more mail, and counts the mail. left
// holds the room of the domains that were seen already.
func fits(left map[string]int, domain string, room func(string) int) bool {
	if _, known := left[domain]; !known {
		left[domain] = room(domain)
	}
	left[domain]--
	return left[domain] >= 0
}

// domains returns the domain to which each mail goes, in lower case. It is "" for a mail
// whose account is gone or has no address: such a mail is dropped soon.
func (m *Mail) domains(ctx context.Context, rows []outboxRow) ([]string, error) {
	addresses, err := m.addresses(ctx, rows)
	if err != nil {
		return nil, err
	}
	domains := make([]string, len(rows))
	for i, row := range rows {
		address := cmp.Or(row.Recipient, addresses[row.AccountID])
		if address == "" && row.AccountID == 0 {
			account, err := m.namedIn(ctx, &row)
			if err != nil {
				return nil, err
			}
			address = account.EmailKey
		}
		domains[i] = strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	}
	return domains, nil
}

// addresses returns the addresses of the accounts to which mails go, by account.
func (m *Mail) addresses(ctx context.Context, rows []outboxRow) (map[int64]string, error) {
	var ids []int64
	for _, row := range rows {
		if row.Recipient == "" && row.AccountID != 0 {
			ids = append(ids, row.AccountID)
		}
	}
	addresses := map[int64]string{}
	if len(ids) == 0 {
		return addresses, nil
	}
	accounts, err := gorm.G[accountRow](m.read(ctx)).Select("id", "email_key").Where("id IN ?", ids).Find(ctx)
	for _, account := range accounts {
		addresses[account.ID] = account.EmailKey
	}
	return addresses, err
}

// namedIn finds the account of a password reset by the username or address that a person
// typed, and returns an empty row if there is no such account. The mail has no account id,
// so that the same is stored whether or not the account exists.
func (m *Mail) namedIn(ctx context.Context, row *outboxRow) (accountRow, error) {
	var facts struct {
		NameOrEmail string `json:"name_or_email"` // nameFact
	}
	if err := json.Unmarshal([]byte(row.Facts), &facts); err != nil {
		return accountRow{}, fmt.Errorf("facts: %w", err)
	}
	account, err := m.accountByName(ctx, m.read(ctx), facts.NameOrEmail)
	if KindOf(err) == KindNotFound {
		return accountRow{}, nil
	}
	return account, err
}

// Renew makes the leases of mails that owner is still sending last two more minutes: a
// mail server may take longer than a lease.
func (m *Mail) Renew(ctx context.Context, owner string, ids []int64) error {
	return explained("renew the leases of mails", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET lease_until = ? WHERE lease_owner = ? AND id IN ?", m.Now().Add(mailLease), owner, ids).Error
	}))
}

// Hurry makes all mails due that were put off, because the mail server answers again.
func (m *Mail) Hurry(ctx context.Context) error {
	now := m.Now()
	return explained("hurry the mails", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET due_at = ? WHERE state = ? AND due_at > ? AND lease_until IS NULL", now, mailQueued, now).Error
	}))
}

// Sent deletes a mail that has been sent.
func (m *Mail) Sent(ctx context.Context, id int64) error {
	return explained("forget a mail", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("DELETE FROM outbox WHERE id = ?", id).Error
	}))
}

// Failed stores that a mail could not be sent, and when the next attempt is due: after
// 30 s, twice as long after each attempt up to an hour, and up to a fifth more or less by
// chance. It returns the time of the next attempt. After a permanent failure, or if the
// next attempt would be due more than a day after the mail was owed, the mail is not tried
// again: it is kept as dead, with the cause, and next is zero.
func (m *Mail) Failed(ctx context.Context, o Owed, cause string, permanent bool) (next time.Time, err error) {
	now := m.Now()
	wait := time.Hour
	if o.Attempts < 8 {
		wait = min(wait, 30*time.Second<<(o.Attempts-1))
	}
	wait += rand.N(wait*2/5) - wait/5 //nolint:gosec // jitter, not a secret
	wait = wait.Truncate(time.Millisecond)
	due := now.Add(wait)
	state, next := mailQueued, due
	if permanent || due.After(o.row.CreatedAt.Add(mailLife)) {
		state, next = mailDead, time.Time{}
	}
	// The answer of a mail server may contain any bytes, but MySQL accepts only UTF-8.
	cause = strings.ReplaceAll(strings.ToValidUTF8(cause, "\uFFFD"), "\x00", "\uFFFD")
	const longest = 500
	if runes := []rune(cause); len(runes) > longest {
		cause = string(runes[:longest])
	}
	return next, explained("put a mail off", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET state = ?, due_at = ?, lease_owner = '', lease_until = NULL, last_error = ? WHERE id = ? AND lease_owner = ?",
			state, due, cause, o.ID, o.owner).Error
	}))
}

// Release ends all leases of owner, so that another worker need not wait for them.
// The attempts still count.
func (m *Mail) Release(ctx context.Context, owner string) error {
	return explained("release the mails", m.db.Again(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET lease_owner = '', lease_until = NULL WHERE lease_owner = ? AND state = ?", owner, mailQueued).Error
	}))
}

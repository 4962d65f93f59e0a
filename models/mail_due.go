package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/latchkey-media/latchkey/internal/database"
)

// duePage is the smallest number of due mails that one statement reads from the queue, and the
// largest number of mails that are kept for later.
const duePage = 100

// dueMails returns mails that are due and not leased, in the order in which they are sent:
// first the mails that were never tried, then the others. In each group, the mail that has
// been due longest is the first.
func (m *Mail) dueMails(ctx context.Context, c Claims) ([]Owed, error) {
	first, err := m.dueOf(ctx, "attempts = 0", c)
	if err != nil {
		return nil, err
	}
	again, err := m.dueOf(ctx, "attempts > 0", c)
	return append(first, again...), err
}

// dueOf returns due mails that fulfil a condition. If the queue has enough of them, c.Most of the
// mails may be sent at once. dueOf does not stop at mails to a domain that has no free place, so
// that these do not hold up mails to other domains. It returns up to [duePage] of these, too.
func (m *Mail) dueOf(ctx context.Context, condition string, c Claims) (all []Owed, err error) {
	now, page := m.Now(), max(c.Most, duePage)
	for skip := 0; ; skip += page {
		rows, err := database.G[outboxRow](m.read(ctx)).
			Where("state = ? AND "+condition+" AND due_at <= ? AND lease_until IS NULL", mailQueued, now).
			Order("due_at, id").Limit(page).Offset(skip).Find(ctx)
		if err != nil {
			return nil, err
		}
		domains, err := m.domains(ctx, rows)
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			all = append(all, Owed{ID: row.ID, Kind: row.Kind, Attempts: row.Attempts, Domain: domains[i], row: row})
		}
		fit, left := choose(all, c)
		all = append(fit, left[:min(len(left), duePage)]...)
		if len(fit) == c.Most || len(rows) < page {
			return all, nil
		}
	}
}

// choose divides mails into mails for which there is room now, and mails that have to wait. Mails
// that were tried before come after the others, except for the first c.Retries of them, which
// come first.
func choose(mails []Owed, c Claims) (fit, left []Owed) {
	rooms, taken := map[string]int{}, make([]bool, len(mails))
	take := func(most int, again bool) {
		for i, owed := range mails {
			if len(fit) < most && !taken[i] && (!again || owed.Attempts > 0) && fits(rooms, owed.Domain, c.Room) {
				taken[i] = true
				fit = append(fit, owed)
			}
		}
	}
	take(min(c.Most, c.Retries), true)
	take(c.Most, false)
	for i, owed := range mails {
		if !taken[i] {
			left = append(left, owed)
		}
	}
	return fit, left
}

// fits reports whether a domain has room for one more mail, and counts the mail. The map
// left holds the room that is left at each domain that was seen before.
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
	accounts, err := database.G[accountRow](m.read(ctx)).Select("id", "email_key").Where("id IN ?", ids).Find(ctx)
	for _, account := range accounts {
		addresses[account.ID] = account.EmailKey
	}
	return addresses, err
}

// namedIn finds the account of a password reset by the username or address that a person
// typed, and returns an empty row if there is no such account. Such a mail has no account
// id, so that the outbox holds the same whether or not the account exists.
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

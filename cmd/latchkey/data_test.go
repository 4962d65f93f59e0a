package main

import (
	"testing"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// data reads the program's database directly.
type data struct {
	*database.DB
	address string
}

// look opens a database that a program has already brought up to date.
func look(t *testing.T, address string) *data {
	t.Helper()
	db, err := database.Open(address, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &data{db, address}
}

// count runs a query for one number.
func (d *data) count(t *testing.T, query string) int {
	t.Helper()
	n := 0
	if err := d.SQL.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v, want no error", query, err)
	}
	return n
}

// owed reports for each username whether a mail to that account is in the outbox.
func (d *data) owed(t *testing.T) map[string]bool {
	t.Helper()
	rows, err := d.SQL.QueryContext(t.Context(), "SELECT username, (SELECT COUNT(*) FROM outbox o WHERE o.account_id = a.id) FROM accounts a")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	owed := map[string]bool{}
	for rows.Next() {
		var name string
		var mails int
		if err := rows.Scan(&name, &mails); err != nil {
			t.Fatal(err)
		}
		owed[name] = mails > 0
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return owed
}

// usernames returns the usernames of all accounts.
func (d *data) usernames(t *testing.T) map[string]bool {
	t.Helper()
	names := d.owed(t)
	for name := range names {
		names[name] = true
	}
	return names
}

// deliverAll waits until the running program has sent all mails. Before that, it makes due the
// mails that were put off or that a dead process has leased.
func (d *data) deliverAll(t *testing.T) {
	t.Helper()
	store := d.store(t)
	mails, err := store.Mail.List(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if err := store.Mail.Retry(t.Context(), m.ID); err != nil && models.KindOf(err) != models.KindNotFound {
			t.Fatal(err)
		}
	}
	within(t, patience, "all mails sent", func() bool { return d.count(t, "SELECT COUNT(*) FROM outbox") == 0 })
}

// store returns a Store on the program's database.
func (d *data) store(t *testing.T) *models.Store {
	t.Helper()
	return modelstest.Open(t, d.address, modelstest.NewClock(), modelstest.RealTime)
}

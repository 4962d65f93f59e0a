package models_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// listGuard watches a store for a forgotten [core.renewList]: no version of an account's list
// of servers may ever stand for two different lists. It looks at all lists, over a connection
// of its own, before each transaction that writes something from which lists are made, and at
// the end of the test. So it sees the lists after every operation of every test.
type listGuard struct {
	t     *testing.T
	store *models.Store
	db    *database.DB

	mu     sync.Mutex
	seen   map[listKey]string
	within gorm.ConnPool // the transaction before which it has looked last
	off    bool
}

type listKey struct{ account, version int64 }

// guards holds the guard of each store.
var guards sync.Map

// guardLists sets a guard on a store.
func guardLists(t *testing.T, store *models.Store) {
	t.Helper()
	db, err := database.Open(models.AddressOf(store), 1)
	if err != nil {
		t.Fatal(err)
	}
	g := &listGuard{t: t, store: store, db: db, seen: map[listKey]string{}}
	guards.Store(store, g)
	t.Cleanup(func() {
		guards.Delete(store)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.look()
		_ = db.Close()
	})
	callbacks := models.DatabaseOf(store).Gorm.Callback()
	err = errors.Join(
		callbacks.Raw().Before("gorm:raw").Register("guard lists", g.before), callbacks.Update().Before("gorm:update").Register("guard lists", g.before),
		callbacks.Create().Before("gorm:create").Register("guard lists", g.before),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// listTables are the tables that lists are made from.
var listTables = []string{"links", "servers", "server_addresses", "server_lists"}

// writesLists reports whether a statement names one of the listTables.
func writesLists(statement string) bool {
	for _, table := range listTables {
		if strings.Contains(statement, " "+table+" ") {
			return true
		}
	}
	return false
}

// before reads all lists before the first statement of a transaction that changes one of
// the listTables.
func (g *listGuard) before(db *gorm.DB) {
	if !writesLists(db.Statement.SQL.String() + " " + db.Statement.Table + " ") {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.within == db.Statement.ConnPool {
		return
	}
	g.within = db.Statement.ConnPool
	g.look()
}

// distrust stops the guard, because the test changes rows directly, without the rules of
// the Store.
func (k *kit) distrust() {
	if g, ok := guards.Load(k.Store); ok {
		g := g.(*listGuard)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.look()
		g.off = true
	}
}

// guarded is the statement that reads the lists of all accounts, with everything that
// programs are told.
const guarded = `SELECT a.id, v.version, v.ends_at, l.ends_at, s.id, l.id, l.type, l.access_key, s.system_id, s.name, s.own_name, s.kind, s.version, s.device_keys,
 d.kind, d.scheme, d.host, d.port, d.path
FROM accounts a JOIN server_lists v ON v.account_id = a.id
LEFT JOIN links l ON l.account_id = a.id AND l.state = 'accepted'
LEFT JOIN servers s ON s.id = l.server_id AND s.disabled_at IS NULL
LEFT JOIN server_addresses d ON d.server_id = s.id AND d.hidden = ?
ORDER BY a.id, l.id, d.position, d.id`

// look compares all lists with the lists that it has seen before. Its caller holds mu.
func (g *listGuard) look() {
	if g.off {
		return
	}
	now := g.store.Now()
	rows, err := g.db.SQL.QueryContext(context.Background(), guarded, false)
	if err != nil {
		g.t.Errorf("the guard of the lists got error %v, want none", err)
		g.off = true
		return
	}
	defer func() { _ = rows.Close() }()
	lists := map[listKey]string{}
	for rows.Next() {
		var key listKey
		var listEnds, linkEnds sql.NullTime
		var server sql.NullInt64
		fields := make([]sql.NullString, 14)
		into := []any{&key.account, &key.version, &listEnds, &linkEnds, &server}
		for i := range fields {
			into = append(into, &fields[i])
		}
		if err := rows.Scan(into...); err != nil {
			g.t.Errorf("the guard of the lists got error %v, want none", err)
			return
		}
		if linkEnds.Valid && (!listEnds.Valid || listEnds.Time.After(linkEnds.Time)) {
			g.t.Errorf("a link of account %d ends at %v and its list at %v, want the list not to end later", key.account, linkEnds.Time, listEnds)
		}
		if listEnds.Valid && !listEnds.Time.After(now) {
			continue // the version says nothing
		}
		if lists[key] += ""; server.Valid {
			lists[key] += fmt.Sprintf("%d %v\n", server.Int64, fields)
		}
	}
	if err := rows.Err(); err != nil {
		g.t.Errorf("the guard of the lists got error %v, want none", err)
	}
	for key, list := range lists {
		before, known := g.seen[key]
		if known && before != list {
			g.t.Errorf("the list of account %d has changed and kept its version:\n%s->\n%s", key.account, before, list)
		}
		g.seen[key] = list
	}
}

// The guard notices a list that changes without a new version, and a list from which a link
// disappears at another time than the version of the list says.
func TestGuardOfListsNotices(t *testing.T) {
	eachServer(t, func(k *kit) {
		a := k.account()
		m := k.server(k.account())
		k.link(m, a)
		for what, statement := range map[string]string{
			"a new name": "UPDATE servers SET name = 'other' WHERE id = ?", "a link that ends": "UPDATE links SET ends_at = '2036-01-01 00:00:00' WHERE server_id = ?",
		} {
			failed := &testing.T{}
			g := &listGuard{t: failed, store: k.Store, seen: map[listKey]string{}, db: models.DatabaseOf(k.Store)}
			g.look()
			if failed.Failed() {
				k.t.Fatalf("%s: the guard fails before the change, want no failure", what)
			}
			k.exec(statement, m.ID)
			if g.look(); !failed.Failed() {
				k.t.Errorf("%s: the guard has not noticed it, want a failure", what)
			}
			k.exec("UPDATE links SET ends_at = NULL WHERE server_id = ?", m.ID)
		}
	})
}

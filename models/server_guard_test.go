package models_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// A dump of everything, without the secret key, must not hold what opens a door:
// no session, server key, access key, claim code or device code.
func TestDumpOpensNothing(t *testing.T) {
	eachConnect(t, func(k *kit) {
		ctx, person, owner := k.t.Context(), k.old(), k.account()
		phone, err := k.trySignIn(person.Username, md5Password)
		k.must(err)
		m := k.server(owner)
		k.link(m, person)
		rotated, err := k.ServerKeys.Rotate(ctx, owner.ID, m.ID, home)
		k.must(err)
		claim, api, emby := k.claimCode(owner), k.beginAPI("dev"), k.begin("dev-1")
		k.must(k.Devices.Approve(ctx, phone.Session, emby, home))
		secrets := map[string]string{
			"session": phone.Token, "server key": m.key, "rotated server key": rotated, "access key": serversKey, "claim code": claim,
			"user code": api.UserCode, "device code": api.DeviceCode, "approved user code": emby,
			"MD5": models.PlainMD5(md5Password), "filtered MD5": models.FilteredMD5(md5Password),
		}
		dump := k.dump()
		if !strings.Contains(dump, den.SystemID) || !strings.Contains(dump, "dev-1") {
			k.t.Fatal("the dump does not hold what is stored")
		}
		for what, text := range secrets {
			short := strings.ReplaceAll(text, "-", "")
			sum := secret.Sum(short)
			for _, form := range []string{text, short, hex.EncodeToString([]byte(text))} {
				if strings.Contains(strings.ToLower(dump), strings.ToLower(form)) {
					k.t.Errorf("the dump holds the %s", what)
				}
			}
			// What can be guessed must not be found by an unkeyed hash either.
			if len(short) <= 32 && strings.Contains(dump, string(sum[:])) {
				k.t.Errorf("the dump holds the bare hash of the %s", what)
			}
		}
		// Another key opens nothing of it.
		other, err := secret.NewKeys(strings.Repeat("another key ", 4), "")
		k.must(err)
		row := k.sqlRows("SELECT id, access_key FROM links")[0]
		if _, err := other.Open("access key", row[0], row[1]); err == nil {
			k.t.Error("another secret key opens an access key")
		}
		mine, err := secret.NewKeys(modelstest.Key, "")
		k.must(err)
		if text, err := mine.Open("access key", row[0], row[1]); err != nil || text != serversKey {
			k.t.Errorf("the secret key opens %q, %v", text, err)
		}
	}, withMD5)
}

// dump is every value of every table.
func (k *kit) dump() string {
	k.t.Helper()
	tables := "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	}
	var all bytes.Buffer
	for _, table := range k.sqlRows(tables) {
		for _, row := range k.sqlRows("SELECT * FROM " + table[0]) {
			fmt.Fprintln(&all, strings.Join(row, "\n"))
		}
	}
	return all.String()
}

// What every call of a server, every list of servers and every poll of a device
// asks must be found by an index, whatever the tables hold.
func TestConnectStatementsUseIndexes(t *testing.T) {
	eachConnect(t, func(k *kit) {
		owner := k.account()
		for range 3 {
			m := k.server(owner)
			for range 3 {
				k.linked(m)
			}
			k.begin("dev")
			k.beginAPI("dev")
			k.claimCode(owner)
		}
		k.grow()
		mac, now := secret.Sum("x"), k.Now()
		for what, c := range map[string]struct {
			statement string
			args      []any
		}{
			"look up a server":    {models.LookServer, []any{mac, now}},
			"locate":              {models.Locate, []any{false, owner.ID, models.LinkAccepted, now}},
			"count invitations":   {models.CountWaiting, []any{owner.ID, models.LinkPending, now}},
			"links of a person":   {models.ListLinks, []any{owner.ID, models.LinkAccepted, now}},
			"key that claims":     {"SELECT s.id FROM server_keys k JOIN servers s ON s.id = k.server_id WHERE k.hash = ?", []any{mac}},
			"codes of a device":   {"SELECT id FROM device_codes WHERE device_id = ? AND door = ? AND expires_at > ?", []any{"dev", "emby", now.Add(time.Hour)}},
			"links of a server":   {models.Authorizations + " ORDER BY l.id", []any{int64(1)}},
			"code that was typed": {"SELECT * FROM device_codes WHERE user_code_mac = ? AND state = ? AND expires_at > ?", []any{mac, "waiting", now}},
			"code of a device":    {"SELECT * FROM device_codes WHERE device_mac = ? AND expires_at > ?", []any{mac, now}},
			"codes of an account": {"SELECT * FROM device_codes WHERE account_id = ?", []any{owner.ID}},
			"earlier of a device": {
				"SELECT * FROM sessions WHERE account_id = ? AND kind = ? AND client = ? AND device_id = ? AND address = ?",
				[]any{owner.ID, models.SessionDevice, "x", "x", "x"},
			},
			"servers of an owner": {"SELECT * FROM servers WHERE owner_id = ?", []any{owner.ID}},
			"claim code":          {"SELECT * FROM claim_codes WHERE code_mac = ?", []any{mac}},
			"link of a pair":      {"SELECT * FROM links WHERE server_id = ? AND account_id = ?", []any{int64(1), owner.ID}},
		} {
			if bad := k.tableScans(c.statement, c.args...); len(bad) > 0 {
				k.t.Errorf("%s reads a whole table: %v", what, bad)
			}
		}
		if bad := k.tableScans("SELECT * FROM device_codes WHERE state = ?", "waiting"); len(bad) == 0 {
			k.t.Error("this test sees no scan where there is one")
		}
	})
}

// grow copies rows until an index is worth it: for a handful of rows planners
// rightly read all of them.
func (k *kit) grow() {
	k.t.Helper()
	for i := range 8 {
		by := int64(1_000_000_007) << i
		k.sqlRun(`INSERT INTO servers (id, system_id, owner_id, name, own_name, kind, version, key_version, created_at, last_seen_at)
SELECT id + ?, system_id, owner_id + ?, name, own_name, kind, version, key_version, created_at, last_seen_at FROM servers`, by, by)
		k.sqlRun(`INSERT INTO server_addresses (id, server_id, kind, scheme, host, port, position, hidden, by_owner, reported_at)
SELECT id + ?, server_id + ?, kind, scheme, host, port, position, hidden, by_owner, reported_at FROM server_addresses`, by, by)
		k.sqlRun(`INSERT INTO links (id, server_id, account_id, type, state, access_key, requested_by, created_at)
SELECT id + ?, server_id + ?, account_id + ?, type, state, access_key, requested_by, created_at FROM links`, by, by, by)
	}
	if models.DatabaseOf(k.Store).Dialect != database.SQLite {
		_ = k.sqlRows("ANALYZE TABLE servers, server_addresses, links, device_codes, claim_codes, sessions")
	}
}

// tableScans are the steps of a statement's plan that use no index.
func (k *kit) tableScans(statement string, args ...any) []string {
	k.t.Helper()
	var bad []string
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		for _, row := range k.sqlRows("EXPLAIN QUERY PLAN "+statement, values(args)...) {
			if strings.HasPrefix(row[3], "SCAN") {
				bad = append(bad, row[3])
			}
		}
		return bad
	}
	for _, row := range k.sqlRows("EXPLAIN "+statement, values(args)...) {
		// id, select_type, table, type, possible_keys, key; a row that cannot be
		// there is found by its index before the plan is made.
		if strings.Contains(strings.Join(row, " "), "Impossible WHERE noticed after reading const tables") || strings.Contains(strings.Join(row, " "), "no matching row") {
			continue
		}
		if row[3] == "ALL" || row[3] == "index" {
			bad = append(bad, strings.Join(row, " "))
		}
	}
	return bad
}

func values(args []any) []any {
	out := slices.Clone(args)
	for i, arg := range out {
		if v, ok := arg.(driver.Valuer); ok {
			out[i], _ = v.Value()
		}
	}
	return out
}

// While the secret key is changed, access keys move to the new one; then the old
// key may be forgotten.
func TestAccessKeysFollowTheSecretKey(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, name string) {
		clock := modelstest.NewClock()
		const newKey = "another secret key that only tests may use"
		open := func(current, previous string) *kit {
			store := modelstest.Open(t, name, clock, modelstest.Loose, looseConnect, func(o *models.Options) {
				keys, err := secret.NewKeys(current, previous)
				if err != nil {
					t.Fatal(err)
				}
				o.Keys = keys
			})
			models.Impatient(store)
			return &kit{store, t, clock}
		}
		k := open(modelstest.Key, "")
		m, person := k.server(k.account()), k.account()
		k.link(m, person)
		for _, keys := range [][2]string{{newKey, modelstest.Key}, {newKey, ""}} {
			k = open(keys[0], keys[1])
			if got := k.located(person, models.LinkAccepted); len(got) != 1 || got[0].AccessKey != serversKey {
				t.Errorf("located %+v", got)
			}
			if _, err := k.ServerKeys.Look(context.Background(), m.key); err != nil {
				t.Errorf("the server's key: %v", err)
			}
		}
	})
}

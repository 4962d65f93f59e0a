package models_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// statement is a statement that a store sent to its database.
type statement struct {
	text string
	args []any
}

// listener records the statements that a store sends, through GORM or as prepared statements, with
// their real values: an engine has to plan for the real hashes, not for the names that a log shows
// instead of them.
type listener struct {
	mu   sync.Mutex
	said []statement
}

// listen starts to record the statements of k's store, as [models.Store.Observe] tells them.
func (k *kit) listen() *listener {
	k.t.Helper()
	l := &listener{}
	k.must(k.Observe(func(text string, args []any) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.said = append(l.said, statement{text, slices.Clone(args)})
	}))
	return l
}

// take returns the statements since the last call, without plain inserts.
func (l *listener) take() []statement {
	return slices.DeleteFunc(l.takeAll(), func(s statement) bool { return strings.HasPrefix(s.text, "INSERT") })
}

// takeAll returns the statements since the last call.
func (l *listener) takeAll() []statement {
	l.mu.Lock()
	defer l.mu.Unlock()
	said := l.said
	l.said = nil
	return said
}

// keep returns the statements since the last call of take, and leaves them for the next
// call.
func (l *listener) keep() []statement {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said)
}

// skipOtherPlans skips a test of plans on servers where plans say nothing. On a cluster each node has
// statistics of its own: a node that has not counted the rows of a table yet takes it for small, and
// reads it whole.
func (k *kit) skipOtherPlans() {
	k.t.Helper()
	db := models.DatabaseOf(k.Store).SQL
	modelstest.SkipOnTiDB(k.t, db, "TiDB explains statements in another form")
	modelstest.SkipOnCluster(k.t, db, "each node of a cluster plans by statistics of its own")
}

// plan returns how the engine would run a statement, with a line for each table that it
// reads. It also reports whether one of these tables is read from one end to the other.
func (k *kit) plan(s statement) (lines []string, scans bool) {
	k.t.Helper()
	sqlite := models.DatabaseOf(k.Store).Dialect == database.SQLite
	explain := "EXPLAIN "
	if sqlite {
		explain = "EXPLAIN QUERY PLAN "
	} else {
		k.skipOtherPlans()
	}
	rows, err := models.DatabaseOf(k.Store).SQL.QueryContext(k.t.Context(), explain+s.text, s.args...)
	k.must(err)
	defer func() { k.must(rows.Close()) }()
	names, err := rows.Columns()
	k.must(err)
	for rows.Next() {
		values := make(record, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		k.must(rows.Scan(into...))
		column := func(name string) string { return values.text(slices.Index(names, name)) }
		if sqlite {
			line := column("detail")
			lines = append(lines, line)
			scans = scans || strings.HasPrefix(line, "SCAN ") && line != "SCAN CONSTANT ROW"
			continue
		}
		line := fmt.Sprintf("%s %s USING INDEX %s; %s", column("type"), column("table"), column("key"), column("Extra"))
		lines = append(lines, line)
		stored := !strings.HasPrefix(column("table"), "<union") // a real table, not an intermediate result
		scans = scans || stored && (column("type") == "ALL" || column("type") == "index")
	}
	k.must(rows.Err())
	return lines, scans
}

// crowd writes the rows of a service with n people, and updates the engine's statistics:
// which index it uses depends on how many different values a column has.
func (k *kit) crowd(n int) {
	k.t.Helper()
	now := k.clock.Now()
	later, before := now.Add(24*time.Hour), now.Add(-24*time.Hour)
	hash := func(of string, i int) secret.Hash { return sha256.Sum256(fmt.Appendf(nil, "%s %d", of, i)) }
	states := []string{"waiting", "made", "replaced", "undone"}
	purposes := []string{"confirm", "pending", "reset", "pin_reset", "email_change", "email_undo", "not_me"}
	k.insert("accounts", "id, username, username_key, display_name, email, email_key, password_hash, password_version, password_changed_at, "+
		"pin_hash, locale, created_at, confirmed_at", n, func(i int) []any {
		name := fmt.Sprintf("filler%d", i)
		return []any{i, name, name, name, addressOf(name), addressOf(name), "", 1, before, "", "en", before, tenth(i, nil, before)}
	})
	k.insert("emails", "email_key, account_id, held_until", n, func(i int) []any {
		return []any{addressOf(fmt.Sprintf("filler%d", i)), i, tenth(i, later, nil)}
	})
	k.insert("email_changes", "id, account_id, old_email, old_email_key, new_email, new_email_key, state, created_at, expires_at", n, func(i int) []any {
		return []any{i, i, "a", "a", "b", "b", states[i%len(states)], before, later}
	})
	k.insert("sessions", "id, token_hash, account_id, kind, device, icon, address, created_at, last_seen_at, confirmed_at, expires_at", n, func(i int) []any {
		return []any{i, hash("session", i), i, "browser", "device", "tv", "192.0.2.1", before, before, before, later}
	})
	k.insert("tokens", "hash, purpose, account_id, subject_id, password_version, created_at, expires_at", n, func(i int) []any {
		return []any{hash("token", i), purposes[i%len(purposes)], i, i, 1, before, later}
	})
	k.insert("outbox", "id, kind, account_id, recipient, locale, facts, subject_id, salt, key_id, state, attempts, due_at, lease_owner, last_error, "+
		"created_at, expires_at", n, func(i int) []any {
		return []any{i, "test", i, "a@example.org", "en", "{}", i, hash("salt", i), "key", tenth(i, "dead", "queued"), 3, later.Add(24 * time.Hour), "", "", before, later}
	})
	k.insert("throttle", "throttle_key, hits, window_ends, open_at", n, func(i int) []any { return []any{hash("throttle", i), 1, later.UnixMilli(), 0} })
	k.insert("spent_marks", "mark, expires_at", n, func(i int) []any { return []any{hash("mark", i), later} })
	k.insert("history", "id, account_id, kind, address, device, created_at", n, func(i int) []any {
		return []any{i, i % (n / 10), "signed_in", "192.0.2.1", "device", before}
	})
	k.crowdServers(n)
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		k.exec("ANALYZE")
		return
	}
	for _, table := range ours(k.tables()) {
		k.exec("ANALYZE TABLE " + table)
	}
}

// crowdServers writes the rows of n servers with an address, a key, a link and a device code
// each.
func (k *kit) crowdServers(n int) {
	k.t.Helper()
	now := k.clock.Now()
	hash := func(of string, i int) secret.Hash { return sha256.Sum256(fmt.Appendf(nil, "%s %d", of, i)) }
	k.insert("servers", "id, system_id, owner_id, name, own_name, kind, version, key_version, created_at, last_seen_at", n, func(i int) []any {
		return []any{i, fmt.Sprint("system", i), i, "name", "", "emby", "1", 1, now, now}
	})
	k.insert("server_addresses", "id, server_id, kind, scheme, host, port, position, hidden, by_owner, reported_at", n, func(i int) []any {
		return []any{i, i, "wan", "https", "media.example.org", 443, 1, false, false, now}
	})
	k.insert("server_keys", "hash, server_id, created_at", n, func(i int) []any { return []any{hash("key", i), i, now} })
	k.insert("server_lists", "account_id, version", n, func(i int) []any { return []any{i, i} })
	k.insert("links", "id, server_id, account_id, type, state, access_key, requested_by, created_at", n, func(i int) []any {
		return []any{i, i, i, "linked", tenth(i, "pending", "accepted"), "", "", now}
	})
	k.insert("device_codes", "id, user_code_mac, device_mac, device_id, client, device, address, door, state, account_id, password_version, poll_every, "+
		"next_poll, created_at, expires_at", n, func(i int) []any {
		return []any{i, hash("code", i), hash("device", i), fmt.Sprint("dev", i), "", "", "", "emby", "waiting", 0, 0, 5000, 0, now, now}
	})
}

// tenth returns the value one for every tenth row, and the value others for all other rows.
func tenth(i int, one, others any) any {
	if i%10 == 0 {
		return one
	}
	return others
}

// insert writes rows 1 to n of a table.
func (k *kit) insert(table, columns string, n int, row func(i int) []any) {
	k.t.Helper()
	const atOnce = 500
	for from := 1; from <= n; from += atOnce {
		var values []string
		var args []any
		for i := from; i < min(from+atOnce, n+1); i++ {
			r := row(i)
			values = append(values, "(?"+strings.Repeat(", ?", len(r)-1)+")")
			args = append(args, r...)
		}
		k.exec("INSERT INTO "+table+" ("+columns+") VALUES "+strings.Join(values, ", "), args...)
	}
}

// Both engines run the most frequent statements, on tables of some size, with the index
// that was made for each.
func TestFrequentStatementsUseTheirIndexes(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		session, reset := k.signIn(a), k.resetSecret(a)
		owner := k.account()
		m, code := k.server(owner), k.begin("dev")
		k.link(m, a)
		asked := k.ask(k.server(owner), a)
		k.crowd(2500)
		said := k.listen()
		visit := func() error { _, err := k.Sessions.LookVisitor(ctx, session.Token); return err }
		locate := func() error { _, _, err := k.Links.LocateTagged(ctx, session.Session); return err }
		for _, door := range []struct {
			name  string
			open  func() error
			wants map[database.Dialect]string // the index that at least one statement must use
		}{
			{"look up a session", func() error { _, err := k.Sessions.Look(ctx, session.Token); return err }, both("sessions_token_hash")},
			{"look up a visitor", visit, both("sessions_token_hash")},
			{"count the links of a visitor", visit, covering("l", "links_list", "Using where; Using index")},
			{"look up a user", func() error { _, err := k.Sessions.LookUser(ctx, session.Token); return err }, both("sessions_token_hash")},
			{"look up an own account", func() error { _, err := k.Sessions.LookOwnAccount(ctx, session.Token); return err }, both("sessions_token_hash")},
			{"locate the links of servers", locate, covering("l", "links_list", "Using where; Using index")},
			{"locate the addresses of servers", locate, covering("a", "server_addresses_list", "Using index")},
			{
				"look up a tag", func() error { _, _, err := k.Sessions.LookTag(ctx, session.Token); return err },
				map[database.Dialect]string{database.SQLite: "v USING INTEGER PRIMARY KEY", database.MySQL: "v USING INDEX PRIMARY"},
			},
			{"list one's own servers", func() error { _, err := k.Servers.Mine(ctx, owner.ID); return err }, both("servers_owner_id")},
			{
				"renew the lists of a server", func() error { return k.rename(owner, m) },
				map[database.Dialect]string{database.SQLite: "links_states", database.MySQL: "links_local_user_id"},
			},
			{"renew a list", func() error { return k.Links.Accept(ctx, a.ID, asked.ID, home) }, both("links_list")},
			{"check an access key", func() error { return k.exchangeRefused(m, a.ID) }, both("links_account_id")},
			{"poll a device code", func() error { _, err := k.Devices.EmbyPoll(ctx, "dev", code); return err }, both("device_codes_device_mac")},
			{
				"look up a server key", func() error { _, err := k.ServerKeys.Look(ctx, m.key); return err },
				map[database.Dialect]string{database.SQLite: "k USING INDEX sqlite_autoindex_server_keys_1", database.MySQL: "k USING INDEX PRIMARY"},
			},
			{"find a change of address", func() error { _, err := k.Sessions.LookOwnAccount(ctx, session.Token); return err }, both("email_changes_account_id")},
			{
				"look up a token", func() error { _, err := k.Recovery.Look(ctx, reset); return err },
				map[database.Dialect]string{database.SQLite: "tokens USING INDEX sqlite_autoindex_tokens_1", database.MySQL: "tokens USING INDEX PRIMARY"},
			},
			{"find an account by username", func() error { return signInFails(k, a.Username) }, both("accounts_username_key")},
			{"find an account by address", func() error { return signInFails(k, a.Email) }, both("emails_email_key")},
			{"find due mails", func() error { _, err := k.Mail.Claim(ctx, "worker", 10); return err }, both("outbox_due")},
			{"list the history", func() error { _, err := k.History.List(ctx, a.ID, 50); return err }, both("history_account_id")},
			{"list the sessions", func() error { return k.pagesOf(a.ID) }, both("sessions_account_id")},
			{"count the sessions", func() error { _, err := k.Sessions.Count(ctx, a.ID); return err }, both("sessions_account_id")},
			{"take an address", func() error { return k.confirmOne() }, both("emails_email_key")},
		} {
			k.must(door.open())
			k.checkPlans(door.name, said.take(), door.wants[models.DatabaseOf(k.Store).Dialect])
		}
	})
}

// rename gives a server of an owner a new name.
func (k *kit) rename(owner models.Account, m media) error {
	name := newName()
	return k.Servers.Change(k.t.Context(), owner.ID, m.ID, models.ServerChange{OwnName: &name})
}

// exchangeRefused checks an access key that does not exist.
func (k *kit) exchangeRefused(m media, accountID int64) error {
	k.t.Helper()
	_, err := k.Agents.Check(k.t.Context(), m.Server, models.ShownKey{Hash: secret.Sum("no access key"), AccountID: accountID})
	k.is(err, models.ErrAccessKeyWrong)
	return nil
}

// confirmOne signs up and confirms the address.
func (k *kit) confirmOne() error {
	k.t.Helper()
	name := newName()
	k.signUp(name)
	return k.Emails.Confirm(k.t.Context(), k.letter(models.MailConfirm, addressOf(name)).Secret, home)
}

func both(index string) map[database.Dialect]string {
	return map[database.Dialect]string{database.SQLite: index, database.MySQL: index}
}

// covering returns what a plan says when the engine reads a table's index and not the table.
// extra is the text that MySQL shows in its column Extra.
func covering(table, index, extra string) map[database.Dialect]string {
	return map[database.Dialect]string{
		database.SQLite: table + " USING COVERING INDEX " + index,
		database.MySQL:  "ref " + table + " USING INDEX " + index + "; " + extra,
	}
}

func signInFails(k *kit, name string) error {
	_, err := k.trySignIn(name, "not the password")
	k.is(err, models.ErrSignInWrong)
	return nil
}

// checkPlans checks how the engine would run the statements of an operation; at least one
// of them must use the index wants.
func (k *kit) checkPlans(door string, said []statement, wants string) {
	k.t.Helper()
	if len(said) == 0 {
		k.t.Errorf("%s: recorded no statement, want at least one", door)
	}
	used := false
	var all []string
	for _, s := range said {
		lines, scans := k.plan(s)
		plan := strings.Join(lines, "\n\t\t")
		all = append(all, plan)
		if scans {
			k.t.Errorf("%s reads a whole table, want an index:\n\t%s\n\t\t%s", door, s.text, plan)
		}
		used = used || strings.Contains(plan, wants)
	}
	if !used {
		k.t.Errorf("%s does not use %s:\n\t\t%s", door, wants, strings.Join(all, "\n\t\t"))
	}
}

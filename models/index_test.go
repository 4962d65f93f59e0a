package models_test

import (
	"database/sql/driver"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// Every call of a server, every list of servers and every poll of a device finds its rows
// by an index, however large the tables are.
func TestServerStatementsUseIndexes(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		for range 3 {
			m := k.server(owner)
			for range 3 {
				k.linked(m)
			}
			k.begin("dev")
			k.beginAPI("dev")
			k.claimCode(owner)
			k.exec("INSERT INTO invite_servers (invite_id, server_id) VALUES (?, ?)", m.ID, m.ID)
		}
		k.grow()
		mac, now := secret.Sum("x"), k.Now()
		for what, c := range map[string]struct {
			statement string
			args      []any
		}{
			"look up a server":    {models.LookServer, []any{mac}},
			"locate":              {models.Locate, []any{false, owner.ID, models.LinkAccepted, now, now}},
			"count invitations":   {models.CountWaiting, []any{owner.ID, models.LinkPending, now}},
			"links of a person":   {models.ListLinks, []any{true, false, owner.ID, models.LinkAccepted, now}},
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
			"servers of an owner":    {models.OwnServers, []any{models.LinkAccepted, now, models.LinkPending, now, owner.ID}},
			"reminders that are due": {models.DueReminders, []any{now.AddDate(-1, 0, 0), 100}},
			"pauses that are over":   {models.DuePauses, []any{now.AddDate(-1, 0, 0), 100}},
			"what waits there": {
				models.OwnWaiting,
				[]any{models.LinkAccepted, now, models.LinkPending, now, models.InvitePending, now, now, models.LinkAccepted, now, true, models.LinkAccepted, now, owner.ID, int64(0), 20},
			},
			"claim code":     {"SELECT * FROM claim_codes WHERE code_mac = ?", []any{mac}},
			"link of a pair": {"SELECT * FROM links WHERE server_id = ? AND account_id = ?", []any{int64(1), owner.ID}},
		} {
			if bad := k.tableScans(c.statement, c.args...); len(bad) > 0 {
				k.t.Errorf("%s: the steps %v read a whole table, want an index", what, bad)
			}
		}
		if bad := k.tableScans("SELECT * FROM device_codes WHERE state = ?", "waiting"); len(bad) == 0 {
			k.t.Error("the test does not notice a scan of a table, want it noticed")
		}
	})
}

// grow copies rows until an index is worth using: for a table of a few rows, engines
// rightly read the whole table.
func (k *kit) grow() {
	k.t.Helper()
	for i := range 8 {
		by := int64(1_000_000_007) << i
		k.exec(`INSERT INTO servers (id, system_id, owner_id, name, own_name, kind, version, key_version, created_at, last_seen_at)
SELECT id + ?, system_id, owner_id + ?, name, own_name, kind, version, key_version, created_at, last_seen_at FROM servers`, by, by)
		k.exec(`INSERT INTO server_addresses (id, server_id, kind, scheme, host, port, position, hidden, by_owner, reported_at, path)
SELECT id + ?, server_id + ?, kind, scheme, host, port, position, hidden, by_owner, reported_at, path FROM server_addresses`, by, by)
		k.exec(`INSERT INTO links (id, server_id, account_id, type, state, access_key, requested_by, created_at)
SELECT id + ?, server_id + ?, account_id + ?, type, state, access_key, requested_by, created_at FROM links`, by, by, by)
		k.exec("INSERT INTO invite_servers (invite_id, server_id) SELECT invite_id + ?, server_id + ? FROM invite_servers", by, by)
	}
	if models.DatabaseOf(k.Store).Dialect != database.SQLite {
		_ = k.texts("ANALYZE TABLE servers, server_addresses, links, invite_servers, device_codes, claim_codes, sessions")
	}
}

// tableScans returns the steps of a statement's plan that use no index.
func (k *kit) tableScans(statement string, args ...any) []string {
	k.t.Helper()
	var bad []string
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		for _, row := range k.texts("EXPLAIN QUERY PLAN "+statement, values(args)...) {
			if strings.HasPrefix(row[3], "SCAN") {
				bad = append(bad, row[3])
			}
		}
		return bad
	}
	for _, row := range k.texts("EXPLAIN "+statement, values(args)...) {
		// The columns are id, select_type, table, type, possible_keys and key. If no row can
		// match, MySQL finds that out by the index before it makes the plan.
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

// The statements of people, agents and sweeps on invites, changes and proofs find their
// rows by an index, however large the tables are.
func TestInviteStatementsUseIndexes(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		k.fill(400)
		for _, statement := range []string{ // most rows have not expired
			"UPDATE local_users SET gone_at = NULL", "UPDATE libraries SET gone_at = NULL", "UPDATE links SET libraries = NULL", "UPDATE invites SET expires_at = '2199-01-01 00:00:00'",
			"UPDATE link_changes SET created_at = '2199-01-01 00:00:00'", "UPDATE proofs SET expires_at = '2199-01-01 00:00:00'",
			"UPDATE idempotency SET expires_at = '2199-01-01 00:00:00'", "UPDATE quick_connects SET expires_at = '2199-01-01 00:00:00'",
		} {
			k.exec(statement)
		}
		for i := range 400 {
			k.exec("UPDATE links SET ends_at = ? WHERE id = ?", k.Now().Add(time.Duration(i+1000)*time.Hour), 1000+i)
		}
		k.analyse("accounts", "links", "local_users", "libraries", "invites", "invite_servers", "link_changes", "proofs", "idempotency", "quick_connects")
		owner, anna, ben := k.account(), k.account(), k.account()
		m := k.agent(owner)
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{SelfService: new(true)}))
		member := k.member(owner, m)
		key := k.located(member, models.LinkAccepted)[0]
		mailed := k.invite(owner, ben.Email, m)
		secretText := k.letter(models.MailInvite, ben.Email).Secret
		proof, err := k.Proofs.Start(ctx, ben.ID, m.ID)
		k.must(err)
		k.canQuick(m)
		session := k.signIn(member).Session
		quick := k.quick(session, m, "111111")
		other := report()
		other.LocalUsers, other.QuickConnect = other.LocalUsers[:2], true
		other.WAN, other.OpenAddresses = append(slices.Clone(other.WAN), openFilms), []string{openFilms}
		k.opens(m, openFilms)
		end := k.Now().Add(time.Hour)
		said := k.listen()
		said.take()
		for _, door := range []struct {
			name string
			open func() error
			want string
		}{
			{"invite an address", func() error { k.invite(owner, "new@example.org", m); return nil }, ""},
			{"invite an account", func() error { k.offer(owner, m, anna, "u-anna"); return nil }, "username_key"},
			{"received", func() error { _, err := k.Invites.Received(ctx, ben.ID); return err }, "invites_email_key"},
			{"received by name", func() error { _, err := k.Invites.Received(ctx, anna.ID); return err }, "invites_account_id"},
			{"waiting", func() error { _, err := k.Invites.AllWaiting(ctx, anna.ID); return err }, "invites_account_id"},
			{"look", func() error { _, _, err := k.Invites.Look(ctx, secretText, home); return err }, ""},
			{"sent", func() error { _, err := k.Invites.Sent(ctx, owner.ID, 0, 50); return err }, "invites_owner_id"},
			{"of a server", func() error { _, err := k.Invites.OfServer(ctx, owner.ID, m.ID); return err }, "USING INDEX invites_owner_id"},
			{"open ones of a server", func() error { _, err := k.Invites.ListOfServer(ctx, owner.ID, m.ID, false, 0, 50); return err }, "USING INDEX invite"},
			{"ended ones of a server", func() error { _, err := k.Invites.ListOfServer(ctx, owner.ID, m.ID, true, 0, 50); return err }, "invites_owner_id"},
			{"offered", func() error { _, err := k.Invites.Offered(ctx, anna.ID); return err }, "invites_account_id"},
			{"invites to a server", func() error { _, err := k.Agents.InvitesTo(ctx, m.Server); return err }, "USING INDEX invites_owner_id"},
			{"accept a server", func() error { return k.Invites.AcceptServer(ctx, anna.ID, k.offeredAt(anna)[0], home) }, "invites_account_id"},
			{"decline a server", func() error { return k.Invites.DeclineServer(ctx, anna.ID, m.ID, home) }, ""},
			{"withdraw at the server", func() error {
				return k.Agents.WithdrawInvite(ctx, m.Server, k.invite(owner, "y@example.org", m).ID, home)
			}, ""},
			{"accept", func() error { return k.Invites.Accept(ctx, ben.ID, mailed.ID, home) }, ""},
			{"withdraw", func() error { return k.Invites.Withdraw(ctx, owner.ID, k.invite(owner, "x@example.org", m).ID, home) }, ""},
			{"people", func() error { _, err := k.People.List(ctx, owner.ID, m.ID, 0, 50); return err }, ""},
			{"local users", func() error { _, err := k.Servers.LocalUsers(ctx, owner.ID, m.ID); return err }, "local_users"},
			{"libraries", func() error { _, err := k.Servers.Libraries(ctx, owner.ID, m.ID); return err }, "libraries_external_id"},
			{"terms", func() error {
				return k.People.SetTerms(ctx, owner.ID, m.ID, key.ID, models.Terms{EndsAt: &end})
			}, ""},
			{"links of an agent", func() error { _, err := k.Agents.LinksOf(ctx, m.Server); return err }, ""},
			{"check", func() error {
				_, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(key.AccessKey)})
				return err
			}, ""},
			{"check one", func() error {
				_, err := k.Agents.Check(ctx, m.Server, models.ShownKey{Hash: secret.Sum(key.AccessKey), AccountID: member.ID})
				return err
			}, ""},
			{"ask", func() error {
				_, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: owner.Username, LocalUserID: "u-ben"})
				return err
			}, ""},
			{"report", func() error { _, err := k.Agents.Report(ctx, m.Server, other); return err }, ""},
			{"changes", func() error { _, err := k.Changes.List(ctx, m.Server, 0, 100); return err }, ""},
			{"wait", func() error { return k.Changes.Wait(ctx, m.Server, -1, time.Hour, nil) }, ""},
			{"acknowledge", func() error { return k.Changes.Acknowledge(ctx, m.Server, 1) }, ""},
			{"open proofs", func() error { _, err := k.Proofs.Open(ctx, m.Server); return err }, "proofs_server_id"},
			{"propose", func() error { return k.Proofs.Propose(ctx, m.Server, proof.ID, "123", "") }, ""},
			{"fail", func() error { return k.Proofs.Fail(ctx, m.Server, proof.ID, "denied") }, ""},
			{"proof", func() error { _, err := k.Proofs.Get(ctx, ben.ID, m.ID); return err }, "proofs_account_id"},
			{"servers with quick connect", func() error { _, err := k.QuickConnects.Servers(ctx, member.ID); return err }, "l USING INDEX links_"},
			{"ask quick connect", func() error { _, err := k.QuickConnects.Ask(ctx, session, m.ID, "222222", home); return err }, "quick_connects_"},
			{"quick connect", func() error { _, err := k.QuickConnects.Get(ctx, member.ID, quick.ID); return err }, ""},
			{"open quick connects", func() error { _, err := k.QuickConnects.Open(ctx, m.Server); return err }, "quick_connects_server_id"},
			{"complete quick connect", func() error { return k.QuickConnects.Complete(ctx, m.Server, k.quick(session, m, "333333").ID) }, ""},
			{"fail quick connect", func() error {
				return k.QuickConnects.Fail(ctx, m.Server, k.quick(session, m, "444444").ID, models.QuickCodeWrong)
			}, ""},
			{"where servers open", func() error { _, err := k.Opens.Addresses(ctx, member.ID, true); return err }, ""},
			{"note an opening", func() error { _, err := k.Opens.Note(ctx, session, m.ID, true); return err }, ""},
			{"redeem a code", func() error { _, err := k.Opens.Redeem(ctx, m.Server, k.allow(session, m), openVerifier); return err }, "server_opens_code_hash"},
			{"invite here", func() error { _, err := k.inviteHere(m, "there@example.org"); return err }, ""},
			{"links of a person", func() error { _, err := k.Links.List(ctx, member.ID, models.LinkAccepted); return err }, "l USING INDEX links_"},
			{"sign out everywhere", func() error { return k.Sessions.EndAll(ctx, member.ID, home) }, ""},
			{"history", func() error { _, err := k.History.Page(ctx, member.ID, 0, 50); return err }, "history_account_id"},
			{"export", func() error { _, err := k.Accounts.Export(ctx, ben.ID, home); return err }, ""},
			{"delete", func() error { return k.Accounts.Delete(ctx, member.ID, goodPassword, home) }, "link_changes_account_id"},
			{"remove a server", func() error { return k.Servers.Remove(ctx, owner.ID, k.agent(owner).ID, home) }, ""},
			{"sweep", func() error { return k.Sweep(ctx) }, "links_ends_at"},
		} {
			k.must(door.open())
			seen := map[string]bool{}
			k.checkPlans(door.name, slices.DeleteFunc(said.take(), func(s statement) bool {
				again := seen[s.text]
				seen[s.text] = true
				return again
			}), door.want)
		}
		// The sweeps run these statements without GORM.
		for _, table := range []string{"proofs", "idempotency", "quick_connects"} {
			if how := k.scans("SELECT * FROM " + table + " WHERE expires_at <= '2020-01-01' LIMIT 500"); how != "" {
				k.t.Errorf("the sweep of %s: %s; want an index", table, how)
			}
		}
		if how := k.scans("SELECT * FROM invites WHERE note = 'x'"); how == "" {
			k.t.Error("the test does not notice that a whole table is read, want it noticed")
		}
	})
}

// analyse renews the engine's statistics of some tables. On MySQL it also rebuilds the
// tables, because otherwise the statistics would still count old index entries, from before
// an update.
func (k *kit) analyse(tables ...string) {
	k.t.Helper()
	for _, table := range tables {
		if models.DatabaseOf(k.Store).Dialect == database.MySQL {
			k.exec("ALTER TABLE " + table + " FORCE")
			k.query("ANALYZE TABLE " + table)
		} else {
			k.exec("ANALYZE " + table)
		}
	}
}

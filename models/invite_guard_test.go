package models_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// What people and agents ask of invites, changes and proofs, and what sweeps
// them, finds its rows by an index, whatever the tables hold.
func TestContractStatementsUseIndexes(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx := k.t.Context()
		k.fill(400)
		for _, statement := range []string{ // most of what there is is not over
			"UPDATE local_users SET gone_at = NULL", "UPDATE invites SET expires_at = '2199-01-01 00:00:00'",
			"UPDATE link_changes SET created_at = '2199-01-01 00:00:00'", "UPDATE proofs SET expires_at = '2199-01-01 00:00:00'",
			"UPDATE idempotency SET expires_at = '2199-01-01 00:00:00'", "UPDATE quick_connects SET expires_at = '2199-01-01 00:00:00'",
		} {
			k.exec(statement)
		}
		for i := range 400 {
			k.exec("UPDATE links SET ends_at = ? WHERE id = ?", k.Now().Add(time.Duration(i+1000)*time.Hour), 1000+i)
		}
		k.analyse("links", "local_users", "invites", "link_changes", "proofs", "idempotency", "quick_connects")
		owner, anna, ben := k.account(), k.account(), k.account()
		m := k.agent(owner)
		k.must(k.Servers.SetSelfService(ctx, owner.ID, m.ID, true))
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
			{"look", func() error { _, _, err := k.Invites.Look(ctx, secretText); return err }, ""},
			{"sent", func() error { _, err := k.Invites.Sent(ctx, owner.ID, 0, 50); return err }, "invites_owner_id"},
			{"of a server", func() error { _, err := k.Invites.OfServer(ctx, owner.ID, m.ID); return err }, "USING INDEX invites_owner_id"},
			{"accept", func() error { return k.Invites.Accept(ctx, ben.ID, mailed.ID, home) }, ""},
			{"withdraw", func() error { return k.Invites.Withdraw(ctx, owner.ID, k.invite(owner, "x@example.org", m).ID, home) }, ""},
			{"people", func() error { _, err := k.People.List(ctx, owner.ID, m.ID, 0, 50); return err }, ""},
			{"local users", func() error { _, err := k.Servers.LocalUsers(ctx, owner.ID, m.ID); return err }, "local_users"},
			{"libraries", func() error { _, err := k.Servers.Libraries(ctx, owner.ID, m.ID); return err }, "libraries_external_id"},
			{"terms", func() error {
				return k.People.SetTerms(ctx, owner.ID, m.ID, key.ID, models.Terms{EndsAt: &end})
			}, ""},
			{"links of an agent", func() error { _, err := k.Agents.LinksOf(ctx, m.Server); return err }, ""},
			{"check", func() error { _, err := k.Agents.Check(ctx, m.Server, key.AccessKey, 0); return err }, ""},
			{"check one", func() error { _, err := k.Agents.Check(ctx, m.Server, key.AccessKey, member.ID); return err }, ""},
			{"ask", func() error {
				_, err := k.Agents.AskFor(ctx, m.Server, models.AskLink{Username: owner.Username, LocalUserID: "u-ben"})
				return err
			}, ""},
			{"report", func() error { _, err := k.Agents.Report(ctx, m.Server, other); return err }, ""},
			{"changes", func() error { _, err := k.Changes.List(ctx, m.Server, 0, 100); return err }, ""},
			{"wait", func() error { return k.Changes.Wait(ctx, m.Server, -1) }, ""},
			{"acknowledge", func() error { return k.Changes.Acknowledge(ctx, m.Server, 1) }, ""},
			{"open proofs", func() error { _, err := k.Proofs.Open(ctx, m.Server); return err }, "proofs_server_id"},
			{"propose", func() error { return k.Proofs.Propose(ctx, m.Server, proof.ID, "123", "") }, ""},
			{"fail", func() error { return k.Proofs.Fail(ctx, m.Server, proof.ID, "denied") }, ""},
			{"proof", func() error { _, err := k.Proofs.Get(ctx, ben.ID, m.ID); return err }, "proofs_account_id"},
			{"servers with quick connect", func() error { _, err := k.QuickConnects.Servers(ctx, member.ID); return err }, "links_account_id"},
			{"ask quick connect", func() error { _, err := k.QuickConnects.Ask(ctx, session, m.ID, "222222", home); return err }, "quick_connects_"},
			{"quick connect", func() error { _, err := k.QuickConnects.Get(ctx, member.ID, quick.ID); return err }, ""},
			{"open quick connects", func() error { _, err := k.QuickConnects.Open(ctx, m.Server); return err }, "quick_connects_server_id"},
			{"complete quick connect", func() error { return k.QuickConnects.Complete(ctx, m.Server, k.quick(session, m, "333333").ID) }, ""},
			{"fail quick connect", func() error {
				return k.QuickConnects.Fail(ctx, m.Server, k.quick(session, m, "444444").ID, models.QuickCodeWrong)
			}, ""},
			{"invite here", func() error { _, err := k.inviteHere(m, "there@example.org"); return err }, ""},
			{"links of a person", func() error { _, err := k.Links.List(ctx, member.ID, models.LinkAccepted); return err }, "links_account_id"},
			{"sign out everywhere", func() error { return k.Sessions.EndAll(ctx, member.ID, home) }, ""},
			{"history", func() error { _, err := k.History.Page(ctx, member.ID, 0, 50); return err }, "history_account_id"},
			{"export", func() error { _, err := k.Accounts.Export(ctx, ben.ID, home); return err }, ""},
			{"delete", func() error { return k.Accounts.Delete(ctx, member.ID, goodPassword) }, "link_changes_account_id"},
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
		// What sweeps past GORM.
		for _, table := range []string{"proofs", "idempotency", "quick_connects"} {
			if how := k.scans("SELECT * FROM " + table + " WHERE expires_at <= '2020-01-01' LIMIT 500"); how != "" {
				k.t.Errorf("sweep %s: %s", table, how)
			}
		}
		if how := k.scans("SELECT * FROM invites WHERE note = 'x'"); how == "" {
			k.t.Error("a whole table is read and the test does not see it")
		}
	})
}

// analyse tells the engine anew what some tables hold. MySQL's are built anew
// before: it would still count what indexes held before an update.
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

// A dump of the database without the secret key gives nobody an invite: it holds
// neither the secret of a mail that was sent nor what makes that of one that is
// owed, nor what a request under a key made.
func TestDumpGivesNoInvite(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.operatorMade()
		m := k.agent(owner)
		const requestKey = "a-key-of-a-request-0123456789"
		k.invite(owner, "sent@example.org", m)
		sent := k.letter(models.MailInvite, "sent@example.org").Secret
		_, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: "owed@example.org", Type: models.LinkGuest, Servers: []models.InviteServer{{ServerID: m.ID}}, IdempotencyKey: requestKey,
		}, home)
		k.must(err)
		opens := func(text string) bool {
			if _, _, err := k.Invites.Look(ctx, text); err == nil {
				return true
			}
			_, err := k.Accounts.SignUp(ctx, models.SignUp{
				Username: newName(), Email: "sent@example.org", Password: goodPassword, Locale: "en", Invite: text,
			}, home)
			return err == nil
		}
		dump := k.dump()
		for what, text := range map[string]string{"secret": sent, "request's key": requestKey} {
			if sum := secret.Sum(text); strings.Contains(dump, text) || what != "secret" && strings.Contains(dump, string(sum[:])) {
				k.t.Errorf("the dump holds the %s", what)
			}
		}
		thief, err := secret.NewKeys(thiefsKey, "")
		k.must(err)
		tried := 0
		for _, table := range []string{"tokens", "invites", "outbox", "idempotency"} {
			for _, row := range k.query("SELECT * FROM " + table) {
				for i := range row {
					if row[i] == nil || len(row.text(i)) < 8 {
						continue
					}
					for _, form := range forms(row.text(i)) {
						tried++
						if opens(form) {
							k.t.Errorf("a value of %s opens an invite", table)
						}
					}
				}
			}
		}
		for _, row := range k.query("SELECT id, salt FROM outbox WHERE kind = ?", string(models.MailInvite)) {
			id, err := strconv.ParseInt(row.text(0), 10, 64)
			k.must(err)
			text, err := models.MailSecretFrom(thief, models.MailInvite, id, secret.Hash([]byte(row.text(1))), thief.ID())
			k.must(err)
			tried++
			if opens(text) {
				k.t.Error("a thief makes the secret of a mail that is owed")
			}
		}
		if tried < 100 {
			k.t.Errorf("only %d texts were tried", tried)
		}
		owed := k.letter(models.MailInvite, "owed@example.org").Secret
		if _, _, err := k.Invites.Look(ctx, owed); err != nil || !opens(sent) {
			k.t.Errorf("the real secrets open nothing: %v", err)
		}
	}, func(o *models.Options) { o.SignUp = models.SignUpInvite })
}

// A deleted account leaves its number in the feeds, until their agents have
// heard of it, and nothing else: no name, no device.
func TestDeletedLeavesNumbersAlone(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m, theirs := k.agent(owner), k.agent(anna)
		k.must(k.Invites.Accept(ctx, anna.ID, k.invite(owner, anna.Username, m).ID, home))
		k.must(k.Invites.Accept(ctx, owner.ID, k.invite(anna, owner.Username, theirs).ID, home))
		device := k.deviceOf(anna)
		k.must(k.Sessions.End(ctx, anna.ID, device.ID, home))
		k.must(k.Accounts.Delete(ctx, anna.ID, goodPassword))
		k.letters()
		for _, c := range k.changes(m, 0) {
			if c.AccountID != anna.ID || c.DeviceID != "" || c.Link != nil {
				k.t.Errorf("change %+v", c)
			}
		}
		dump := k.dump()
		for what, text := range map[string]string{"username": anna.Username, "device": "dev-9"} {
			if strings.Contains(dump, text) {
				k.t.Errorf("the dump holds the %s", what)
			}
		}
		k.must(k.Changes.Acknowledge(ctx, m.Server, k.last(m)))
		k.clock.Advance(8 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		if left := k.changes(m, 0); len(left) != 0 {
			k.t.Errorf("after they were heard: %+v", left)
		}
	})
}

// A server's own address that its owner removed comes back with the next report,
// one that was only kept to stay hidden goes, and an owner's own stays: also when
// the report is the same as before.
func TestUnchangedReportRestores(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		const wan, lan, own = "http://media.example.test:8096", "http://192.168.1.2:8096", "https://own.example.test:443"
		again := func(in models.Report, want string) {
			k.t.Helper()
			k.report(k.again(m), in)
			if got := urls(k.detail(owner, m).Addresses); got != want {
				k.t.Errorf("addresses %s, want %s", got, want)
			}
		}
		k.must(k.addAddress(owner, m, own))
		k.must(k.Addresses.Remove(ctx, owner.ID, m.ID, k.addressID(owner, m, lan)))
		if got := urls(k.detail(owner, m).Addresses); strings.Contains(got, lan) {
			k.t.Errorf("not removed: %s", got)
		}
		again(report(), lan+" "+wan+" "+own)
		// Hidden, it stays hidden, also while it is not reported and when it comes back.
		k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), true))
		again(report(), "("+lan+") "+wan+" "+own)
		k.isKind(k.addAddress(owner, m, lan), models.KindConflict)
		away := report()
		away.LAN = nil
		again(away, "("+lan+") "+wan+" "+own)
		again(report(), "("+lan+") "+wan+" "+own)
		again(away, "("+lan+") "+wan+" "+own)
		k.must(k.Addresses.Hide(ctx, owner.ID, m.ID, k.addressID(owner, m, lan), false))
		again(away, wan+" "+own)
		// An own address that the server comes to report is the server's once the owner removes it.
		k.must(k.addAddress(owner, m, lan))
		again(report(), wan+" "+own+" "+lan)
		again(away, wan+" "+own+" "+lan)
		again(report(), wan+" "+own+" "+lan)
		k.must(k.Addresses.Remove(ctx, owner.ID, m.ID, k.addressID(owner, m, lan)))
		again(report(), lan+" "+wan+" "+own)
	})
}

// A local user that has gone is kept while something names it, and no longer.
func TestGoneLocalUserIsForgotten(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner, anna, ben := k.t.Context(), k.account(), k.account(), k.account()
		m := k.agent(owner)
		k.invited(owner, m, anna, "u-anna")
		offer := k.offer(owner, m, ben, "u-ben")
		less := report()
		less.LocalUsers = less.LocalUsers[2:]
		k.report(m, less)
		names := func(want ...string) {
			k.t.Helper()
			k.must(k.Sweep(ctx))
			users, err := k.Servers.LocalUsers(ctx, owner.ID, m.ID)
			k.must(err)
			var got []string
			for _, u := range users {
				got = append(got, u.Name)
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				k.t.Errorf("local users %v, want %v", got, want)
			}
		}
		names("Anna", "Ben", "Root")
		k.must(k.People.Remove(ctx, owner.ID, m.ID, k.located(anna, models.LinkAccepted)[0].ID))
		names("Ben", "Root")
		k.must(k.Invites.Withdraw(ctx, owner.ID, offer.ID, home))
		names("Root")
		k.report(k.again(m), less) // the same report brings nobody back
		names("Root")
	})
}

func TestSetOperator(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a, b := k.t.Context(), k.account(), k.account()
		k.is(k.Operators.SetOperator(ctx, "nobody-at-all", true), models.ErrNotFound)
		if k.get(a).Operator {
			k.t.Error("an operator from the beginning")
		}
		session := k.signIn(a)
		is := func(want bool) {
			k.t.Helper()
			if got := k.get(a).Operator; got != want {
				k.t.Errorf("operator %t, want %t", got, want)
			}
			if k.get(b).Operator {
				k.t.Error("another account is an operator")
			}
		}
		k.must(k.Operators.SetOperator(ctx, strings.ToUpper(a.Username), true))
		is(true)
		k.must(k.Operators.SetOperator(ctx, a.Email, true)) // again, by address
		is(true)
		k.must(k.Operators.SetOperator(ctx, a.Username, false))
		is(false)
		if _, err := k.Sessions.Look(ctx, session.Token); err != nil {
			k.t.Errorf("the session: %v", err)
		}
		events := k.events(a)
		if events[models.EventOperatorOn] != 2 || events[models.EventOperatorOff] != 1 {
			k.t.Errorf("events %v", events)
		}
		// What stays disabled is no operator to anybody.
		k.must(k.Operators.SetOperator(ctx, a.Username, true))
		k.must(k.Operators.Disable(ctx, a.Username))
		_, err := k.trySignIn(a.Username, goodPassword)
		k.is(err, models.ErrAccountDisabled)
	})
}

// The access key of a disabled account, also the one that took the old one's
// place, opens nothing until the account is enabled.
func TestCheckRefusesDisabled(t *testing.T) {
	eachContract(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		a := k.member(owner, m)
		old := k.keyOf(m)
		k.must(k.Operators.Disable(ctx, a.Username))
		for _, key := range []string{old, k.keyOf(m), ""} {
			_, err := k.Agents.Check(ctx, m.Server, key, a.ID)
			k.is(err, models.ErrAccessKeyWrong)
		}
		k.must(k.Operators.Enable(ctx, a.Username))
		_, err := k.Agents.Check(ctx, m.Server, k.keyOf(m), a.ID)
		k.must(err)
		_, err = k.Agents.Check(ctx, m.Server, old, 0)
		k.is(err, models.ErrAccessKeyWrong)
	})
}

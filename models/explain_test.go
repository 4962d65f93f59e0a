package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models"
)

// fill writes rows of other accounts into every table, so that the engine finds it
// worthwhile to use an index.
func (k *kit) fill(rows int) {
	k.t.Helper()
	types := map[string][]column{}
	for _, c := range k.columns() {
		types[c.Table] = append(types[c.Table], c)
	}
	for _, table := range ours(k.tables()) {
		var names, values []string
		for _, c := range types[table] {
			names = append(names, c.Name)
		}
		for i := range rows {
			var one []string
			for _, c := range types[table] {
				kind := strings.ToLower(c.Type)
				switch {
				case kind == "boolean" || kind == "tinyint(1)":
					one = append(one, "0")
				case strings.Contains(kind, "int"):
					one = append(one, fmt.Sprint(1000+i))
				case strings.Contains(kind, "datetime"):
					one = append(one, "'2026-03-01 00:00:00'")
				case kind == "blob" || kind == "binary(32)":
					one = append(one, fmt.Sprintf("x'%064x'", i))
				default:
					one = append(one, fmt.Sprintf("'f%d'", i))
				}
			}
			values = append(values, "("+strings.Join(one, ",")+")")
		}
		k.exec("INSERT INTO " + table + " (" + strings.Join(names, ",") + ") VALUES " + strings.Join(values, ","))
		if models.DatabaseOf(k.Store).Dialect == database.MySQL {
			k.query("ANALYZE TABLE " + table)
		}
	}
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		k.exec("ANALYZE")
	}
}

// scans describes how the engine would read a whole table for a statement. It returns ""
// if the engine uses indexes only.
func (k *kit) scans(statement string) string {
	k.t.Helper()
	if models.DatabaseOf(k.Store).Dialect == database.SQLite {
		for _, row := range k.query("EXPLAIN QUERY PLAN " + statement) {
			if detail := row.text(3); strings.HasPrefix(detail, "SCAN") && !strings.Contains(detail, "CONSTANT ROW") {
				return detail
			}
		}
		return ""
	}
	k.skipOtherPlans()
	for _, row := range k.query("EXPLAIN " + statement) {
		if kind := row.text(3); kind == "ALL" || kind == "index" {
			return fmt.Sprintf("%s of %s", kind, row.text(2))
		}
	}
	return ""
}

// No operation reads a whole table. The test runs the operations and asks the engine to
// explain each of their statements.
func TestStatementsUseIndexes(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.fill(300)
		said := k.listen()
		name := newName()
		account := func() models.Account {
			name = newName()
			pending := k.signUp(name)
			k.clock.Advance(time.Minute)
			k.must(k.Emails.Resend(ctx, pending, home))
			k.must(k.Emails.Correct(ctx, pending, "x"+addressOf(name), home))
			k.must(k.Emails.Confirm(ctx, k.letter(models.MailConfirm, "x"+addressOf(name)).Secret, home))
			in, err := k.trySignIn("x"+addressOf(name), goodPassword)
			k.must(err)
			a, err := k.Accounts.Get(ctx, in.Session.AccountID)
			k.must(err)
			return a
		}
		a := account()
		in := k.signIn(a)
		_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: a.Username, Password: goodPassword, OldToken: in.Token}, home)
		k.must(err)
		k.must(k.Sessions.NotMe(ctx, k.letters()[0].Secret, home))
		in = k.signIn(a)
		k.clock.Advance(10 * time.Minute)
		_, err = k.Sessions.Look(ctx, in.Token)
		k.must(err)
		k.must(k.Sessions.Flush(ctx))
		k.sessions(a.ID)
		_, err = k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
		k.must(err)
		k.must(k.Sessions.EndOthers(ctx, in.Session, home))
		k.must(k.Recovery.ResetPassword(ctx, k.resetSecret(a), goodPassword, home))
		k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
		k.must(k.PINs.Verify(ctx, a.ID, "8305", home))
		k.must(k.PINs.ResetByMail(ctx, k.pinResetSecret(a), "9413", home))
		_, err = k.Emails.Undo(ctx, k.change(a, addressOf(newName())), home)
		k.must(err)
		_, err = k.Emails.Waiting(ctx, a.ID)
		k.must(err)
		_, err = k.History.List(ctx, a.ID, 50)
		k.must(err)
		_, err = k.Accounts.Export(ctx, a.ID, home)
		k.must(err)
		k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: newName(), Locale: "de"}, home))
		_, err = k.Throttle.Remember(ctx, [32]byte{255}, k.clock.Now())
		k.must(err)
		k.letters()
		one := k.claim("worker")
		if len(one) > 0 {
			k.putOff(one[0], "421", false)
		}
		b := account()
		k.must(k.Operators.Disable(ctx, b.Username))
		k.must(k.Operators.Enable(ctx, b.Username))
		k.must(k.Accounts.Delete(ctx, b.ID, goodPassword, home))

		explained := map[string]bool{}
		for _, one := range said.take() {
			verb, _, _ := strings.Cut(strings.TrimSpace(one.text), " ")
			if explained[one.text] || (verb != "SELECT" && verb != "UPDATE" && verb != "DELETE") {
				continue
			}
			explained[one.text] = true
			if lines, scans := k.plan(one); scans {
				k.t.Errorf("%q; want an index for the statement: %s", lines, one.text)
			}
		}
		if len(explained) < 60 {
			k.t.Errorf("explained %d statements, want at least 60", len(explained))
		}
		if how := k.scans("SELECT * FROM accounts WHERE display_name = 'x'"); how == "" {
			k.t.Error("the test does not notice that a whole table is read, want it noticed")
		}
		// The throttle runs this statement without GORM.
		if how := k.scans("SELECT hits FROM throttle WHERE throttle_key = x'00'"); how != "" {
			k.t.Errorf("the statement of the throttle: %s; want an index", how)
		}
	})
}

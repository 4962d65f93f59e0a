package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestSweepDeletesWhatHasExpired(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		counts := func() map[string]string {
			found := map[string]string{}
			for _, table := range ours(k.tables()) {
				if n := k.query("SELECT COUNT(*) FROM " + table)[0].text(0); n != "0" {
					found[table] = n
				}
			}
			return found
		}
		a := k.account()
		name := newName()
		k.signUp(name)
		k.signIn(a)
		k.change(a, addressOf(newName()))
		k.resetSecret(k.get(a))
		k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
		k.claimCode(a)
		k.begin("dev")
		_, err := k.Throttle.Remember(ctx, [32]byte{1}, k.clock.Now().Add(time.Minute))
		k.must(err)
		before := counts()
		k.must(k.Sweep(ctx))
		if diff := cmp.Diff(before, counts()); diff != "" {
			k.t.Errorf("the sweep deleted rows too early (-want +got):\n%s", diff)
		}
		k.clock.Advance(7*24*time.Hour - 3*time.Minute)
		k.must(k.Sweep(ctx))
		k.byName(name)
		k.clock.Advance(3 * time.Minute)
		k.must(k.Sweep(ctx))
		if found, err := k.Operators.List(ctx, name, "", 9); err != nil || len(found) != 0 {
			k.t.Errorf("the sign-up is still there: %+v, error %v; want it deleted", found, err)
		}
		k.signUp(name) // the username is free again
		k.must(k.Operators.Delete(ctx, name))
		// A mail that is not tried again is kept for a month.
		k.must(k.Operators.SendReset(ctx, a.Username))
		owed, err := k.Mail.Claim(ctx, "worker", 100)
		k.must(err)
		for _, one := range owed {
			k.putOff(one, "550 no such mailbox", true)
		}
		k.clock.Advance(91 * 24 * time.Hour)
		k.must(k.Sweep(ctx))
		want := map[string]string{"accounts": "1", "emails": "1", "operator_acts": "2", "secret_keys": "1", "server_lists": "1"} // what operators did is kept for a year
		if diff := cmp.Diff(want, counts()); diff != "" {
			k.t.Errorf("rows after the sweep (-want +got):\n%s", diff)
		}
		if got := k.get(a); got.ID != a.ID {
			k.t.Errorf("got the account %+v, want the confirmed one kept", got)
		}
	})
}

// A sweep needs several steps while other calls write.
func TestSweepTakesSeveralSteps(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		statement := "INSERT INTO throttle (throttle_key, hits, window_ends, open_at) VALUES "
		var rows []byte
		for i := range 1201 {
			rows = fmt.Appendf(rows, "(x'%064x', 1, %d, 0),", i, k.clock.Now().UnixMilli()-int64(i%2))
		}
		k.exec(statement + string(rows[:len(rows)-1]))
		a := k.account()
		k.clock.Advance(time.Millisecond)
		for _, err := range parallel(9, func(i int) error {
			if i == 0 {
				return k.Sweep(ctx)
			}
			_, err := k.trySignIn(a.Username, goodPassword)
			return err
		}) {
			k.must(err)
		}
		if left := k.query("SELECT COUNT(*) FROM throttle WHERE window_ends <= ?", k.clock.Now().UnixMilli())[0].text(0); left != "0" {
			k.t.Errorf("%s counters are left, want 0", left)
		}
	}, modelstest.Unlimited) // the sign-ins run at once, and each counts as a try until its password was compared
}

// A sign-up that is confirmed at the last moment is not swept, and a sign-up that is swept
// is not confirmed. A sign-up is never half swept and half confirmed.
func TestSweepAgainstConfirm(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		names := make([]string, 12)
		for i := range names {
			names[i] = newName()
			k.signUp(names[i])
		}
		k.letters()
		k.clock.Advance(7 * 24 * time.Hour)
		results := parallel(len(names)+2, func(i int) error {
			if i >= len(names) {
				return k.Sweep(ctx)
			}
			return k.Operators.Confirm(ctx, names[i])
		})
		for i, name := range names {
			found, err := k.Operators.List(ctx, name, "", 100)
			k.must(err)
			there := len(found) > 0 && found[0].Username == name
			if results[i] == nil && (!there || found[0].ConfirmedAt.IsZero()) || results[i] != nil && there {
				k.t.Errorf("%s: the confirmation gave %v, the account is %+v; want both confirmed or both gone", name, results[i], found)
			}
			if results[i] != nil { // it was swept before the look-up, or between look-up and confirmation
				if !errors.Is(results[i], models.ErrNotFound) {
					k.is(results[i], models.ErrTokenSpent)
				}
				continue
			}
			_, err = k.trySignIn(addressOf(name), goodPassword)
			k.must(err)
		}
	})
}

// A sweep uses indexes to find the sessions that ended and the sessions that were not used for a
// long time. A start uses an index to find the accounts with MD5 verifiers. Neither reads a whole
// table.
func TestSweepsAndStartsUseIndexes(t *testing.T) {
	each(t, func(k *kit) {
		k.crowd(2500)
		said := k.listen()
		for text, args := range models.SweepStatements(k.Store) {
			if strings.Contains(text, "FROM sessions") {
				index := "sessions_expires_at"
				if strings.Contains(text, "last_seen_at") {
					index = "sessions_last_seen_at"
				}
				k.checkPlans("a sweep", []statement{{text, args}}, index)
			}
		}
		_, err := k.Prepare(k.t.Context(), "test")
		k.must(err)
		var clears []statement
		for _, s := range said.takeAll() {
			if strings.Contains(s.text, "legacy_md5") {
				clears = append(clears, s)
			}
		}
		k.checkPlans("a start", clears, "accounts_legacy_md5")
	})
}

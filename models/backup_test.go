package models_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestBackupTables names a table of the schema that backups and copies would forget, or that they expect
// and that does not exist.
func TestBackupTables(t *testing.T) {
	each(t, func(k *kit) {
		held, leftOut := models.BackupTables()
		schema := k.tables()
		for _, table := range schema {
			if _, out := leftOut[table]; !out && !slices.Contains(held, table) {
				k.t.Errorf("the table %s would be missing in every backup and copy: add it to backupTables in backup_table.go, "+
					"or to backupLeftOut with a reason", table)
			}
		}
		for _, table := range held {
			if !slices.Contains(schema, table) {
				k.t.Errorf("backupTables has the table %s, want only tables of the schema", table)
			}
		}
		if !slices.IsSorted(held) {
			k.t.Errorf("backupTables is not sorted, want it sorted")
		}
	})
}

// Each column has the same kind on both engines, so that its values survive a move.
func TestBackupColumnsAreTheSameOnBothEngines(t *testing.T) {
	t.Parallel()
	kinds := map[string]map[string]string{}
	for engine, address := range map[string]string{"sqlite": modelstest.SQLite(t), "mysql": modelstest.MySQL(t)} {
		var err error
		if kinds[engine], err = models.BackupColumns(t.Context(), modelstest.Open(t, address, modelstest.NewClock())); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(kinds["sqlite"], kinds["mysql"]); diff != "" {
		t.Errorf("kinds of columns (-SQLite +MySQL); see kindOfColumn:\n%s", diff)
	}
}

// vault is a database of a test that is opened and closed again, because restores and copies want it
// for themselves.
type vault struct {
	t       *testing.T
	address string
	clock   *modelstest.Clock
}

// with opens the database and calls work with it.
func (v *vault) with(work func(k *kit)) {
	v.t.Helper()
	store := modelstest.Open(v.t, v.address, v.clock, modelstest.Unlimited)
	work(&kit{store, v.t, v.clock})
	if err := store.Close(); err != nil {
		v.t.Fatal(err)
	}
}

// restore restores a backup into the database.
func (v *vault) restore(backup []byte, adjust ...func(*models.RestoreOptions)) error {
	v.t.Helper()
	options, err := modelstest.Options(v.address, v.clock)
	if err != nil {
		v.t.Fatal(err)
	}
	o := models.RestoreOptions{
		Store: options, Owner: v.t.Name(), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(backup)), nil },
	}
	for _, a := range adjust {
		a(&o)
	}
	_, err = models.RestoreBackup(v.t.Context(), o)
	return err
}

// copyTo copies the database.
func (v *vault) copyTo(to *vault) error {
	_, err := models.CopyDatabase(v.t.Context(), models.CopyOptions{From: v.address, To: to.address, Version: "test", Owner: v.t.Name(), Now: v.clock.Now})
	return err
}

// backup returns a backup of the store.
func (k *kit) backup() []byte {
	k.t.Helper()
	var file bytes.Buffer
	_, err := k.Backups.Write(k.t.Context(), &file, "test", nil)
	k.must(err)
	return file.Bytes()
}

// oddValues puts values into the database that engines may treat differently.
func (k *kit) oddValues(a models.Account) {
	k.exec("UPDATE accounts SET display_name = ?, legacy_md5 = ?, password_version = ? WHERE id = ?", "Zoë 👩‍🚀 \\ \" ' \x00 <&> \u2028  ", "\xff\xfe\x00\x80", int64(1)<<62+1, a.ID)
	k.exec("INSERT INTO spent_marks (mark, expires_at) VALUES (?, ?)", append(bytes.Repeat([]byte{0, 0xff, '\\', '\''}, 7), 'a', ' ', ' ', 0), time.Date(2031, 12, 31, 23, 59, 59, 999e6, time.UTC))
	k.exec("INSERT INTO throttle (throttle_key, hits, window_ends, open_at) VALUES (?, ?, ?, ?)", bytes.Repeat([]byte{0}, 32), int64(math.MinInt64), int64(math.MaxInt64), 0)
}

// populate inserts many accounts, each with a link, an address and a history.
func (k *kit) populate(many int) {
	k.t.Helper()
	server := k.query("SELECT COALESCE(MIN(id), 5) FROM servers")[0].text(0)
	for table, columns := range map[string]string{
		"accounts": "username, username_key, display_name, email, email_key, password_hash, password_version, password_changed_at, pin_hash, pin_changed_at, pin_off_at, locale, created_at, confirmed_at, operator",
		"emails":   "email_key, account_id", "history": "id, account_id, kind, address, device, created_at",
		"links": "id, server_id, account_id, local_user_id, type, state, access_key, requested_by, created_at, accepted_at",
	} {
		at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
		for first := 0; first < many; first += 500 {
			var rows []string
			var args []any
			for n := first; n < min(many, first+500); n++ {
				name, id := fmt.Sprintf("crowd%06d", n), int64(n)<<22+77
				row := map[string][]any{
					"accounts": {id, name, name, "Person " + name, name + "@example.org", name + "@example.org", "", n, at, "", nil, nil, "en", at.Add(time.Duration(n) * time.Millisecond), at, n%2 == 0},
					"emails":   {name + "@example.org", id}, "history": {id, id, "signed_up", "192.0.2.7", "", at},
					"links": {id, server, id, nil, "guest", "accepted", name, "", at, at},
				}[table]
				rows, args = append(rows, "(?"+strings.Repeat(", ?", len(row)-1)+")"), append(args, row...)
			}
			if table == "accounts" && first == 0 {
				columns = "id, " + columns
			}
			k.exec("INSERT INTO "+table+" ("+columns+") VALUES "+strings.Join(rows, ", "), args...)
		}
	}
}

// exports returns what the export says about accounts. The export notes itself in the history, so
// this is done once for each database.
func (k *kit) exports(ids ...int64) []models.Export {
	k.t.Helper()
	var all []models.Export
	for _, id := range ids {
		export, err := k.Accounts.Export(k.t.Context(), id, home)
		k.must(err)
		all = append(all, export)
	}
	return all
}

// TestMove moves a database with accounts, links, families, history and everything else that the schema
// holds to the other engine and back. Every row survives, and the exports are equal.
func TestMove(t *testing.T) {
	t.Parallel()
	clock := modelstest.NewClock()
	first, second, third := &vault{t, modelstest.SQLite(t), clock}, &vault{t, modelstest.MySQL(t), clock}, &vault{t, modelstest.SQLite(t), clock}
	ids := []int64{77, 77 + 7<<22, 77 + 99<<22}
	first.with(func(k *kit) {
		guardian, a, _, _ := k.fullPerson()
		k.oddValues(k.account())
		k.populate(faulttest.Either(1_500, 10_000))
		ids = append(ids, guardian.ID, a.ID)
		k.fillEmptyTables()
	})
	clock.Advance(time.Minute) // so that the export, which notes itself, is the last event on all of them
	if err := first.copyTo(second); err != nil {
		t.Fatal(err)
	}
	if err := second.copyTo(third); err != nil {
		t.Fatal(err)
	}
	var exports [][]models.Export
	var rows []map[string]string
	for _, v := range []*vault{first, second, third} {
		v.with(func(k *kit) {
			var m models.BackupManifest
			m, err := models.CheckBackup(t.Context(), bytes.NewReader(k.backup()), nil)
			k.must(err)
			digests := map[string]string{}
			for _, table := range m.Tables {
				digests[table.Name] = fmt.Sprint(table.Rows, " rows, ", table.Digest)
			}
			rows = append(rows, digests)
			exports = append(exports, k.exports(ids...))
			if newer := k.account(); slices.Contains(ids, newer.ID) {
				t.Errorf("a new account has the id %d of an old one, want another", newer.ID)
			}
		})
	}
	for n := 1; n < 3; n++ {
		if diff := cmp.Diff(rows[0], rows[n]); diff != "" {
			t.Errorf("rows of database 0 and %d differ:\n%s", n, diff)
		}
		if diff := cmp.Diff(exports[0], exports[n]); diff != "" {
			t.Errorf("exports of database 0 and %d differ:\n%s", n, diff)
		}
	}
	for table, said := range rows[0] {
		if strings.HasPrefix(said, "0 rows") {
			t.Errorf("the table %s is empty in this test, want rows in every table", table)
		}
	}
}

// A backup that is made while others write shows the database as it was at one moment: of two rows that
// are always changed together it has both as they were.
func TestBackupShowsOneMoment(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock := modelstest.NewClock()
		v := &vault{t, address, clock}
		var backups [][]byte
		v.with(func(k *kit) {
			// The two accounts are far apart, and another table is between them.
			k.populate(1_200)
			ctx, stop := context.WithCancel(t.Context())
			var writing, begun sync.WaitGroup
			begun.Add(3)
			for writer := range 3 {
				writing.Go(func() {
					first := sync.OnceFunc(begun.Done)
					defer first()
					for ctx.Err() == nil {
						err := models.DatabaseOf(k.Store).Tx(t.Context(), raiseBoth(writer))
						if err != nil {
							t.Errorf("a writer failed: %v", err)
							return
						}
						first()
					}
				})
			}
			begun.Wait()
			for range 3 {
				backups = append(backups, k.backup())
			}
			stop()
			writing.Wait()
		})
		for n, backup := range backups {
			to := &vault{t, fresh(t, address), clock}
			if err := to.restore(backup); err != nil {
				t.Fatal(err)
			}
			to.with(func(k *kit) {
				sums := k.query("SELECT (SELECT password_version FROM accounts WHERE id = 77), (SELECT SUM(hits) FROM throttle WHERE window_ends = 4242424242)")
				if sums[0].text(0) != sums[0].text(1) || sums[0].text(0) == "0" {
					t.Errorf("backup %d has %s and %s, want both counters from one moment", n, sums[0].text(0), sums[0].text(1))
				}
				t.Logf("backup %d was made at the count %s", n, sums[0].text(0))
			})
		}
	})
}

// A restored database is as it was, with the schema of this program; its sessions end at the next
// Finish. A backup of an older schema is migrated.
func TestRestoreBackup(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock := modelstest.NewClock()
		v, into := &vault{t, address, clock}, &vault{t, fresh(t, address), clock}
		var backup, old []byte
		var token, username string
		v.with(func(k *kit) {
			a := k.account()
			k.oddValues(a)
			token, username = k.signIn(k.account()).Token, a.Username
			k.exec("UPDATE sessions SET created_at = ?", clock.Now().AddDate(1, 0, 0)) // a clock was ahead
			backup = k.backup()
			k.downTo(40)
			k.exec("DELETE FROM goose_db_version WHERE version_id > 40")
			old = k.backup()
		})
		for name, backup := range map[string][]byte{"of this schema": backup, "of an older schema": old} {
			if err := into.restore(backup, func(o *models.RestoreOptions) { o.Replace = true }); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			clock.Advance(time.Second)
			into.with(func(k *kit) {
				if got := k.query("SELECT COUNT(*) FROM accounts WHERE username = ?", username)[0].text(0); got != "1" {
					t.Errorf("%s: %s accounts have the name, want it restored", name, got)
				}
				if done, err := k.Restores.Finish(t.Context()); err != nil || !done {
					t.Errorf("%s: finished %v with error %v, want that the restore was declared", name, done, err)
				}
				_, err := k.Sessions.Look(t.Context(), token)
				k.is(err, models.ErrNoSession)
			})
		}
	})
}

// A restore that is refused has changed nothing. It is refused if the database is in use or has
// data, if the secret key is another one, or if the file is damaged or is not a backup.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		v := &vault{t, address, modelstest.NewClock()}
		var backup []byte
		v.with(func(k *kit) {
			k.account()
			backup = k.backup()
			k.account()
			refused(t, "in use", v.restore(backup), database.ErrInUse)
		})
		refused(t, "has data", v.restore(backup), models.ErrNotEmpty)
		replace := func(o *models.RestoreOptions) { o.Replace = true }
		refused(t, "another key", v.restore(backup, replace, func(o *models.RestoreOptions) {
			o.Store.Keys, _ = secret.NewKeys("another secret key than that of the tests", "")
		}), models.ErrWrongKey)
		refused(t, "without a keyed hash", v.restore(without(t, backup, "manifest.hmac"), replace), models.ErrBackupUnproven)
		refused(t, "changed by somebody without the key", v.restore(forged(t, backup), replace), models.ErrBackupForged)
		refused(t, "changed while it was restored", v.restore(backup, replace, func(o *models.RestoreOptions) {
			files := [][]byte{backup, forged(t, backup)}
			o.Open = func() (io.ReadCloser, error) {
				file := files[0]
				files = files[1:]
				return io.NopCloser(bytes.NewReader(file)), nil
			}
			o.Store.Database = modelstest.SQLite(t)
		}), models.ErrBackupForged)
		for at := 700; at < len(backup)-4096; at += len(backup) / 9 {
			for backup[at] == 0 { // what fills an entry says nothing
				at++
			}
			broken := slices.Clone(backup)
			broken[at] ^= 0x20
			if err := v.restore(broken, replace); !errors.Is(err, models.ErrBackupDamaged) && !errors.Is(err, models.ErrNoBackup) {
				t.Errorf("with a changed byte at %d the restore gave %v, want it refused", at, err)
			}
			refused(t, "cut off", v.restore(backup[:at], replace), models.ErrBackupDamaged)
		}
		refused(t, "something else", v.restore([]byte("something else"), replace), models.ErrNoBackup)
		v.with(func(k *kit) {
			if got := k.query("SELECT COUNT(*) FROM accounts")[0].text(0); got != "2" {
				t.Errorf("after refused restores there are %s accounts, want 2", got)
			}
			k.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)")
			_, err := k.Backups.Write(t.Context(), io.Discard, "test", nil)
			refused(t, "a backup of a newer schema", err, database.ErrNewerSchema)
		})
	})
}

func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// A restore or copy that is killed leaves a database that no service starts on, and that the same
// command repairs.
func TestInterruptedCopyIsRepaired(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock := modelstest.NewClock()
		from, to := &vault{t, modelstest.SQLite(t), clock}, &vault{t, address, clock}
		from.with(func(k *kit) { k.populate(900) })
		to.with(func(k *kit) { // as a killed copy leaves it
			k.populate(3)
			k.must(models.DatabaseOf(k.Store).BeginFilling(t.Context()))
			_, err := k.Prepare(t.Context(), "test")
			refused(t, "a start on a part", err, database.ErrHalfFilled)
		})
		if err := to.copyTo(from); !errors.Is(err, database.ErrHalfFilled) {
			t.Errorf("a copy of a part gave %v, want %v", err, database.ErrHalfFilled)
		}
		if err := from.copyTo(to); err != nil {
			t.Fatal(err)
		}
		refused(t, "a second copy", from.copyTo(to), models.ErrNotEmpty)
		to.with(func(k *kit) {
			if got := k.query("SELECT COUNT(*) FROM accounts")[0].text(0); got != "900" {
				t.Errorf("the copy has %s accounts, want 900", got)
			}
		})
	})
}

// One instance at a time makes the scheduled backup, and only if it is due.
func TestBackupClaims(t *testing.T) {
	each(t, func(k *kit) {
		ctx := t.Context()
		claim := func(owner string, due time.Time, want bool) {
			k.t.Helper()
			won, err := k.Backups.Claim(ctx, owner, due)
			k.must(err)
			if won != want {
				k.t.Errorf("%s claims: %v, want %v", owner, won, want)
			}
		}
		state := func() models.BackupState {
			k.t.Helper()
			state, err := k.Backups.Last(ctx)
			k.must(err)
			return state
		}
		begun := k.clock.Now()
		claim("one", begun, true)
		claim("two", begun, false)
		k.must(k.Backups.Fail(ctx, "one", "the disk is full"))
		claim("two", begun, false) // it has just failed
		if got := state(); got.Failure != "the disk is full" || !got.FailedAt.Equal(begun) {
			k.t.Errorf("after a failure: %+v, want the failure", got)
		}
		k.clock.Advance(16 * time.Minute)
		claim("two", begun, true)
		k.clock.Advance(6 * time.Minute) // its lease ends
		if held, err := k.Backups.Renew(ctx, "one"); err != nil || held {
			k.t.Errorf("one renews: %v, %v; want that it lost the lease", held, err)
		}
		k.clock.Advance(16 * time.Minute)
		claim("one", begun, true)
		m := &models.BackupManifest{Schema: 42, At: k.clock.Now()}
		k.must(k.Backups.Done(ctx, "one", m, 4711))
		claim("two", m.At, false)
		if got := state(); got != (models.BackupState{LastAt: m.At, LastBytes: 4711}) {
			k.t.Errorf("after a backup: %+v, want its time and size", got)
		}
		k.clock.Advance(time.Hour)
		claim("two", k.clock.Now(), true)
		k.must(k.Backups.Release(ctx, "two"))
		claim("one", k.clock.Now(), true) // at once
		k.must(k.Backups.Release(ctx, "one"))
		k.exec("UPDATE backups SET last_at = ?, tried_at = ?, lease_until = ?", k.Now().AddDate(5, 0, 0), k.Now().AddDate(5, 0, 0), k.Now().AddDate(5, 0, 0))
		claim("two", k.clock.Now(), true) // a clock was wrong once
	})
}

package models_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

const thiefsKey = "another secret key, that of a thief"

// withKeys opens a store with other secret keys.
func withKeys(t *testing.T, current, previous string) modelstest.Adjust {
	t.Helper()
	keys, err := secret.NewKeys(current, previous)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *models.Options) { o.Keys = keys }
}

// unlimited lifts the limits of a single account too, so that a thief can try without end.
func unlimited(o *models.Options) {
	plenty := models.Limit{Hits: 1 << 30, Window: time.Hour}
	o.Limits.SignIn, o.Limits.PINQuarter, o.Limits.PINDay, o.Limits.KnownDevice, o.Limits.SignedIn = plenty, plenty, plenty, plenty, plenty
	o.Limits.RecoverMinute = plenty
}

// victim is an account with a secret of every kind.
type victim struct {
	models.Account
	session, confirm, pending, reset, pinReset, change, undo, notMe, mark string
	waiting                                                               string // of a sign-up that is not confirmed
}

func (k *kit) victim() victim {
	k.t.Helper()
	ctx := k.t.Context()
	v := victim{Account: k.account()}
	v.mark = k.signIn(v.Account).DeviceMark
	v.session = k.signIn(v.Account).Token
	v.notMe = k.letter(models.MailNewDevice, v.Email).Secret
	k.must(k.PINs.Set(ctx, v.ID, "", "8305", home))
	v.undo = k.change(v.Account, addressOf(newName()))
	v.Account = k.get(v.Account)
	v.change = k.askChange(v.Account, addressOf(newName()))
	v.reset = k.resetSecret(v.Account)
	v.pinReset = k.pinResetSecret(v.Account)
	v.waiting = newName()
	v.pending = k.signUp(v.waiting)
	v.confirm = k.letter(models.MailConfirm, addressOf(v.waiting)).Secret
	// Mails of every kind that has a secret wait in the outbox.
	w := k.account()
	k.signIn(w)
	k.signIn(w)
	k.signUp(newName())
	k.must(k.Emails.RequestChange(ctx, w.ID, addressOf(newName()), goodPassword, home))
	k.must(k.PINs.RequestReset(ctx, w.ID))
	k.must(k.Operators.SendReset(ctx, w.Username))
	return v
}

// doors returns all operations that need only a secret and do not spend it.
func (k *kit) doors() map[string]func(text string) error {
	ctx := k.t.Context()
	link := func(look func(string) (models.LinkInfo, error)) func(string) error {
		return func(text string) error { _, err := look(text); return err }
	}
	return map[string]func(string) error{
		"session":   func(text string) error { _, err := k.Sessions.Look(ctx, text); return err },
		"pending":   func(text string) error { _, err := k.Emails.Pending(ctx, text); return err },
		"not me":    func(text string) error { _, err := k.Sessions.LookNotMe(ctx, text); return err },
		"confirm":   link(func(s string) (models.LinkInfo, error) { return k.Emails.LookConfirm(ctx, s) }),
		"reset":     link(func(s string) (models.LinkInfo, error) { return k.Recovery.Look(ctx, s) }),
		"PIN reset": link(func(s string) (models.LinkInfo, error) { return k.PINs.LookReset(ctx, s) }),
		"change":    link(func(s string) (models.LinkInfo, error) { return k.Emails.LookChange(ctx, s) }),
		"undo":      link(func(s string) (models.LinkInfo, error) { return k.Emails.LookUndo(ctx, s) }),
	}
}

// forms returns the texts that a thief can make from a stored value.
func forms(value string) []string {
	sum := sha256.Sum256([]byte(value))
	texts := []string{value, hex.EncodeToString([]byte(value)), hex.EncodeToString(sum[:])}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		texts = append(texts, encoding.EncodeToString([]byte(value)))
	}
	raws := []secret.Hash{sum}
	if len(value) == len(sum) {
		raws = append(raws, secret.Hash([]byte(value)))
	}
	for _, raw := range raws {
		for _, kind := range []secret.Kind{secret.SessionToken, secret.MailToken, secret.PendingToken} {
			texts = append(texts, secret.FormatToken(kind, raw))
		}
	}
	return texts
}

// Somebody who has the whole database, but not the secret key, gets no access.
func TestStolenDatabaseOpensNothing(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		v := k.victim()
		doors := k.doors()
		for door, text := range map[string]string{
			"session": v.session, "pending": v.pending, "not me": v.notMe, "confirm": v.confirm,
			"reset": v.reset, "PIN reset": v.pinReset, "change": v.change,
		} { // each operation works with the right secret
			if err := doors[door](text); err != nil {
				k.t.Fatalf("%s: the right secret gave error %v, want success", door, err)
			}
		}
		k.must(doors["undo"](v.undo))
		k.signIn(v.Account)
		k.must(k.PINs.Verify(ctx, v.ID, "8305", home))

		k.run("no value of the database opens the real service", func(k *kit) {
			values := map[string]string{}
			for _, table := range k.tables() {
				for i, c := range k.columnsOf(table) {
					for _, row := range k.query("SELECT * FROM " + table) {
						if row[i] != nil && row.text(i) != "" {
							values[row.text(i)] = table + "." + c
						}
					}
				}
			}
			if len(values) < 150 {
				k.t.Fatalf("found %d values, want at least 150", len(values))
			}
			for value, from := range values {
				for i, text := range forms(value) {
					for door, open := range doors {
						if err := open(text); err == nil {
							k.t.Errorf("%s opens %s, want it refused", from, door)
						}
					}
					if i > 3 {
						continue
					}
					_, err := k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: v.Username, Password: text, DeviceMarks: []string{text}}, home)
					k.is(err, models.ErrSignInWrong)
					if err := k.PINs.Verify(ctx, v.ID, text, home); !errors.Is(err, models.ErrPINImpossible) {
						k.is(err, models.ErrWrongPIN)
					}
				}
			}
		})
		k.run("no value gives the secret of a mail", func(k *kit) {
			minted := 0
			keys, err := secret.NewKeys(thiefsKey, "")
			k.must(err)
			for _, row := range k.query("SELECT id, kind, salt, key_id FROM outbox") {
				id, err := strconv.ParseInt(row.text(0), 10, 64)
				k.must(err)
				salt := secret.Hash([]byte(row.text(2)))
				if _, err := models.MailSecretFrom(keys, models.MailKind(row.text(1)), id, salt, row.text(3)); err == nil {
					k.t.Error("another key made the secret of a mail, want an error")
				}
				text, err := models.MailSecretFrom(keys, models.MailKind(row.text(1)), id, salt, keys.ID())
				k.must(err)
				for door, open := range doors {
					if open(text) == nil {
						k.t.Errorf("a secret made with another key opens %s, want it refused", door)
					}
				}
				minted++
			}
			if minted < 5 {
				k.t.Errorf("%d mails are to be sent, want at least 5", minted)
			}
			for _, l := range k.letters() { // the real secrets do work
				if l.Secret == "" {
					continue
				}
				opened := 0
				for _, open := range doors {
					if open(l.Secret) == nil {
						opened++
					}
				}
				if opened != 1 {
					k.t.Errorf("the link of the mail %s works for %d operations, want 1", l.Kind, opened)
				}
			}
		})
	}, unlimited)
}

// A copy of the database under another key is refused at the start, and is of no use
// to a thief who starts it in spite of that.
func TestStolenCopyNeedsTheSecretKey(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock := modelstest.NewClock()
		k := &kit{modelstest.Open(t, address, clock, modelstest.Loose, unlimited), t, clock}
		ctx := t.Context()
		v := k.victim()
		options, err := modelstest.Options(address, clock)
		k.must(err)
		for _, adjust := range []modelstest.Adjust{modelstest.Loose, unlimited, withKeys(t, thiefsKey, "")} {
			adjust(&options)
		}
		store, err := models.New(options)
		k.must(err)
		t.Cleanup(func() { _ = store.Close() })
		if _, err := store.Prepare(ctx, "thief"); !errors.Is(err, models.ErrWrongKey) {
			t.Errorf("opening with another key gave error %v, want wrong key", err)
		}
		// The thief runs a service on the stolen rows, without the check of the secret key, or with
		// another key in the row that is checked.
		k.exec("DELETE FROM secret_keys")
		if _, err := store.Prepare(ctx, "thief"); err != nil {
			t.Error(err)
		}
		thief := &kit{store, t, clock}
		_, err = thief.trySignIn(v.Username, goodPassword) // even the right password is refused as wrong
		k.is(err, models.ErrSignInWrong)
		_, err = thief.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: v.Username, Password: goodPassword, DeviceMarks: []string{v.mark}}, home)
		k.is(err, models.ErrSignInWrong)
		for n := range 10000 { // no PIN is right either
			if n%500 != 8305%500 {
				continue
			}
			k.is(thief.PINs.Verify(ctx, v.ID, fmt.Sprintf("%04d", n), home), models.ErrWrongPIN)
		}
		for _, l := range thief.letters() { // the service makes no mail with a secret from the stolen rows
			if l.Secret != "" {
				t.Errorf("the mail %s has a secret, want none", l.Kind)
			}
		}
		// With the right key the same operations work.
		k.exec("DELETE FROM secret_keys")
		_, err = k.trySignIn(v.Username, goodPassword)
		k.must(err)
		k.must(k.PINs.Verify(ctx, v.ID, "8305", home))
	})
}

// columnsOf returns the names of a table's columns in the order of SELECT *.
func (k *kit) columnsOf(table string) []string {
	k.t.Helper()
	var names []string
	for _, c := range k.columns() {
		if strings.EqualFold(c.Table, table) {
			names = append(names, c.Name)
		}
	}
	return names
}

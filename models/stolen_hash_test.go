package models_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// Nobody can try out PINs against the stored hash with the database alone: it is
// not Argon2id over the PIN, nor over any hash of the PIN that needs no key.
func TestStolenPINHash(t *testing.T) {
	each(t, func(k *kit) {
		const pin = "8305"
		a := k.account()
		k.must(k.PINs.Set(k.t.Context(), a.ID, "", pin, home))
		stored := k.query("SELECT pin_hash FROM accounts WHERE id = ?", a.ID)[0].text(0)
		id, phc, _ := strings.Cut(stored, "$")
		owner := fmt.Sprint(a.ID)
		matches := func(text string) bool {
			same, err := argon2id.ComparePasswordAndHash(text, "$"+phc)
			k.must(err)
			return same
		}
		with := func(key string) []string {
			keys, err := secret.NewKeys(key, "")
			k.must(err)
			mac := keys.MAC("pin", pin, owner)
			return written(mac[:])
		}
		if !slices.ContainsFunc(with(modelstest.Key), matches) {
			k.t.Fatal("no guess with the right key gives the stored hash, want one: this test guesses the wrong form")
		}
		guesses := slices.Concat(with(thiefsKey), with(strings.Repeat("\x00", 32)), with(strings.Repeat(id, 2)))
		for _, text := range []string{pin, owner + pin, pin + owner, "pin" + pin + owner, id + pin, id + pin + owner} {
			sum := sha256.Sum256([]byte(text))
			guesses = append(guesses, written([]byte(text))...)
			guesses = append(guesses, written(sum[:])...)
			for _, key := range []string{"", id, owner, "pin", "latchkey pin"} {
				mac := hmac.New(sha256.New, []byte(key))
				mac.Write([]byte(text))
				guesses = append(guesses, written(mac.Sum(nil))...)
			}
		}
		for _, guess := range guesses {
			if matches(guess) {
				k.t.Errorf("%q gives the stored hash without the key, want that no guess does", guess)
			}
		}
	})
}

// written returns b in each of the usual text forms.
func written(b []byte) []string {
	return []string{
		string(b), hex.EncodeToString(b), base64.StdEncoding.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b),
		base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
	}
}

// A thief changes the stolen rows as if everything in them had been made with the thief's
// own secret key, and starts a service on them. No password and no PIN is right for that
// service, and the links in its mails do not work at the real service.
func TestStolenRowsRewritten(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock := modelstest.NewClock()
		k := &kit{modelstest.Open(t, address, clock, modelstest.Loose, unlimited), t, clock}
		v := k.victim()
		keys, err := secret.NewKeys(thiefsKey, "")
		k.must(err)
		rewrite := func(from, to string) {
			k.exec("UPDATE secret_keys SET key_id = ?", to)
			k.exec("UPDATE outbox SET key_id = ?", to)
			for _, column := range []string{"password_hash", "pin_hash"} {
				k.exec("UPDATE accounts SET "+column+" = REPLACE("+column+", ?, ?)", from, to)
			}
		}
		rightID := k.query("SELECT key_id FROM secret_keys")[0].text(0)
		rewrite(rightID, keys.ID())
		thief := &kit{modelstest.Open(t, address, clock, modelstest.Loose, unlimited, withKeys(t, thiefsKey, "")), t, clock}
		_, err = thief.trySignIn(v.Username, goodPassword)
		k.is(err, models.ErrSignInWrong)
		k.is(thief.PINs.Verify(t.Context(), v.ID, "8305", home), models.ErrWrongPIN)
		queued := k.query("SELECT * FROM outbox ORDER BY id")
		var minted []string
		for _, letter := range thief.letters() {
			if letter.Secret != "" {
				minted = append(minted, letter.Secret)
			}
		}
		if len(minted) < 5 || len(queued) < 5 {
			t.Errorf("the thief's service made %d secrets from %d mails, want at least 5 of each", len(minted), len(queued))
		}
		// The real database does not have the rows that the thief's service wrote.
		for _, text := range minted {
			k.exec("DELETE FROM tokens WHERE hash = ?", secret.Sum(text))
		}
		columns := k.columnsOf("outbox")
		for _, row := range queued {
			k.exec("INSERT INTO outbox ("+strings.Join(columns, ", ")+") VALUES (?"+strings.Repeat(", ?", len(columns)-1)+")", row...)
		}
		rewrite(keys.ID(), rightID)
		var real []string
		for _, letter := range k.letters() {
			if letter.Secret != "" {
				real = append(real, letter.Secret)
			}
		}
		if len(real) < 5 {
			t.Errorf("found %d real secrets, want at least 5", len(real))
		}
		for _, text := range minted {
			if slices.Contains(real, text) {
				t.Error("the thief's service made a real secret, want none")
			}
			for door, open := range k.doors() {
				if open(text) == nil {
					t.Errorf("a secret of the thief's service opens %s, want it refused", door)
				}
			}
		}
		_, err = k.trySignIn(v.Username, goodPassword) // the real rows have not changed
		k.must(err)
		k.must(k.PINs.Verify(t.Context(), v.ID, "8305", home))
	})
}

// With the values of the database, nobody can make a browser a known device: a thief stays
// a stranger, and the owner gets a mail about the new device.
func TestStolenDatabaseMarksNoDevice(t *testing.T) {
	each(t, func(k *kit) {
		a := k.account()
		k.signIn(a) // the first sign-in of an account sends no mail
		mark := k.signIn(a).DeviceMark
		k.must(k.PINs.Set(k.t.Context(), a.ID, "", "8305", home))
		k.resetSecret(a)
		parts := strings.Split(mark, ".")
		told := func(marks ...string) bool {
			k.t.Helper()
			k.clock.Advance(time.Second)
			in := models.SignIn{NameOrEmail: a.Username, Password: goodPassword, DeviceMarks: marks}
			_, err := k.Sessions.SignIn(k.t.Context(), in, home)
			k.must(err)
			return slices.Contains(kinds(k.letters(), a.Email), models.MailNewDevice)
		}
		k.letters()
		if told(mark) {
			k.t.Error("a mail reports a known browser, want none")
		}
		if !told() {
			k.t.Error("no mail reports an unknown browser, want one")
		}
		var forged []string
		for _, table := range k.tables() {
			for _, row := range k.query("SELECT * FROM " + table) {
				for i := range row {
					if row[i] == nil || len(row.text(i)) > 64 {
						continue
					}
					sum := sha256.Sum256([]byte(row.text(i)))
					for _, mac := range [][]byte{[]byte(row.text(i)), sum[:]} {
						forged = append(forged, strings.Join([]string{parts[0], parts[1], parts[2], base64.RawURLEncoding.EncodeToString(mac)}, "."))
					}
				}
			}
		}
		keys, err := secret.NewKeys(thiefsKey, "")
		k.must(err)
		mac := keys.MAC("known device", parts[0], parts[1], parts[2])
		forged = append(forged, strings.Join([]string{parts[0], parts[1], parts[2], base64.RawURLEncoding.EncodeToString(mac[:])}, "."),
			parts[0]+"."+parts[1]+"."+parts[2]+".", parts[0]+"1."+strings.Join(parts[1:], "."))
		if len(forged) < 50 || !told(forged...) {
			k.t.Errorf("with one of %d forged marks a browser is known, want at least 50 marks and none of them known", len(forged))
		}
	}, unlimited)
}

package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// The vectors come from a real client (docs/emby-connect.md §2.1).
func TestMD5FormsOfARealClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ password, filtered, plain string }{
		{"p@ss/w&rd!$", "f9b34541e06b206a78fe046d96d1639e", "84cde2b80d1da93d478d7c170e6b60c8"},
		{"wrong", "2bda2998d9b0ee197da142a0447f6725", "2bda2998d9b0ee197da142a0447f6725"},
	} {
		if got := models.FilteredMD5(c.password); got != c.filtered {
			t.Errorf("filtered MD5 of %q is %s, want %s", c.password, got, c.filtered)
		}
		if got := models.PlainMD5(c.password); got != c.plain {
			t.Errorf("MD5 of %q is %s, want %s", c.password, got, c.plain)
		}
	}
	if a, b := models.FilteredMD5(`<"'>`), models.PlainMD5("&lt;&quot;&#39;&gt;"); a != b {
		t.Error("the filter makes other replacements, want those of the real client")
	}
}

const md5Password = "p@ss/w&rd!$ of old times"

func withMD5(o *models.Options) { o.LegacyMD5 = true }

func (k *kit) md5SignIn(name, md5 string) (models.SignedIn, error) {
	return k.Sessions.SignIn(k.t.Context(), models.SignIn{NameOrEmail: name, MD5: md5, Kind: models.SessionDevice}, home)
}

// old returns a confirmed account with a password that the filter changes.
func (k *kit) old() models.Account {
	k.t.Helper()
	name := newName()
	_, err := k.Accounts.SignUp(k.t.Context(), models.SignUp{Username: name, Email: addressOf(name), Password: md5Password, Locale: "en"}, home)
	k.must(err)
	k.must(k.Emails.Confirm(k.t.Context(), k.letter(models.MailConfirm, addressOf(name)).Secret, home))
	return k.byName(name)
}

func TestLegacyMD5SignsIn(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.old()
		plain, filtered := models.PlainMD5(md5Password), models.FilteredMD5(md5Password)
		_, err := k.md5SignIn(person.Username, plain)
		k.is(err, models.ErrSignInWrong) // the verifier is made at the first sign-in with the password
		in, err := k.trySignIn(person.Username, md5Password)
		k.must(err)
		for _, sent := range []string{plain, filtered, strings.ToUpper(plain), strings.ToUpper(filtered)} {
			if _, err := k.md5SignIn(person.Username, sent); err != nil {
				k.t.Errorf("%s: sign-in failed with error %v, want success", sent, err)
			}
		}
		for _, sent := range []string{md5Password, models.PlainMD5("wrong"), plain[:31], plain + "0", "0"} {
			k.clock.Advance(5 * time.Second)
			_, err := k.md5SignIn(person.Username, sent)
			k.is(err, models.ErrSignInWrong)
		}
		k.clock.Advance(5 * time.Second)
		_, err = k.md5SignIn("nobody", plain)
		k.is(err, models.ErrSignInWrong)
		_, err = k.trySignIn(person.Username, plain)
		k.is(err, models.ErrSignInWrong) // an MD5 does not count as a password
		k.clock.Advance(5 * time.Second)
		row := k.texts("SELECT legacy_md5, legacy_md5_filtered FROM accounts")[0]
		if !strings.Contains(row[0], "$argon2id$") || !strings.Contains(row[1], "$argon2id$") || row[0] == row[1] {
			k.t.Errorf("stored the verifiers %v, want two different Argon2id hashes", row)
		}
		// If a request has both a plain password and an MD5, the plain password counts.
		_, err = k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: person.Username, Password: "wrong", MD5: plain}, home)
		k.is(err, models.ErrSignInWrong)
		_, err = k.Accounts.ChangePassword(ctx, in.Session, models.ChangePassword{Current: md5Password, Password: otherPassword}, home)
		k.must(err)
		k.clock.Advance(10 * time.Second)
		_, err = k.md5SignIn(person.Username, plain)
		k.is(err, models.ErrSignInWrong)
		if row := k.texts("SELECT legacy_md5, legacy_md5_filtered FROM accounts")[0]; row[0]+row[1] != "" {
			k.t.Errorf("after a new password the verifiers are %v, want none", row)
		}
	}, withMD5)
}

func TestLegacyMD5IsCounted(t *testing.T) {
	eachServer(t, func(k *kit) {
		person := k.old()
		_, err := k.trySignIn(person.Username, md5Password)
		k.must(err)
		for range 2 {
			_, err = k.md5SignIn(person.Username, "0")
			k.is(err, models.ErrSignInWrong)
			_, err = k.md5SignIn(person.Email, "0")
			k.is(err, models.ErrSignInWrong)
		}
		// The fourth failure closed the account's counter for every form.
		_, err = k.md5SignIn(person.Username, models.PlainMD5(md5Password))
		k.is(err, models.ErrThrottled)
		_, err = k.trySignIn(person.Username, md5Password)
		k.is(err, models.ErrThrottled)
	}, withMD5)
}

func TestLegacyMD5SwitchedOffErasesVerifiers(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock()
		open := func(adjust ...modelstest.Adjust) *kit {
			store := modelstest.Open(t, database, clock, append([]modelstest.Adjust{modelstest.Loose}, adjust...)...)
			models.Impatient(store)
			return &kit{store, t, clock}
		}
		k := open()
		person := k.old()
		stored := func() string {
			row := k.texts("SELECT legacy_md5, legacy_md5_filtered FROM accounts")[0]
			return row[0] + row[1]
		}
		_, err := k.trySignIn(person.Username, md5Password)
		k.must(err)
		if stored() != "" {
			t.Error("there are verifiers while the switch is off, want none")
		}
		k = open(withMD5)
		_, err = k.trySignIn(person.Username, md5Password)
		k.must(err)
		_, err = k.md5SignIn(person.Username, models.PlainMD5(md5Password))
		k.must(err)
		k = open()
		_, err = k.md5SignIn(person.Username, models.PlainMD5(md5Password))
		k.is(err, models.ErrSignInWrong)
		if stored() != "" {
			t.Error("there are verifiers after switching off, want none")
		}
	})
}

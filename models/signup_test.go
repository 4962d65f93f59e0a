package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestSignUp(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("makes an account that waits for its confirmation", func(k *kit) {
			name := newName()
			pending, err := k.Accounts.SignUp(ctx, models.SignUp{
				Username: name, DisplayName: "  Ada   Lovelace ", Email: name + "@Example.ORG", Password: goodPassword, Locale: "de",
			}, home)
			k.must(err)
			want := models.Account{
				Username: name, DisplayName: "Ada Lovelace", Email: name + "@example.org", Locale: "de",
				PasswordChangedAt: k.clock.Now(), CreatedAt: k.clock.Now(),
			}
			got := k.byName(name)
			got.ID = 0
			if diff := cmp.Diff(want, got); diff != "" {
				k.t.Errorf("account (-want +got): %s", diff)
			}
			waiting, err := k.Emails.Pending(ctx, pending)
			k.must(err)
			if want := (models.PendingSignUp{Username: name, Email: name + "@example.org"}); waiting != want {
				k.t.Errorf("pending %v, want %v", waiting, want)
			}
			letter := k.letter(models.MailConfirm, name+"@example.org")
			if letter.Locale != "de" || letter.Facts.DisplayName != "Ada Lovelace" || letter.Facts.Email != name+"@example.org" {
				k.t.Errorf("got the mail %+v, want German, the display name and the address", letter)
			}
		})
		k.run("reports all wrong input at once", func(k *kit) {
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: "a", DisplayName: "\u202eevil", Email: "x", Password: "short"}, home)
			k.isKind(err, models.KindInvalid)
			want := &models.Error{Fields: []models.FieldError{
				{Field: "username", Code: "username_invalid"},
				{Field: "display_name", Code: "display_name_invalid"},
				{Field: "email", Code: "email_invalid"},
				{Field: "password", Code: "password_too_short"},
			}}
			for _, f := range want.Fields {
				k.is(err, &models.Error{Code: "never", Fields: []models.FieldError{f}})
			}
		})
		k.run("refuses a taken username in any case", func(k *kit) {
			name := newName()
			k.signUp(name)
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: "P" + name[1:], Email: "else@example.org", Password: goodPassword}, home)
			k.is(err, models.ErrUsernameTaken)
			k.isKind(err, models.KindConflict)
		})
		k.run("uses a language that the service has", func(k *kit) {
			name := newName()
			_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword, Locale: "tlh"}, home)
			k.must(err)
			if got := k.byName(name).Locale; got != "en" {
				k.t.Errorf("locale %q, want en", got)
			}
		})
		k.run("gives no sign that an address is taken", func(k *kit) {
			owner := k.account()
			k.must(k.Accounts.SetLocale(ctx, owner.ID, "de"))
			name := newName()
			// The address is typed in another case; the mail must go to the stored address.
			_, err := k.Accounts.SignUp(ctx, models.SignUp{
				Username: name, Email: "PERSON" + owner.Email[len("person"):], Password: goodPassword, Locale: "en",
			}, home)
			k.must(err)
			letters := k.letters()
			letter := k.only(letters, models.MailAlreadyRegistered, owner.Email)
			want := models.MailFacts{Username: owner.Username, DisplayName: owner.DisplayName}
			if diff := cmp.Diff(want, letter.Facts); diff != "" || letter.Locale != "de" || letter.Secret != "" || len(letters) != 1 {
				k.t.Errorf("got the mails %+v, want one in German without a secret; facts (-want +got): %s", letters, diff)
			}
			// The name is still reserved, and nobody can sign in with it.
			_, err = k.trySignIn(name, goodPassword)
			k.is(err, models.ErrConfirmFirst)
		})
	})
}

func TestSignUpPolicy(t *testing.T) {
	t.Parallel()
	in := models.SignUp{Username: "alice", Email: "alice@example.org", Password: goodPassword, Locale: "en"}
	for policy, want := range map[models.SignUpPolicy]*models.Error{
		models.SignUpClosed: models.ErrSignUpClosed, models.SignUpInvite: models.ErrSignUpInviteOnly, "nonsense": models.ErrSignUpClosed,
	} {
		store, _ := modelstest.New(t, func(o *models.Options) { o.SignUp = policy })
		k := &kit{Store: store, t: t}
		k.is(store.Accounts.CheckSignUp(in), want)
		_, err := store.Accounts.SignUp(t.Context(), in, home)
		k.is(err, want)
		if _, err := store.Operators.Create(t.Context(), in); err != nil {
			t.Errorf("policy %s: the operator got error %v, want success", policy, err)
		}
	}
}

// After a week without confirmation the name of a sign-up is free and its links no longer
// work, even without a sweep, and no matter how often the mails were sent again.
func TestSignUpRunsOut(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		name, renamed := newName(), newName()
		pending := k.signUp(name)
		k.signUp(renamed)
		k.clock.Advance(6 * 24 * time.Hour)
		k.letters()
		k.must(k.Emails.Resend(ctx, pending, home))
		link := k.letter(models.MailConfirm, addressOf(name)).Secret
		somebody := k.account()
		k.clock.Advance(23 * time.Hour)
		_, err := k.Accounts.SignUp(ctx, models.SignUp{Username: name, Email: "new@example.org", Password: goodPassword}, home)
		k.is(err, models.ErrUsernameTaken)
		_, err = k.Emails.LookConfirm(ctx, link)
		k.must(err)
		k.clock.Advance(time.Hour)
		k.is(k.Emails.Confirm(ctx, link, home), models.ErrTokenSpent)
		_, err = k.Emails.Pending(ctx, pending)
		k.is(err, models.ErrTokenSpent)
		old := k.byName(name)
		k.signUp(name)
		if k.byName(name).ID == old.ID {
			k.t.Error("the name still belongs to the old sign-up, want a new account")
		}
		k.must(k.Accounts.SetProfile(ctx, somebody.ID, models.Profile{Username: renamed, Locale: "en"}, home))
	})
}

func TestSignUpIsThrottledBySource(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		k := &kit{store, t, clock}
		try := func(address string) error {
			name := newName()
			_, err := k.Accounts.SignUp(t.Context(), models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword},
				models.Caller{Address: address})
			return err
		}
		for range 10 {
			k.must(try("2001:db8:1:2::1"))
		}
		err := try("2001:db8:1:2:ffff::2") // the same /64 network
		k.is(err, models.ErrThrottled)
		k.must(try("2001:db8:1:3::1")) // another /64 network
		k.clock.Advance(10 * time.Minute)
		k.must(try("2001:db8:1:2::1"))
	})
}

// A person who sends the sign-up form twice gets the same answer as the first time, and is
// not told that the username is taken. A stranger who sends the form learns nothing from
// the answer.
func TestSignUpSentAgain(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		clock, work := modelstest.NewClock(), &hashes{}
		store := modelstest.Open(t, address, clock, modelstest.Loose, work.count, func(o *models.Options) {
			o.Limits.SignUpAgain = models.ProductionLimits().SignUpAgain
		})
		models.Impatient(store)
		k, ctx := &kit{store, t, clock}, t.Context()
		form := func(name, email, password string) models.SignUp {
			return models.SignUp{Username: name, Email: email, Password: password}
		}
		k.run("is answered like the first", func(k *kit) {
			name := newName()
			k.signUp(name)
			id := k.byName(name).ID
			again, err := k.Accounts.SignUp(ctx, form(strings.ToUpper(name), strings.ToUpper(name)+"@Example.org", goodPassword), home)
			k.must(err)
			if waiting, err := k.Emails.Pending(ctx, again); err != nil || waiting.Username != name || k.byName(name).ID != id {
				k.t.Errorf("the second form waits for %+v (%v), want the first account, %s", waiting, err, name)
			}
			if letters := k.letters(); len(letters) != 1 {
				k.t.Errorf("%d mails, want 1", len(letters))
			}
		})
		k.run("at the same time makes one account", func(k *kit) {
			name := newName()
			for _, err := range parallel(6, func(int) error {
				_, err := k.Accounts.SignUp(ctx, form(name, addressOf(name), goodPassword), home)
				return err
			}) {
				k.must(err)
			}
			if letters := k.letters(); len(letters) != 1 {
				k.t.Errorf("%d mails, want 1", len(letters))
			}
		})
		k.run("with anything else in it is refused, at one price", func(k *kit) {
			name, confirmed := newName(), k.account()
			k.signUp(name)
			for what, in := range map[string]models.SignUp{
				"another password": form(name, addressOf(name), otherPassword), "another address": form(name, "else@example.org", goodPassword),
				"a confirmed account": form(confirmed.Username, confirmed.Email, goodPassword),
			} {
				work.take()
				_, err := k.Accounts.SignUp(ctx, in, home)
				k.is(err, models.ErrUsernameTaken)
				if got := len(work.take()); got != 2 { // the new one, and one to compare
					k.t.Errorf("%s: %d hashes, want 2", what, got)
				}
			}
		})
		k.run("gives ten guesses a day", func(k *kit) {
			name := newName()
			k.signUp(name)
			for range 10 {
				_, err := k.Accounts.SignUp(ctx, form(name, addressOf(name), otherPassword), home)
				k.is(err, models.ErrUsernameTaken)
			}
			_, err := k.Accounts.SignUp(ctx, form(name, addressOf(name), goodPassword), home)
			k.is(err, models.ErrUsernameTaken)
			k.clock.Advance(23 * time.Hour)
			_, err = k.Accounts.SignUp(ctx, form(name, addressOf(name), goodPassword), home)
			k.is(err, models.ErrUsernameTaken) // a wait of minutes would be a way around the limit of a sign-in
			k.clock.Advance(time.Hour)
			_, err = k.Accounts.SignUp(ctx, form(name, addressOf(name), goodPassword), home)
			k.must(err)
		})
	})
}

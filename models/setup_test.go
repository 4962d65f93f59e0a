package models_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// beginSetup returns whether a set-up is open, and its code and pass.
func (k *kit) beginSetup(needed bool) (open bool, code, pass string) {
	k.t.Helper()
	open, err := k.Setups.Begin(k.t.Context(), needed, needed)
	k.must(err)
	if !open {
		_, _, err := k.Setups.Code(k.t.Context())
		k.is(err, models.ErrNotFound)
		return false, "", ""
	}
	code, pass, err = k.Setups.Code(k.t.Context())
	k.must(err)
	return true, code, pass
}

// Who has the code makes the first operator, who can sign in at once, and finishes the set-up. After that nothing of it
// works any longer.
func TestSetup(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		open, code, pass := k.beginSetup(false)
		if !open || len(code) != len("BCDF-GHJK-LMNP") {
			k.t.Fatalf("open %v, code %q; want a set-up with a code of 12 letters", open, code)
		}
		if _, again, _ := k.beginSetup(false); again != code {
			k.t.Errorf("the code of a second start is %q, want the same, %q", again, code)
		}
		for _, row := range k.texts("SELECT salt, steps, mail_to FROM setups") {
			if strings.Contains(strings.Join(row, " "), strings.ReplaceAll(code, "-", "")) {
				k.t.Error("the database holds the code")
			}
		}
		if _, err := k.Setups.Enter(ctx, "BBBB-CCCC-DDDD", home); !errors.Is(err, models.ErrSetupCodeWrong) {
			k.t.Errorf("a wrong code gives error %v, want ErrSetupCodeWrong", err)
		}
		entered, err := k.Setups.Enter(ctx, " "+strings.ToLower(code)+" ", home)
		k.must(err)
		if entered != pass {
			k.t.Error("the code gives another pass than the link")
		}
		_, err = k.Setups.Look(ctx, strings.ToUpper(pass))
		k.is(err, models.ErrTokenSpent)
		k.is(k.Setups.Finish(ctx, pass), models.ErrSetupNoOperator)
		_, _, err = k.Setups.NewClaimCode(ctx, pass)
		k.is(err, models.ErrSetupNoOperator)

		in := models.SignUp{Username: newName(), Email: "boss@example.org", Password: "short", Locale: "en"}
		_, err = k.Setups.MakeOperator(ctx, pass, in, home)
		k.isKind(err, models.KindInvalid)
		in.Password = goodPassword
		made, err := k.Setups.MakeOperator(ctx, pass, in, home)
		k.must(err)
		if a := k.get(made); !a.Operator || a.ConfirmedAt.IsZero() {
			k.t.Errorf("the account is %+v, want a confirmed operator", a)
		}
		k.signIn(k.get(made))
		_, err = k.Setups.MakeOperator(ctx, pass, models.SignUp{Username: newName(), Email: "two@example.org", Password: goodPassword, Locale: "en"}, home)
		k.is(err, models.ErrSetupHasOperator)

		k.must(k.Setups.Change(ctx, pass, models.SetupName, []models.SettingChange{{Name: "service-name", Value: "Home"}}, home))
		k.must(k.Setups.Answer(ctx, pass, models.SetupCaptcha, models.SetupSkipped))
		if _, _, err := k.Setups.NewClaimCode(ctx, pass); err != nil {
			k.t.Errorf("no claim code: %v", err)
		}
		setup, err := k.Setups.Look(ctx, pass)
		k.must(err)
		want := map[models.SetupStep]string{
			models.SetupAccount: models.SetupDone, models.SetupName: models.SetupDone, models.SetupCaptcha: models.SetupSkipped, models.SetupServer: models.SetupDone,
		}
		if diff := cmp.Diff(want, setup.Steps); diff != "" || setup.Next() != models.SetupAddress || setup.AccountID != made.ID || k.settings()["service-name"] != "Home" {
			k.t.Errorf("the set-up is %+v, next %s, want another; steps (-want +got):\n%s", setup, setup.Next(), diff)
		}
		if open, again, _ := k.beginSetup(false); !open || again != code { // a restart in the middle
			k.t.Error("the set-up is over before it was finished")
		}

		k.must(k.Setups.Finish(ctx, pass))
		for name, err := range map[string]error{
			"Look": justErr(k.Setups.Look(ctx, pass)), "Enter": justErr(k.Setups.Enter(ctx, code, home)), "Finish": k.Setups.Finish(ctx, pass),
			"Answer": k.Setups.Answer(ctx, pass, models.SetupName, models.SetupDone),
		} {
			if !errors.Is(err, models.ErrNotFound) {
				k.t.Errorf("%s after the end gives error %v, want ErrNotFound", name, err)
			}
		}
		if open, _, _ := k.beginSetup(false); open {
			k.t.Error("a set-up is open although there is an operator")
		}
	})
}

func justErr[T any](_ T, err error) error { return err }

// The link in the mail of a set-up shows that the mail has arrived; a newer mail replaces it.
func TestSetupMail(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		_, _, pass := k.beginSetup(true)
		old, err := k.Setups.SendMail(ctx, pass, "boss@example.org")
		k.must(err)
		text, err := k.Setups.SendMail(ctx, pass, "boss@example.org")
		k.must(err)
		k.is(k.Setups.SeeMail(ctx, old), models.ErrTokenSpent)
		k.is(k.Setups.SeeMail(ctx, "no token"), models.ErrTokenSpent)
		setup, err := k.Setups.Look(ctx, pass)
		k.must(err)
		if !setup.MailSeenAt.IsZero() || setup.MailTo != "boss@example.org" {
			k.t.Errorf("the set-up is %+v, want a mail to boss that nobody has seen", setup)
		}
		k.must(k.Setups.SeeMail(ctx, text))
		k.must(k.Setups.SeeMail(ctx, text)) // a second click says the same
		if setup, err = k.Setups.Look(ctx, pass); err != nil || setup.MailSeenAt.IsZero() {
			k.t.Errorf("the set-up is %+v, error %v, want a mail that was seen", setup, err)
		}
	})
}

// A set-up without missing settings is over as soon as anybody is an operator; one that is needed goes on.
func TestSetupEndsWithAnOperator(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		_, code, pass := k.beginSetup(false)
		op := k.operator()
		k.is(justErr(k.Setups.Look(ctx, pass)), models.ErrNotFound)
		k.is(justErr(k.Setups.Enter(ctx, code, home)), models.ErrNotFound)
		if open, _, _ := k.beginSetup(false); open {
			k.t.Error("a set-up is open although there is an operator")
		}
		open, other, pass := k.beginSetup(true)
		if !open || other == code {
			k.t.Errorf("open %v with the code %q, want a set-up with a new code while settings are missing", open, other)
		}
		setup, err := k.Setups.Look(ctx, pass)
		k.must(err)
		if !setup.Operators || setup.AccountID != 0 {
			k.t.Errorf("the set-up is %+v, want one that knows an operator", setup)
		}
		k.must(k.Operators.Disable(ctx, op.Username)) // a disabled operator cannot set anything up
		if setup, err = k.Setups.Look(ctx, pass); err != nil || setup.Operators {
			k.t.Errorf("the set-up is %+v, error %v, want one without an operator", setup, err)
		}
	})
}

// Two browsers that send the form at the same time make one operator.
func TestSetupMakesOneOperator(t *testing.T) {
	each(t, func(k *kit) {
		_, _, pass := k.beginSetup(false)
		results := make([]error, 2)
		var both sync.WaitGroup
		for i := range results {
			name := newName()
			both.Go(func() {
				_, results[i] = k.Setups.MakeOperator(k.t.Context(), pass, models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword, Locale: "en"}, home)
			})
		}
		both.Wait()
		k.oneWinner(results, models.ErrSetupHasOperator)
	})
}

// Tries of the code are limited.
func TestSetupCodeIsLimited(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, store *models.Store, clock *modelstest.Clock) {
		models.Impatient(store)
		k := &kit{store, t, clock}
		_, code, _ := k.beginSetup(false)
		for range models.ProductionLimits().SetupSource.Hits {
			k.is(justErr(k.Setups.Enter(t.Context(), "BBBBCCCCDDDD", home)), models.ErrSetupCodeWrong)
		}
		k.is(justErr(k.Setups.Enter(t.Context(), code, home)), models.ErrThrottled)
		k.is(justErr(k.Setups.Enter(t.Context(), "no code", home)), models.ErrSetupCodeWrong)
	})
}

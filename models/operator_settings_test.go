package models_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// settings returns the settings that were made on a page.
func (k *kit) settings() map[string]string {
	k.t.Helper()
	values, err := k.OperatorSettings.All(k.t.Context())
	k.must(err)
	return values
}

// A setting that is secret is not in the database as it is, every change is an act, and all operators hear of changes that
// are to be announced.
func TestOperatorSettings(t *testing.T) {
	each(t, func(k *kit) {
		ctx, op, other := k.t.Context(), k.operator(), k.operator()
		k.letters()
		const url = "smtp://ann:geheim-9731@mail.example.org"
		k.must(k.OperatorSettings.Change(ctx, op.ID, []models.SettingChange{
			{Name: "mail-url", Value: url, Secret: true, Announce: true}, {Name: "service-name", Value: "Zu Hause"},
		}, home))
		if diff := cmp.Diff(map[string]string{"mail-url": url, "service-name": "Zu Hause"}, k.settings()); diff != "" {
			k.t.Errorf("settings (-want +got):\n%s", diff)
		}
		for _, row := range k.texts("SELECT name, value FROM operator_settings ORDER BY name") {
			if strings.Contains(row[1], "geheim") || strings.Contains(row[1], "mail.example.org") {
				k.t.Errorf("the database holds %s as it is", row[0])
			}
		}
		letters := k.letters()
		for _, a := range []models.Account{op, other} {
			if mail := k.only(letters, models.MailSettingsChanged, a.Email); mail.Facts.Address != home.Address {
				k.t.Errorf("the mail says the address %q, want %q", mail.Facts.Address, home.Address)
			}
		}
		k.must(k.OperatorSettings.Change(ctx, models.CommandLine, []models.SettingChange{{Name: "service-name", Remove: true}}, models.Caller{}))
		if diff := cmp.Diff(map[string]string{"mail-url": url}, k.settings()); diff != "" {
			k.t.Errorf("settings after one was removed (-want +got):\n%s", diff)
		}
		if letters := k.letters(); len(letters) != 0 {
			k.t.Errorf("mails %+v about a setting that is not announced, want none", letters)
		}
		var got []string
		for _, act := range k.acts(models.ActsAsk{})[:3] {
			got = append(got, string(act.Kind)+" "+act.Subject+" "+act.Actor)
		}
		if diff := cmp.Diff([]string{"setting_removed service-name ", "setting_changed service-name " + op.Username, "setting_changed mail-url " + op.Username}, got); diff != "" {
			k.t.Errorf("acts (-want +got):\n%s", diff)
		}

		someone := k.account()
		k.is(k.OperatorSettings.Change(ctx, someone.ID, []models.SettingChange{{Name: "service-name", Value: "Mine"}}, home), models.ErrOperatorsOnly)
		k.isKind(k.OperatorSettings.Change(ctx, op.ID, []models.SettingChange{{Name: "operator-name", Value: strings.Repeat("x", 1001)}}, home), models.KindInvalid)
	})
}

// A change of the secret key seals the settings again, so that the previous key can be forgotten.
func TestSettingsSurviveTheSecretKey(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const first, second = modelstest.Key, "the second secret key, for the next year"
		clock := modelstest.NewClock()
		open := func(current, previous string) *kit {
			return &kit{modelstest.Open(t, address, clock, modelstest.Loose, withKeys(t, current, previous)), t, clock}
		}
		k := open(first, "")
		k.must(k.OperatorSettings.Change(t.Context(), models.CommandLine, []models.SettingChange{{Name: "recaptcha-secret", Value: "abc", Secret: true}}, models.Caller{}))
		open(second, first)
		if got := open(second, "").settings()["recaptcha-secret"]; got != "abc" {
			t.Errorf("the setting is %q after the previous key was forgotten, want abc", got)
		}
	})
}

// Options of the Store can come from the settings in its own database.
func TestChoose(t *testing.T) {
	each(t, func(k *kit) {
		in := models.SignUp{Username: newName(), Email: "a@example.org", Password: goodPassword}
		k.must(k.Accounts.CheckSignUp(in))
		k.Choose(models.Choices{SignUp: models.SignUpClosed, Servers: models.ServersOff, ServiceName: "Latchkey", PasswordMinLength: 10, FamilyLimit: 10})
		k.is(k.Accounts.CheckSignUp(in), models.ErrSignUpClosed)
	})
}

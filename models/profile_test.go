package models_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/models"
)

func TestProfileChanges(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		k.run("changes names and language", func(k *kit) {
			a, name := k.account(), newName()
			k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: name, DisplayName: " Zoe\u0308 ", Locale: "de"}, home))
			got := k.get(a)
			if got.Username != name || got.DisplayName != "Zoë" || got.Locale != "de" {
				k.t.Errorf("got the account %+v, want the new names and language", got)
			}
			_, err := k.trySignIn(name, goodPassword)
			k.must(err)
			_, err = k.trySignIn(a.Username, goodPassword)
			k.is(err, models.ErrSignInWrong)
			k.signUp(a.Username) // the old username is free at once
			k.must(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: "P" + name[1:], Locale: "de"}, home))
			if got := k.get(a).DisplayName; got != "P"+name[1:] {
				k.t.Errorf("got the display name %q, want %q", got, "P"+name[1:])
			}
		})
		k.run("reports all wrong input at once", func(k *kit) {
			a, b := k.account(), k.account()
			err := k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: "admin", DisplayName: "\u202e", Locale: "xx"}, home)
			k.is(err, fieldError("username", "username_reserved"))
			k.is(err, fieldError("display_name", "display_name_invalid"))
			k.is(err, models.ErrLanguageInvalid)
			k.is(k.Accounts.SetProfile(ctx, a.ID, models.Profile{Username: b.Username, Locale: "en"}, home), models.ErrUsernameTaken)
			k.is(k.Accounts.SetProfile(ctx, 1, models.Profile{Username: "x-y-z", Locale: "en"}, home), models.ErrNotFound)
			if got := k.get(a); got != a {
				k.t.Errorf("got the account %+v, want it unchanged", got)
			}
		})
		k.run("sets a language", func(k *kit) {
			a := k.account()
			k.is(k.Accounts.SetLocale(ctx, a.ID, "xx"), models.ErrLanguageInvalid)
			k.is(k.Accounts.SetLocale(ctx, 1, "de"), models.ErrNotFound)
			k.must(k.Accounts.SetLocale(ctx, a.ID, "de"))
			k.must(k.Accounts.SetLocale(ctx, a.ID, "de")) // repeating it does not fail
			if got := k.get(a).Locale; got != "de" {
				k.t.Errorf("got the locale %s, want de", got)
			}
		})
	})
}

package models_test

import (
	"regexp"
	"testing"
	"time"
)

// TestPasswordsDoNotExpire signs in after ten years with the first password. It also looks
// for columns that could hold the end of a password, a hint or a security question, which
// must not exist.
func TestPasswordsDoNotExpire(t *testing.T) {
	each(t, func(k *kit) {
		person := k.account()
		k.clock.Advance(10 * 365 * 24 * time.Hour)
		in := k.signIn(person)
		if _, err := k.Sessions.Look(k.t.Context(), in.Token); err != nil {
			k.t.Errorf("the session after ten years is refused with error %v, want it to live", err)
		}
		if got := k.get(person).PasswordChangedAt; !got.Equal(person.PasswordChangedAt) {
			k.t.Errorf("the password was changed at %v, want %v", got, person.PasswordChangedAt)
		}
		extra := regexp.MustCompile(`hint|question|security_answer|password_.*(expire|until|end|life|old|previous)|(expire|old|previous|last)\w*_password`)
		accounts := false
		for _, c := range k.columns() {
			accounts = accounts || c.Table == "accounts" && c.Name == "password_hash"
			if extra.MatchString(c.Name) || c.Table == "accounts" && c.Name == "expires_at" {
				k.t.Errorf("%s has the column %s, want no end of passwords, no hints and no security questions", c.Table, c.Name)
			}
		}
		if !accounts {
			k.t.Error("accounts.password_hash is not among the columns, want it: this test shows nothing")
		}
	})
}

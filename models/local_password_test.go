package models_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// sealed is a text that has the form of a sealed password.
var sealed = strings.Repeat("Ab3-_", 40)

// passwordKey returns a new public key as an agent reports it.
func (k *kit) passwordKey() string {
	k.t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	k.must(err)
	return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
}

// passwordHome returns a server of a new owner whose agent takes passwords, and a guest with a
// session.
func (k *kit) passwordHome() (m media, person models.Account, session models.Session) {
	k.t.Helper()
	owner := k.account()
	m = k.agent(owner)
	in := report()
	in.PasswordKey = k.passwordKey()
	k.report(k.again(m), in)
	m = k.again(m)
	person = k.member(owner, m)
	return m, person, k.signIn(person).Session
}

func (k *kit) askPassword(session models.Session, m media) models.LocalPassword {
	k.t.Helper()
	asked, err := k.LocalPasswords.Ask(k.t.Context(), session, m.ID, sealed, home)
	k.must(err)
	return asked
}

func (k *kit) isPassword(p models.LocalPassword, state, reason string) {
	k.t.Helper()
	got, err := k.LocalPasswords.Get(k.t.Context(), p.AccountID, p.ID)
	k.must(err)
	if got.State != state || got.Reason != reason || got.Sealed != "" {
		k.t.Errorf("password %+v, want %s %s and nothing sealed", got, state, reason)
	}
}

// A sealed password reaches the agent of its server alone, is erased with the answer, and the
// person gets a mail.
func TestLocalPassword(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.passwordHome()
		other, _, _ := k.passwordHome()
		asked := k.askPassword(session, m)
		open, err := k.LocalPasswords.Open(ctx, m.Server)
		k.must(err)
		if len(open) != 1 || open[0].ID != asked.ID || open[0].Sealed != sealed || open[0].AccountID != person.ID || open[0].LinkID == 0 {
			k.t.Errorf("open %+v, want the one that was asked for", open)
		}
		if none, err := k.LocalPasswords.Open(ctx, other.Server); err != nil || len(none) != 0 {
			k.t.Errorf("open at another server %+v, %v, want none", none, err)
		}
		k.is(k.LocalPasswords.Complete(ctx, other.Server, asked.ID), models.ErrNotFound)
		k.must(k.LocalPasswords.Complete(ctx, m.Server, asked.ID))
		k.must(k.LocalPasswords.Complete(ctx, m.Server, asked.ID)) // again, after a crash of the agent
		k.isPassword(asked, models.LocalPasswordDone, "")
		if got := k.events(person)[models.EventLocalPassword]; got != 1 {
			k.t.Errorf("%d events, want 1", got)
		}
		if rows := k.query("SELECT id FROM outbox WHERE account_id = ? AND kind = 'local_password'", person.ID); len(rows) != 1 {
			k.t.Errorf("%d mails, want 1", len(rows))
		}
		if rows := k.query("SELECT id FROM local_passwords WHERE sealed <> ''"); len(rows) != 0 {
			k.t.Errorf("%d sealed passwords are kept, want none", len(rows))
		}
		failed := k.askPassword(session, m)
		k.hasField(k.LocalPasswords.Fail(ctx, m.Server, failed.ID, "expired"), "reason", "local_password_reason_invalid")
		k.must(k.LocalPasswords.Fail(ctx, m.Server, failed.ID, models.LocalPasswordNotAllowed))
		k.isPassword(failed, models.LocalPasswordFailed, models.LocalPasswordNotAllowed)
	})
}

// Another password replaces the one that waits; it ends when the person signs out everywhere, and
// by itself after ten minutes.
func TestLocalPasswordEnds(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		m, person, session := k.passwordHome()
		first, second := k.askPassword(session, m), k.askPassword(session, m)
		k.isPassword(first, models.LocalPasswordFailed, models.LocalPasswordReplaced)
		k.must(k.Sessions.EndAll(ctx, person.ID, home))
		k.isPassword(second, models.LocalPasswordFailed, models.LocalPasswordExpired)
		k.is(k.LocalPasswords.Complete(ctx, m.Server, second.ID), models.ErrNotFound)
		_, err := k.LocalPasswords.Ask(ctx, session, m.ID, sealed, home)
		k.is(err, models.ErrNoSession)

		third := k.askPassword(k.signIn(person).Session, m)
		k.clock.Advance(10 * time.Minute)
		k.isPassword(third, models.LocalPasswordFailed, models.LocalPasswordExpired)
		if open, err := k.LocalPasswords.Open(ctx, m.Server); err != nil || len(open) != 0 {
			k.t.Errorf("open after its time %+v, %v, want none", open, err)
		}
		k.is(k.LocalPasswords.Complete(ctx, m.Server, third.ID), models.ErrNotFound)
		k.must(k.Sweep(ctx))
		if rows := k.query("SELECT id FROM local_passwords"); len(rows) != 0 {
			k.t.Errorf("%d passwords after the sweep, want none", len(rows))
		}
	})
}

// Guests may give their local user a password, and so may linked people if the owner allows it. The
// local user must not be an administrator and must not wait for a yes.
func TestLocalPasswordPlace(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		m := k.agent(owner)
		in := report()
		k.report(k.again(m), in)
		person := k.account()
		asked, err := k.Agents.AskFor(ctx, k.again(m).Server, models.AskLink{Username: person.Username, LocalUserID: "u-anna"})
		k.must(err)
		k.must(k.Links.Accept(ctx, person.ID, asked.ID, home))
		session := k.signIn(person).Session
		refused := func(want string) {
			k.t.Helper()
			place, err := k.LocalPasswords.Place(ctx, person.ID, m.ID)
			k.must(err)
			if place.Refused != want {
				k.t.Errorf("refused %q, want %q", place.Refused, want)
			}
			if _, err := k.LocalPasswords.Ask(ctx, session, m.ID, sealed, home); (want == "") != (err == nil) {
				k.t.Errorf("asked although refused is %q: error %v", want, err)
			}
		}
		change := func(of func(r *models.Report)) {
			k.t.Helper()
			in.LocalUsers = report().LocalUsers
			of(&in)
			k.report(k.again(m), in)
		}
		refused("no_key")
		change(func(r *models.Report) { r.PasswordKey = k.passwordKey() })
		refused("linked")
		k.must(k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{LinkedPasswords: new(true)}))
		refused("")
		change(func(r *models.Report) { r.LocalUsers[0].Administrator = true })
		refused("administrator")
		change(func(r *models.Report) { r.LocalUsers[0].NotAllowed = true })
		refused("not_allowed")
		change(func(r *models.Report) { r.LocalUsers[0].Disabled = true })
		refused("disabled")
		change(func(r *models.Report) { r.LocalUsers = r.LocalUsers[1:] })
		refused("gone")

		stranger := k.account()
		_, err = k.LocalPasswords.Place(ctx, stranger.ID, m.ID)
		k.is(err, models.ErrNotFound)
		_, err = k.LocalPasswords.Ask(ctx, k.signIn(stranger).Session, m.ID, sealed, home)
		k.is(err, models.ErrNotFound)
		for _, bad := range []string{"", "short", sealed + "=", strings.Repeat("A", 901)} {
			_, err = k.LocalPasswords.Ask(ctx, session, m.ID, bad, home)
			k.hasField(err, "sealed", "local_password_invalid")
		}
	})
}

// A report with a key that is not a point of the curve is refused.
func TestPasswordKeyIsAPoint(t *testing.T) {
	each(t, func(k *kit) {
		m := k.agent(k.account())
		for _, bad := range []string{"x", k.passwordKey()[:80], base64.RawURLEncoding.EncodeToString(make([]byte, 65))} {
			in := report()
			in.PasswordKey = bad
			_, err := k.Agents.Report(k.t.Context(), m.Server, in)
			k.hasField(err, "password_key", "password_key_invalid")
		}
	})
}

// A limit stops an account that asks again and again.
func TestLocalPasswordsAreLimited(t *testing.T) {
	each(t, func(k *kit) {
		m, _, session := k.passwordHome()
		for range 10 {
			k.askPassword(session, m)
		}
		_, err := k.LocalPasswords.Ask(k.t.Context(), session, m.ID, sealed, home)
		k.is(err, models.ErrThrottled)
	}, func(o *models.Options) { o.Limits.LocalPassword = models.ProductionLimits().LocalPassword })
}

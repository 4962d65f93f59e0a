package models_test

import (
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// mailsWithSecrets owes mails whose links have every purpose that a restore ends.
func (k *kit) mailsWithSecrets(owner models.Account, m media) {
	k.t.Helper()
	ctx, a := k.t.Context(), k.account()
	k.must(k.PINs.Set(ctx, a.ID, "", "8305", home))
	k.signIn(a)
	k.letters()
	k.signIn(a) // a second browser
	k.must(k.Recovery.Request(ctx, a.Username, home, false))
	k.must(k.PINs.RequestReset(ctx, a.ID))
	k.must(k.Emails.RequestChange(ctx, a.ID, addressOf(newName()), goodPassword, home))
	k.invite(owner, addressOf(newName()), m)
}

// secretRows counts the rows that can let somebody in, or from which a link is made that
// can let somebody in. Each kind of row has a query of its own, and at least one row of
// each kind exists.
func (k *kit) secretRows() map[string]string {
	k.t.Helper()
	queries := map[string]string{"open invites": "SELECT COUNT(*) FROM invites WHERE state = 'pending'"}
	for _, table := range []string{"sessions", "device_codes", "quick_connects", "claim_codes", "proofs"} {
		queries[table] = "SELECT COUNT(*) FROM " + table
	}
	for _, purpose := range []string{"reset", "pin_reset", "email_change", "not_me", "invite"} {
		queries["links: "+purpose] = "SELECT COUNT(*) FROM tokens WHERE purpose = '" + purpose + "'"
	}
	for _, kind := range []models.MailKind{
		models.MailPasswordReset, models.MailPINReset, models.MailEmailConfirm, models.MailNewDevice, models.MailInvite,
	} {
		queries["owed mails: "+string(kind)] = "SELECT COUNT(*) FROM outbox WHERE kind = '" + string(kind) + "'"
	}
	counts := map[string]string{}
	for what, query := range queries {
		counts[what] = k.texts(query)[0][0]
	}
	return counts
}

// A restore ends every kind of session, code, proof, mailed link, owed mail with a link and
// open invite that is older than the restore, and does not end those that are made after
// it.
func TestRestoreEndsEverySecret(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		prepare := func() {
			m, _, session := k.quickHome()
			owner := k.account()
			own := k.agent(owner)
			k.must(k.Servers.Change(ctx, owner.ID, own.ID, models.ServerChange{SelfService: new(true)}))
			k.mailsWithSecrets(owner, own)
			k.letters() // they are sent, so that their links exist
			_, err := k.Proofs.Start(ctx, k.account().ID, own.ID)
			k.must(err)
			k.quick(session, m, "123456")
			k.begin("dev-" + newName())
			k.claimCode(owner)
			k.mailsWithSecrets(owner, own)
		}
		prepare()
		for what, n := range k.secretRows() {
			if n == "0" {
				k.t.Errorf("%s: 0 rows before the restore, want one at least", what)
			}
		}
		k.clock.Advance(time.Minute)
		k.must(k.Restores.Declare(ctx))
		k.clock.Advance(time.Minute)
		if done, err := k.Restores.Finish(ctx); err != nil || !done {
			k.t.Fatalf("done %v, error %v, want it done", done, err)
		}
		for what, n := range k.secretRows() {
			if n != "0" {
				k.t.Errorf("%s: %s rows after the restore, want 0", what, n)
			}
		}
		prepare()
		if done, err := k.Restores.Finish(ctx); err != nil || done {
			k.t.Errorf("done %v, error %v, want nothing left to do", done, err)
		}
		for what, n := range k.secretRows() {
			if n == "0" {
				k.t.Errorf("%s: 0 rows that were made after the restore, want one at least", what)
			}
		}
	})
}

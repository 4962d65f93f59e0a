package models_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// open opens a browser's session without any operation of the Store, so that nothing else of
// the account changes, and returns its token.
func (k *kit) open(a models.Account) string {
	k.t.Helper()
	token, err := secret.NewToken(secret.SessionToken, rand.Reader)
	k.must(err)
	id, err := models.NewID(k.Store)
	k.must(err)
	now := k.Now()
	k.exec(`INSERT INTO sessions (id, token_hash, account_id, kind, device, icon, address, created_at, last_seen_at, confirmed_at, expires_at,
 device_id, client) VALUES (?, ?, ?, 'browser', '', '', '', ?, ?, ?, ?, '', '')`, id, secret.Sum(token), a.ID, now, now, now, now.Add(time.Hour))
	return token
}

// visits looks an account up as a page does, and compares what the page says with what the
// operations on links, invites and servers say.
func (k *kit) visits(a models.Account) models.Visitor {
	k.t.Helper()
	ctx := k.t.Context()
	visitor, err := k.Sessions.LookVisitor(ctx, k.open(a))
	k.must(err)
	got, err := k.Invites.WaitingFor(ctx, &visitor)
	k.must(err)
	want, err := k.Invites.AllWaiting(ctx, a.ID)
	k.must(err)
	owned, err := k.Servers.Mine(ctx, a.ID)
	k.must(err)
	if got != want || visitor.OwnsServers != (len(owned) > 0) || visitor.AccountID != a.ID || visitor.Username != a.Username {
		k.t.Errorf("got %d waiting for %+v, want %d for %s, who owns %d servers", got, visitor, want, a.Username, len(owned))
	}
	return visitor
}

// A page learns from the session what waits for its visitor: the number of links, and
// whether there is an invite to count or a server to list.
func TestVisitorsLearnWhatWaits(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		want := func(when string, a models.Account, links int, invited, owns bool) {
			k.t.Helper()
			if v := k.visits(a); v.WaitingLinks != links || v.Invited != invited || v.OwnsServers != owns {
				k.t.Errorf("%s: got %d links, invited %v, owns servers %v; want %d, %v, %v", when, v.WaitingLinks, v.Invited, v.OwnsServers, links, invited, owns)
			}
		}
		want("at first", owner, 0, false, false)
		m, other := k.server(owner), k.server(owner)
		want("with servers", owner, 0, false, true)
		asked := k.ask(m, anna)
		k.ask(other, anna)
		want("with two links", anna, 2, false, false)
		k.disableServer(other)
		want("with a server that is disabled", anna, 1, false, false)
		k.exec("UPDATE links SET ends_at = ? WHERE id = ?", k.Now().Add(time.Hour), asked.ID)
		want("with a link that ends", anna, 1, false, false)
		k.clock.Advance(time.Hour)
		want("with a link that has ended", anna, 0, false, false)
		media := k.agent(owner)
		byAddress := k.invite(owner, anna.Email, media)
		want("invited by address", anna, 0, true, false)
		k.must(k.Invites.Decline(ctx, anna.ID, byAddress.ID, home))
		want("after no", anna, 0, false, false)
		k.offer(owner, media, anna, "u-anna")
		want("invited by name", anna, 0, true, false)
		k.must(k.Operators.Disable(ctx, owner.Username))
		k.visits(anna)
	})
}

// The addresses of an account decide which invites are its own, through all changes of its
// address; a page reads the address in the row of the account.
func TestVisitorsAreInvitedByTheirAddress(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner, anna := k.account(), k.account()
		m, wanted := k.agent(owner), addressOf(newName())
		invited := func(when string, want bool) {
			k.t.Helper()
			if got := k.visits(anna).Invited; got != want {
				k.t.Errorf("%s: got invited %v, want %v", when, got, want)
			}
		}
		k.invite(owner, wanted, m)
		confirm := k.askChange(anna, wanted)
		invited("before the change is confirmed", false)
		k.must(k.confirmChange(confirm))
		undo := k.letter(models.MailEmailChanged, anna.Email).Secret
		invited("after the change", true)
		_, err := k.Emails.Undo(k.t.Context(), undo, home)
		k.must(err)
		invited("after it was undone", false)
		k.invite(owner, anna.Email, m)
		invited("by the old address, which counts again", true)
	})
}

// Neither a token that is unknown nor one that has run out opens a page.
func TestVisitorsNeedASession(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a := k.t.Context(), k.account()
		token := k.open(a)
		unknown, err := secret.NewToken(secret.SessionToken, rand.Reader)
		k.must(err)
		for name, text := range map[string]string{"unknown": unknown, "malformed": token + "x", "empty": ""} {
			if _, err := k.Sessions.LookVisitor(ctx, text); !errors.Is(err, models.ErrNoSession) {
				k.t.Errorf("%s: got error %v, want %v", name, err, models.ErrNoSession)
			}
		}
		k.clock.Advance(time.Hour)
		_, err = k.Sessions.LookVisitor(ctx, token)
		k.is(err, models.ErrNoSession)
	})
}

package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// An invite that is made at the server belongs to the server's owner.
func TestInviteMadeAtTheServer(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		made, err := k.inviteHere(m, "new@example.org")
		k.must(err)
		if made.OwnerID != owner.ID || made.OwnerUsername != owner.Username || made.To != "new@example.org" || len(made.Servers) != 1 ||
			made.Servers[0].ServerID != m.ID || len(made.Servers[0].Libraries) != 1 || !made.Servers[0].EndsAt.Equal(k.Now().Add(time.Hour)) {
			k.t.Errorf("got the invite %+v, want the server with one library and an end in an hour", made)
		}
		k.letter(models.MailInvite, "new@example.org")
		if sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10); err != nil || len(sent) != 1 || sent[0].ID != made.ID {
			k.t.Errorf("got the sent invites %+v with error %v, want the one made at the server", sent, err)
		}
		events, err := k.History.List(ctx, owner.ID, 1)
		if err != nil || events[0].Kind != models.EventInviteSent || events[0].Address != tv.Address {
			k.t.Errorf("got the events %+v with error %v, want one with the network address of the server", events, err)
		}
		// An invite can be for a local user, who is then linked.
		in := models.ServerInvite{To: anna.Username, Type: models.LinkLinked, LocalUserID: "u-anna", Note: "Hello"}
		one, err := k.Agents.InviteHere(ctx, m.Server, in, tv)
		k.must(err)
		k.must(k.Invites.Accept(ctx, anna.ID, one.ID, home))
		if links := k.agentLinks(m); len(links) != 1 || links[0].LocalUserID != "u-anna" || links[0].State != models.LinkAccepted {
			k.t.Errorf("got the links %+v, want one accepted link with the local user", links)
		}
		for _, tt := range []struct {
			change      func(in *models.ServerInvite)
			field, code string
		}{
			{func(*models.ServerInvite) {}, "local_user", "local_user_taken"},
			{func(in *models.ServerInvite) { in.LocalUserID = "u-nobody" }, "local_user", "local_user_unknown"},
			{func(in *models.ServerInvite) { in.To, in.LocalUserID = "nobody-at-all", "" }, "to", "username_unknown"},
			{func(in *models.ServerInvite) { in.To, in.LocalUserID = owner.Username, "" }, "to", "username_unknown"},
			{func(in *models.ServerInvite) { in.Type, in.LocalUserID = "boss", "" }, "type", "type_invalid"},
			{func(in *models.ServerInvite) { in.EndsAt, in.LocalUserID = k.Now(), "" }, "ends_at", "ends_at_invalid"},
			{func(in *models.ServerInvite) { in.LocalUserID, in.Libraries = "", []models.Library{{ExternalID: "x"}} }, "libraries", "library_unknown"},
		} {
			wrong := in
			wrong.To = k.account().Username
			tt.change(&wrong)
			_, err := k.Agents.InviteHere(ctx, m.Server, wrong, tv)
			k.hasField(err, tt.field, tt.code)
		}
	})
}

// A server without an owner cannot invite, nor can one whose owner is disabled.
func TestInviteHereNeedsAnOwner(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		_, err := k.inviteHere(k.stray(), "new@example.org")
		k.is(err, models.ErrServerUnclaimed)
		m := k.agent(owner)
		k.must(k.Operators.Disable(ctx, owner.Username))
		_, err = k.inviteHere(m, "new@example.org")
		k.is(err, models.ErrAccountDisabled)
		if letters := k.letters(); len(kinds(letters, "new@example.org")) != 0 {
			k.t.Errorf("got the mails %+v, want none to the invited address", letters)
		}
		// After it is handed over, the server invites in the name of its new owner.
		heir := k.account()
		other := k.agent(k.account())
		k.must(k.Servers.HandOver(ctx, other.OwnerID, other.ID, heir.Username, home))
		_, err = k.inviteHere(other, "new@example.org") // with the server as it was looked up before the change
		if err == nil {
			k.t.Error("a server invites for its previous owner, want an error")
		}
		made, err := k.inviteHere(k.again(other), "new@example.org")
		if err != nil || made.OwnerID != heir.ID {
			k.t.Errorf("got the invite %+v with error %v, want one of the new owner", made, err)
		}
	})
}

// A repeated request makes no second invite. The owner and each of the servers have
// separate idempotency keys.
func TestInviteHereOnce(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m, other := k.agent(owner), k.agent(owner)
		in := models.ServerInvite{To: "new@example.org", Type: models.LinkGuest, IdempotencyKey: "0123456789abcdef"}
		here := func(m media) models.Invite {
			k.t.Helper()
			made, err := k.Agents.InviteHere(ctx, m.Server, in, tv)
			k.must(err)
			return made
		}
		first := here(m)
		results := parallel(8, func(int) error {
			made, err := k.Agents.InviteHere(ctx, m.Server, in, tv)
			if err == nil && made.ID != first.ID {
				err = errors.New("another invite")
			}
			return err
		})
		for _, err := range results {
			k.must(err)
		}
		if here(other).ID == first.ID {
			k.t.Error("two servers share an idempotency key, want two invites")
		}
		byOwner, err := k.Invites.Create(ctx, owner.ID, models.NewInvite{
			To: in.To, Type: in.Type, Servers: []models.InviteServer{{ServerID: m.ID}}, IdempotencyKey: in.IdempotencyKey,
		}, home)
		if err != nil || byOwner.ID == first.ID {
			k.t.Errorf("owner and server share an idempotency key, error %v; want two invites", err)
		}
		in.Note = "other"
		_, err = k.Agents.InviteHere(ctx, m.Server, in, tv)
		k.is(err, models.ErrOtherRequest)
	})
}

// An invite that a server makes counts toward the limit of its owner.
func TestInviteHereIsLimited(t *testing.T) {
	eachInvite(t, func(k *kit) {
		owner := k.account()
		m := k.agent(owner)
		k.invite(owner, "a@example.org", m)
		_, err := k.inviteHere(m, "b@example.org")
		k.must(err)
		_, err = k.inviteHere(m, "c@example.org")
		k.is(err, models.ErrThrottled)
	}, func(o *models.Options) { o.Limits.InviteDay = models.Limit{Hits: 2, Window: time.Hour} })
}

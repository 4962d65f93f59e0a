package models_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// inviteLink makes an invite with a link for guests of servers, and returns it with the secret
// of the link.
func (k *kit) inviteLink(owner models.Account, in models.NewInvite, servers ...media) (models.Invite, string) {
	k.t.Helper()
	ctx := k.t.Context()
	in.Link, in.Type = true, models.LinkGuest
	for _, m := range servers {
		in.Servers = append(in.Servers, models.InviteServer{ServerID: m.ID})
	}
	invite, err := k.Invites.Create(ctx, owner.ID, in, home)
	k.must(err)
	text, err := k.InviteLinks.Secret(ctx, owner.ID, invite.ID)
	k.must(err)
	return invite, text
}

// newcomer signs up with the link of an invite, and returns the account and its session.
func (k *kit) newcomer(name, link string) (models.Account, models.SignedIn) {
	k.t.Helper()
	out, err := k.Invites.SignUp(k.t.Context(), byLink(name, link), home)
	k.must(err)
	account, err := k.Accounts.Get(k.t.Context(), out.Session.AccountID)
	k.must(err)
	return account, out
}

func byLink(name, link string) models.SignUp {
	return models.SignUp{Username: name, Email: addressOf(name), Password: goodPassword, Locale: "en", Invite: link}
}

// Everybody who has the link may accept, as often as it has uses. Looking spends nothing, and the
// owner can copy it until it is used up.
func TestInviteLink(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna, bert, carl := k.t.Context(), k.account(), k.account(), k.account(), k.account()
		m := k.agent(owner)
		until := k.Now().Add(3 * 24 * time.Hour)
		invite, link := k.inviteLink(owner, models.NewInvite{Greeting: " Aunt  Nina ", Uses: 2, ExpiresAt: until}, m)
		if n := len(k.letters()); n != 0 {
			k.t.Errorf("%d mails were sent, want none for a link alone", n)
		}
		if invite.Greeting != "Aunt Nina" || !invite.Link || invite.Uses != 2 || invite.Used != 0 || invite.To != "" || !invite.ExpiresAt.Equal(until) {
			k.t.Errorf("got the invite %+v, want a link with a greeting, two uses and an end", invite)
		}
		for range 3 { // as a scanner does
			seen, email, err := k.Invites.Look(ctx, link, home)
			k.must(err)
			if seen.ID != invite.ID || email != "" || seen.State != models.InvitePending {
				k.t.Errorf("got the invite %+v and the address %q, want the pending invite without an address", seen, email)
			}
		}
		k.is(k.InviteLinks.Accept(ctx, owner.ID, link, home), models.ErrInviteOwn)
		k.must(k.InviteLinks.Accept(ctx, anna.ID, link, home))
		k.is(k.InviteLinks.Accept(ctx, anna.ID, link, home), models.ErrAlreadyMember)
		k.must(k.InviteLinks.Accept(ctx, bert.ID, link, home))
		k.is(k.InviteLinks.Accept(ctx, carl.ID, link, home), models.ErrInviteUsed)
		k.is(k.InviteLinks.Accept(ctx, carl.ID, link, home), models.ErrTokenSpent)
		_, err := k.InviteLinks.Secret(ctx, owner.ID, invite.ID)
		k.is(err, models.ErrNotFound)
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
		k.must(err)
		if len(sent) != 1 || sent[0].State != models.InviteAccepted || sent[0].Used != 2 || sent[0].AnsweredBy != bert.Username {
			k.t.Errorf("got the invites %+v, want one that was used twice", sent)
		}
		if links := k.agentLinks(m); len(links) != 2 {
			k.t.Errorf("got the links %+v, want two", links)
		}
	})
}

// A link that is over says why, and whom to ask.
func TestInviteLinkIsOver(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		withdrawn, first := k.inviteLink(owner, models.NewInvite{}, m)
		k.must(k.Invites.Withdraw(ctx, owner.ID, withdrawn.ID, home))
		_, second := k.inviteLink(owner, models.NewInvite{ExpiresAt: k.Now().Add(time.Hour)}, m)
		k.clock.Advance(time.Hour)
		unknown, err := secret.NewToken(secret.InviteToken, rand.Reader)
		k.must(err)
		for text, want := range map[string]error{
			first: models.ErrInviteWithdrawn, second: models.ErrInviteExpired, unknown: models.ErrTokenSpent, "lki_x": models.ErrTokenSpent,
		} {
			_, _, err := k.Invites.Look(ctx, text, home)
			k.is(err, want)
			known := strings.HasPrefix(want.Error(), "invite_")
			if told := fmt.Sprint(err); known != (paramOf(err, "Owner") == owner.Username) {
				k.t.Errorf("%s: the owner is told: %t, want %t", told, !known, known)
			}
			_, err = k.Invites.SignUp(ctx, byLink(newName(), text), home)
			k.is(err, want)
		}
	})
}

func TestInviteLinkRules(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner, anna := k.t.Context(), k.account(), k.account()
		m := k.agent(owner)
		user := k.localUser(owner, m, "u-anna")
		guest := []models.InviteServer{{ServerID: m.ID}}
		for name, tt := range map[string]struct {
			in   models.NewInvite
			want string
		}{
			"neither mail nor link": {models.NewInvite{}, "to=to_missing"},
			"many for one person":   {models.NewInvite{To: anna.Username, Link: true, Uses: 2}, "uses=uses_mailed"},
			"many for a local user": {models.NewInvite{Link: true, Uses: 2, Type: models.LinkLinked, Servers: []models.InviteServer{{ServerID: m.ID, LocalUserID: user.ID}}}, "uses=uses_linked"},
			"too many":              {models.NewInvite{Link: true, Uses: 101}, "uses=uses_invalid"},
			"fewer than none":       {models.NewInvite{Link: true, Uses: -1}, "uses=uses_invalid"},
			"over already":          {models.NewInvite{Link: true, ExpiresAt: k.Now()}, "expires_at=expires_at_invalid"},
			"for ever":              {models.NewInvite{Link: true, ExpiresAt: k.Now().Add(367 * 24 * time.Hour)}, "expires_at=expires_at_invalid"},
			"a hidden name":         {models.NewInvite{Link: true, Greeting: "Ni\u202ena"}, "greeting=greeting_invalid"},
		} {
			if tt.in.Type == "" {
				tt.in.Type = models.LinkGuest
			}
			if tt.in.Servers == nil {
				tt.in.Servers = guest
			}
			_, err := k.Invites.Create(ctx, owner.ID, tt.in, home)
			field, code, _ := strings.Cut(tt.want, "=")
			if err == nil || !strings.Contains(err.Error(), field+"="+code) {
				k.t.Errorf("%s: got error %v, want %s", name, err, tt.want)
			}
		}
	})
}

// An invite by mail and link has two secrets. The mailed one alone proves the address, and the
// first of the two that is used ends the other.
func TestInviteByMailAndLink(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		name := newName()
		_, link := k.inviteLink(owner, models.NewInvite{To: addressOf(name)}, m)
		mailed := k.letter(models.MailInvite, addressOf(name)).Secret
		if mailed == link {
			k.t.Error("the mail has the secret of the link, want another")
		}
		account, _ := k.newcomer(name, link)
		if account.Email != "" || !account.Newcomer {
			k.t.Errorf("got the account %+v, want a newcomer without an address", account)
		}
		_, err := k.Invites.SignUp(ctx, byLink(newName(), mailed), home)
		k.is(err, models.ErrInviteUsed)
		other := newName()
		_, link = k.inviteLink(owner, models.NewInvite{To: addressOf(other)}, k.agent(owner))
		mailed = k.letter(models.MailInvite, addressOf(other)).Secret
		out, err := k.Invites.SignUp(ctx, byLink(other, mailed), home)
		k.must(err)
		account, err = k.Accounts.Get(ctx, out.Session.AccountID)
		k.must(err)
		if account.Email != addressOf(other) || account.Newcomer {
			k.t.Errorf("got the account %+v, want one with the address of the mail", account)
		}
		_, err = k.Invites.SignUp(ctx, byLink(newName(), link), home)
		k.is(err, models.ErrInviteUsed)
	})
}

// If many people spend the last use of a link at once, one of them gets in, and nothing
// is left of the others.
func TestRaceForTheLastUse(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		invite, link := k.inviteLink(owner, models.NewInvite{Uses: 2}, m)
		k.newcomer(newName(), link)
		const racers = 6
		names, known := make([]string, racers), make([]models.Account, racers)
		for i := range racers {
			names[i], known[i] = newName(), k.account()
		}
		errs := make([]error, 2*racers)
		var wait sync.WaitGroup
		for i := range racers {
			wait.Go(func() { _, errs[i] = k.Invites.SignUp(ctx, byLink(names[i], link), home) })
			wait.Go(func() { errs[racers+i] = k.InviteLinks.Accept(ctx, known[i].ID, link, home) })
		}
		wait.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
				continue
			}
			k.is(err, models.ErrInviteUsed)
		}
		links := k.agentLinks(m)
		if in != 1 || len(links) != 2 {
			k.t.Errorf("%d got in, and the server has the links %+v, want one and two", in, links)
		}
		k.letters()
		for i, name := range names {
			if exists := len(k.query("SELECT id FROM accounts WHERE username = '"+name+"'")) == 1; exists != (errs[i] == nil) {
				k.t.Errorf("the account of racer %d exists: %t, want %t", i, exists, errs[i] == nil)
			}
		}
		sent, err := k.Invites.Sent(ctx, owner.ID, 0, 10)
		k.must(err)
		if i := slices.IndexFunc(sent, func(one models.Invite) bool { return one.ID == invite.ID }); i < 0 || sent[i].Used != 2 {
			k.t.Errorf("got the invites %+v, want one that was used twice", sent)
		}
	})
}

// Guesses are limited by their source, and so are sign-ups with a link.
func TestGuessingInviteLinksIsLimited(t *testing.T) {
	few := models.Limit{Hits: 3, Window: time.Hour}
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		_, link := k.inviteLink(owner, models.NewInvite{}, k.agent(owner))
		for range 3 {
			guess, err := secret.NewToken(secret.InviteToken, rand.Reader)
			k.must(err)
			_, _, err = k.Invites.Look(ctx, guess, home)
			k.is(err, models.ErrTokenSpent)
		}
		_, _, err := k.Invites.Look(ctx, link, home)
		k.is(err, models.ErrThrottled)
		k.is(k.InviteLinks.Accept(ctx, k.account().ID, link, home), models.ErrThrottled)
		elsewhere := home
		elsewhere.Address = "203.0.113.9"
		_, _, err = k.Invites.Look(ctx, link, elsewhere)
		k.must(err)
	}, func(o *models.Options) { o.Limits.InviteLinkSource = few })
}

// The secret of a link is sealed in the table, and can be copied again after the secret key was
// changed and the former one removed.
func TestInviteLinkSurvivesANewKey(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const first, second = modelstest.Key, "the second secret key, for the next year"
		clock, ctx := modelstest.NewClock(), t.Context()
		open := func(current, previous string) *kit {
			return &kit{modelstest.Open(t, address, clock, modelstest.Loose, looseServers, withKeys(t, current, previous)), t, clock}
		}
		k := open(first, "")
		owner := k.account()
		invite, link := k.inviteLink(owner, models.NewInvite{}, k.agent(owner))
		sealed := k.query("SELECT link_secret FROM invites WHERE id = " + models.FormatID(invite.ID))
		if len(sealed) != 1 || sealed[0].text(0) == "" || strings.Contains(sealed[0].text(0), link) {
			t.Error("the table holds the secret of the link, want it sealed")
		}
		open(second, first)
		k = open(second, "")
		if again, err := k.InviteLinks.Secret(ctx, owner.ID, invite.ID); err != nil || again != link {
			t.Errorf("the link is %q with error %v, want the same as before", again, err)
		}
		k.newcomer(newName(), link)
	})
}

// paramOf returns a parameter of the text of an error.
func paramOf(err error, name string) string {
	if known, ok := errors.AsType[*models.Error](err); ok {
		return known.Params[name]
	}
	return ""
}

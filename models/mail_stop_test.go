package models_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// invitationTo returns the letter of an invite to an address, and false if the mail is dropped.
func (k *kit) invitationTo(owner models.Account, m media, to string) (models.Letter, bool) {
	k.t.Helper()
	k.invite(owner, to, m)
	letters := k.letters()
	at := slices.IndexFunc(letters, func(l models.Letter) bool { return l.Kind == models.MailInvite })
	if at < 0 {
		return models.Letter{}, false
	}
	return letters[at], true
}

// A person without an account stops invitations by mail, from everybody, and starts them again. The
// owner sees the same invite as always.
func TestStopInvitationsByMail(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		owner, other := k.account(), k.account()
		m, theirs := k.agent(owner), k.agent(other)
		to := "Erna.Tante+tv@example.net"
		letter, sent := k.invitationTo(owner, m, to)
		if !sent || letter.Stop == "" {
			k.t.Fatalf("got the letter %+v, sent %t, want a mail with a link that stops such mails", letter, sent)
		}
		look := func(want bool) {
			k.t.Helper()
			got, err := k.MailStops.Look(ctx, letter.Stop)
			k.must(err)
			if want := (models.MailStop{Mailbox: "erna.tante@example.net", Stopped: want}); got != want {
				k.t.Errorf("got %+v, want %+v", got, want)
			}
		}
		look(false)
		for range 2 { // it can be repeated
			k.must(k.MailStops.Stop(ctx, letter.Stop))
			look(true)
		}
		for _, address := range []string{to, "erna.tante@EXAMPLE.net", "Erna.Tante+other@example.net"} {
			if _, sent := k.invitationTo(owner, m, address); sent {
				k.t.Errorf("an invitation to %s is sent, want it dropped", address)
			}
		}
		made := k.invite(other, to, theirs)
		if kinds := kinds(k.letters(), to); len(kinds) != 0 || made.State != models.InvitePending {
			k.t.Errorf("got the mails %v and the invite %+v, want no mail, and an invite like any other", kinds, made)
		}
		for range 2 {
			k.must(k.MailStops.Allow(ctx, letter.Stop))
			look(false)
		}
		if again, sent := k.invitationTo(owner, m, to); !sent || again.Stop != letter.Stop {
			k.t.Errorf("sent %t with the token %q, want the same link again", sent, again.Stop)
		}
	})
}

// Only this service makes tokens, each for one mailbox.
func TestForgedStopTokens(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		letter, _ := k.invitationTo(owner, k.agent(owner), "erna@example.net")
		good := letter.Stop
		flipped := "A"
		if strings.HasSuffix(good, "A") {
			flipped = "B"
		}
		for _, token := range []string{"", "x", "_", good[:len(good)-1], good + "A", good[:len(good)-4] + flipped + good[len(good)-3:], strings.ToUpper(good), "erna@example.net", letter.Secret} {
			_, err := k.MailStops.Look(ctx, token)
			k.is(err, models.ErrTokenSpent)
			k.is(k.MailStops.Stop(ctx, token), models.ErrTokenSpent)
			k.is(k.MailStops.Allow(ctx, token), models.ErrTokenSpent)
		}
		if n := k.query("SELECT COUNT(*) FROM mail_stops")[0].text(0); n != "0" {
			k.t.Errorf("%s mailboxes are stopped, want none", n)
		}
	})
}

// The stored row of a stopped mailbox does not show whose mailbox it is.
func TestStopsNameNobody(t *testing.T) {
	eachInvite(t, func(k *kit) {
		k.must(k.MailStops.StopAddress(k.t.Context(), "Erna@example.net"))
		for _, row := range k.query("SELECT * FROM mail_stops") {
			for i := range 3 {
				if text := strings.ToLower(row.text(i)); strings.Contains(text, "erna") || strings.Contains(text, "example") {
					k.t.Errorf("column %d holds %q, want nothing of the address", i, text)
				}
			}
		}
		k.must(k.MailStops.StopAddress(k.t.Context(), "erna+a@example.net"))
		if n := k.query("SELECT COUNT(*) FROM mail_stops")[0].text(0); n != "1" {
			k.t.Errorf("%s rows, want 1", n)
		}
		k.is(k.MailStops.StopAddress(k.t.Context(), "erna"), fieldError("email", "email_invalid"))
		k.is(k.MailStops.AllowAddress(k.t.Context(), "erna"), fieldError("email", "email_invalid"))
		_, err := k.MailStops.OfAddress(k.t.Context(), "erna")
		k.is(err, fieldError("email", "email_invalid"))
		k.must(k.MailStops.AllowAddress(k.t.Context(), "ERNA@example.net"))
		stop, err := k.MailStops.OfAddress(k.t.Context(), "erna@example.net")
		k.must(err)
		if stop.Stopped {
			k.t.Error("the address is stopped, want it allowed")
		}
	})
}

// The person who has confirmed a stopped address decides; the sign-up alone changes nothing. Mails about
// the account are never stopped, and invitations wait on the pages.
func TestAccountDecidesAboutInvitationsByMail(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		m := k.agent(owner)
		address := addressOf(newName())
		k.must(k.MailStops.StopAddress(ctx, address))
		name, _, _ := strings.Cut(address, "@")
		k.signUp(name)
		link := k.letter(models.MailConfirm, address).Secret
		k.must(k.Emails.Confirm(ctx, link, home))
		a := k.byName(name)
		stop, err := k.MailStops.OfAccount(ctx, a.ID)
		k.must(err)
		if !stop.Stopped {
			k.t.Error("a sign-up allows the mails, want them stopped")
		}
		k.must(k.Recovery.Request(ctx, name, home, false))
		k.letter(models.MailPasswordReset, address)
		for _, to := range []string{a.Username, address} {
			if _, sent := k.invitationTo(owner, m, to); sent {
				k.t.Errorf("an invitation to %s is sent, want it dropped", to)
			}
		}
		if received, err := k.Invites.Received(ctx, a.ID); err != nil || len(received) != 2 {
			k.t.Errorf("received %d invites, error %v, want both", len(received), err)
		}
		for range 2 {
			k.must(k.MailStops.SetOfAccount(ctx, a.ID, false, home))
		}
		if letter, sent := k.invitationTo(owner, m, a.Username); !sent || letter.Stop == "" {
			k.t.Errorf("sent %t, want the mail, with its link", sent)
		}
		k.must(k.MailStops.SetOfAccount(ctx, a.ID, true, home))
		if got := k.kindsOfHistory(a); !slices.Equal(got[:2], []models.EventKind{models.EventInviteMailsStopped, models.EventInviteMailsAllowed}) {
			k.t.Errorf("the history begins with %v, want each change once", got[:2])
		}
		k.is(k.MailStops.SetOfAccount(ctx, 1, true, home), models.ErrNotFound)
	})
}

// kindsOfHistory returns the kinds of the events of an account, the newest first.
func (k *kit) kindsOfHistory(a models.Account) (kinds []models.EventKind) {
	k.t.Helper()
	events, err := k.History.List(k.t.Context(), a.ID, 10)
	k.must(err)
	for _, event := range events {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

// A stop outlives a change of the secret key if an invitation met it while both keys were set, and a
// link of the old key stops and allows until that key is gone.
func TestStopsAndTheSecretKey(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const first, second, third = "the first secret key, for this year only", "the second secret key, for the next year", "the third secret key, for the year after"
		ctx, clock := t.Context(), modelstest.NewClock()
		open := func(current, previous string) *kit {
			return &kit{modelstest.Open(t, address, clock, modelstest.Loose, looseInvites, withKeys(t, current, previous)), t, clock}
		}
		k := open(first, "")
		owner := k.account()
		m := k.agent(owner)
		old, _ := k.invitationTo(owner, m, "erna@example.net")
		k.must(k.MailStops.Stop(ctx, old.Stop))
		k.must(k.MailStops.StopAddress(ctx, "never-met@example.net"))

		k = open(second, first)
		if _, sent := k.invitationTo(owner, m, "erna@example.net"); sent {
			t.Error("an invitation is sent after the change of the key, want it dropped")
		}
		k.must(k.MailStops.Allow(ctx, old.Stop)) // by the old link, although the row was written anew
		fresh, sent := k.invitationTo(owner, m, "erna@example.net")
		if !sent || fresh.Stop == old.Stop {
			t.Errorf("sent %t, want the mail, with a link of the new key", sent)
		}
		k.must(k.MailStops.Stop(ctx, old.Stop))

		k = open(second, "")
		if _, sent := k.invitationTo(owner, m, "erna@example.net"); sent {
			t.Error("an invitation is sent after the old key is gone, want it dropped")
		}
		_, err := k.MailStops.Look(ctx, old.Stop)
		k.is(err, models.ErrTokenSpent)
		k.must(k.MailStops.Allow(ctx, fresh.Stop))

		k = open(third, second)
		if n := k.query("SELECT COUNT(*) FROM mail_stops")[0].text(0); n != "0" {
			t.Errorf("%s rows, want none: that of the first key can no longer be found", n)
		}
	})
}

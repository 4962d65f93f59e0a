package models_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// Owners hear what happens at their own servers, and operators hear of accounts, servers and mails, with names that each
// of them may see anyway.
func TestWebhookEvents(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		operators := k.operatorHook(models.HappenedKinds(true)...)
		m := k.agent(owner)
		other := k.account()
		k.agent(other)
		hook, foreign := k.hook(owner, models.HappenedKinds(false)...), k.hook(other, models.HappenedKinds(false)...)
		k.heard()

		asked := k.account()
		k.must(k.Accounts.SetProfile(ctx, asked.ID, models.Profile{Username: asked.Username, DisplayName: "Ada Lovelace", Locale: "en"}, home))
		link := k.ask(m, asked)
		k.must(k.Links.Accept(ctx, asked.ID, link.ID, home))
		k.must(k.Links.Remove(ctx, asked.ID, link.ID, home))
		link = k.ask(m, asked)
		k.must(k.Links.Decline(ctx, asked.ID, link.ID, home))
		invite := k.invite(owner, asked.Username, m)
		k.must(k.Invites.Accept(ctx, asked.ID, invite.ID, home))
		k.must(k.EmbyServers.Cancel(ctx, m.Server, asked.ID))
		byMail := k.invite(owner, asked.Email, m)
		k.must(k.Invites.Decline(ctx, asked.ID, byMail.ID, home))
		k.must(k.Servers.HandOver(ctx, owner.ID, m.ID, other.Username, home))

		server := fmt.Sprintf(`"server":{"id":"%d","name":"%s"}`, m.ID, m.Name)
		person := fmt.Sprintf(`"account":{"id":"%d","username":"%s","display_name":"%s"}`, asked.ID, asked.Username, asked.Username) // until the person has accepted
		known := fmt.Sprintf(`"account":{"id":"%d","username":"%s","display_name":"Ada Lovelace"}`, asked.ID, asked.Username)
		invited := func(id int64) string { return fmt.Sprintf(`"invite":{"id":"%d","to":"%s"}`, id, m.Name) }
		told := k.heard()
		compare(k.t, "the owner", told[hook.ID], []string{
			`link.asked {` + server + `,` + person + `}`,
			`link.accepted {` + server + `,` + known + `}`,
			`link.removed {` + server + `,` + known + `,"by":"person"}`,
			`link.asked {` + server + `,` + person + `}`,
			`link.declined {` + server + `,` + person + `,"by":"person"}`,
			`invite.sent {` + person + `,` + invited(invite.ID) + `}`,
			`invite.accepted {` + known + `,` + invited(invite.ID) + `}`,
			`link.removed {` + server + `,` + known + `,"by":"server"}`,
			`invite.sent {` + invited(byMail.ID) + `}`,
			`invite.declined {` + invited(byMail.ID) + `}`, // an owner who knows only an address must not learn whose it is
			`server.owner_changed {` + server + `}`,
		})
		compare(k.t, "the new owner", told[foreign.ID], []string{`server.received {` + server + `}`})
		compare(k.t, "the operators", told[operators.ID], []string{
			`account.signed_up {` + person + `}`, `account.confirmed {` + person + `}`, `server.owner_changed {` + server + `}`,
		})
		k.must(k.Operators.Delete(ctx, asked.Username))
		compare(k.t, "the operators after a deletion", k.heard()[operators.ID], []string{fmt.Sprintf(`account.deleted {"account":{"id":"%d"}}`, asked.ID)})
		k.letters() // the goodbye has the name
		if dump := k.dump(); strings.Contains(dump, "Ada Lovelace") {
			k.t.Error("the dump has the name of an account that was deleted, want none in the log of webhooks")
		}
	})
}

func compare(t *testing.T, who string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s heard\n%s\nwant\n%s", who, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A webhook hears only of what it has chosen, and of nothing while it is off.
func TestWebhooksHearWhatTheyChose(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		k.server(owner)
		by := models.WebhookBy{AccountID: owner.ID}
		chosen, off := k.hook(owner, models.HappenedRegistered), k.hook(owner, models.HappenedRegistered)
		k.hook(owner, models.HappenedAway)
		k.must(k.Webhooks.Switch(ctx, by, off.ID, false, home))
		k.heard()
		k.server(owner)
		if told := k.heard(); len(told) != 1 || len(told[chosen.ID]) != 1 {
			k.t.Errorf("told %v, want the chosen event to webhook %d", told, chosen.ID)
		}
		k.must(k.Webhooks.Switch(ctx, by, off.ID, true, home))
		if told := k.heard(); len(told) != 0 {
			k.t.Errorf("told %v, want nothing of what happened while it was off", told)
		}
	})
}

// If a worker dies, another one sends its message after a minute, with the same id; the late answer of the first one counts
// no longer.
func TestDeliveriesOfDeadWorkers(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		k.server(owner)
		hook := k.hook(owner, models.HappenedRegistered)
		k.heard()
		k.server(owner)
		first := k.oneDue()
		if due := k.due(); len(due) != 0 {
			k.t.Errorf("claimed %+v twice, want it once while its worker lives", due)
		}
		k.clock.Advance(models.DeliveryLease + time.Millisecond)
		second := k.oneDue()
		if second.ID != first.ID {
			k.t.Errorf("the message has the id %d, want %d again", second.ID, first.ID)
		}
		k.must(k.WebhookQueue.Failed(ctx, first, models.Outcome{Reason: "too_slow"}))
		if got := k.delivery(owner, hook); got.Reason != "" || got.Attempts != 2 {
			k.t.Errorf("after the late answer: %+v, want no change", got)
		}
		k.must(k.WebhookQueue.Delivered(ctx, second, models.Outcome{Status: 204, Answer: "\x00\xffok"}))
		want := models.Delivery{
			ID: first.ID, Kind: models.HappenedRegistered, State: models.DeliveryDelivered, Attempts: 2, TriedAt: k.clock.Now(), Status: 204,
			Answer: "\uFFFD\uFFFDok", CreatedAt: first.At,
		}
		if got := k.delivery(owner, hook); got != want {
			k.t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// A receiver gets one message at a time, in the order of the events. While it is away, the others wait with the first.
func TestDeliveriesComeInOrder(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		k.server(owner)
		k.hook(owner, models.HappenedRegistered)
		k.heard()
		k.server(owner)
		k.server(owner)
		first := k.oneDue()
		if busy, err := k.WebhookQueue.Claim(ctx, 9, []int64{first.WebhookID}); err != nil || len(busy) != 0 {
			k.t.Errorf("claimed %+v and error %v, want nothing for a receiver that is busy", busy, err)
		}
		k.must(k.WebhookQueue.Failed(ctx, first, models.Outcome{Reason: "no_answer"}))
		if due := k.due(); len(due) != 0 {
			k.t.Errorf("claimed %+v, want it to wait", due)
		}
		k.clock.Advance(36 * time.Second) // 30 s and the chance of a fifth
		again := k.oneDue()
		if again.ID != first.ID {
			k.t.Errorf("claimed %d first, want the older message %d", again.ID, first.ID)
		}
		k.must(k.WebhookQueue.Failed(ctx, again, models.Outcome{Reason: "refused", Status: 400, Alone: true, After: 20 * time.Minute}))
		if second := k.oneDue(); second.ID == first.ID {
			k.t.Error("claimed the message that the receiver dislikes, want the next one")
		}
		k.clock.Advance(20*time.Minute - time.Second)
		for _, due := range k.due() { // the second one, whose worker is gone
			if due.ID == first.ID {
				k.t.Error("the message is due before the receiver wants it")
			}
		}
	})
}

// A message is tried for about a day. A webhook that nothing reaches for three days is switched off, and its owner gets a
// mail.
func TestWebhooksAreGivenUp(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		k.server(owner)
		by := models.WebhookBy{AccountID: owner.ID}
		hook := k.hook(owner, models.HappenedRegistered)
		k.heard()
		k.server(owner)
		began, tries := k.clock.Now(), 0
		for one := k.newestDelivery(owner, hook); one.State == models.DeliveryQueued; one = k.newestDelivery(owner, hook) {
			k.clock.Advance(one.NextAt.Sub(k.clock.Now()))
			tries++
			k.must(k.WebhookQueue.Failed(ctx, k.oneDue(), models.Outcome{Reason: "no_answer"}))
		}
		if took := k.clock.Now().Sub(began); tries != 10 || took < 18*time.Hour || took > 30*time.Hour {
			k.t.Errorf("given up after %d tries and %v, want 10 tries in about a day", tries, took)
		}
		k.letters()
		if got, _ := k.Webhooks.Get(ctx, by, hook.ID); got.OffReason != "" || !got.FailingSince.Equal(began) {
			k.t.Errorf("after a day: %+v, want it on, and failing since %v", got, began)
		}
		k.clock.Advance(3*24*time.Hour - k.clock.Now().Sub(began))
		k.server(owner)
		k.server(owner)
		k.must(k.WebhookQueue.Failed(ctx, k.oneDue(), models.Outcome{Reason: "no_answer"}))
		if got, _ := k.Webhooks.Get(ctx, by, hook.ID); got.OffReason != models.WebhookFailing {
			k.t.Errorf("after three days: %+v, want it off", got)
		}
		k.clock.Advance(time.Hour)
		if due := k.due(); len(due) != 0 {
			k.t.Errorf("claimed %+v, want nothing for a webhook that is off", due)
		}
		if letter := k.letter(models.MailWebhookOff, owner.Email); letter.Facts.Webhook != "Chat" || letter.Facts.What != models.WebhookFailing {
			k.t.Errorf("the mail says %+v, want the name of the webhook and the reason", letter.Facts)
		}
		k.must(k.Webhooks.Switch(ctx, by, hook.ID, true, home))
		k.server(owner)
		k.must(k.WebhookQueue.Failed(ctx, k.oneDue(), models.Outcome{Reason: "refused", Status: 410, Gone: true}))
		if got, _ := k.Webhooks.Get(ctx, by, hook.ID); got.OffReason != models.WebhookGone {
			k.t.Errorf("after the status 410: %+v, want it off at once", got)
		}
	})
}

// newestDelivery returns the newest message in the log.
func (k *kit) newestDelivery(owner models.Account, hook models.Webhook) models.Delivery {
	k.t.Helper()
	k.handOn()
	list, err := k.Webhooks.Deliveries(k.t.Context(), models.WebhookBy{AccountID: owner.ID}, hook.ID)
	k.must(err)
	return slices.MaxFunc(list, func(a, b models.Delivery) int { return cmp.Compare(a.ID, b.ID) })
}

// Several workers hand on each event once, and claim each message once.
func TestWebhookRaces(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		k.server(owner)
		hook := k.hook(owner, models.HappenedRegistered)
		k.heard()
		k.server(owner)
		claimed := make([]int, 8)
		parallel(8, func(i int) error {
			if _, err := k.WebhookQueue.HandOn(ctx); err != nil {
				return err
			}
			due, err := k.WebhookQueue.Claim(ctx, 9, nil)
			claimed[i] = len(due)
			return err
		})
		k.handOn()
		k.delivery(owner, hook) // exactly one
		k.clock.Advance(2 * models.DeliveryLease)
		parallel(8, func(i int) error {
			due, err := k.WebhookQueue.Claim(ctx, 9, nil)
			claimed[i] = len(due)
			return err
		})
		sum := 0
		for _, n := range claimed {
			sum += n
		}
		if sum != 1 {
			k.t.Errorf("%d workers have claimed the message, want 1: %v", sum, claimed)
		}
	})
}

// An agent that is silent is told once, and its return once.
func TestAbsencesAreTold(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.agent(owner)
		hook := k.hook(owner, models.HappenedAway, models.HappenedBack)
		look := func(want ...string) {
			k.t.Helper()
			k.must(k.WebhookQueue.TellAbsences(ctx))
			var heard []string
			for _, one := range k.heard()[hook.ID] {
				heard = append(heard, strings.Fields(one)[0])
			}
			if !slices.Equal(heard, want) {
				k.t.Errorf("heard %v, want %v", heard, want)
			}
		}
		look()
		k.clock.Advance(models.AwayAfter + time.Second)
		look("server.away")
		look()
		k.exec("UPDATE servers SET last_seen_at = ? WHERE id = ?", k.clock.Now(), m.ID)
		look("server.back")
		look()
		k.clock.Advance(models.AwayAfter + time.Second)
		look("server.away")
		k.must(k.OperatedServers.Disable(ctx, models.CommandLine, m.ID))
		look()
	})
}

// A mail that is given up is told to operators without its address, and a restored database sends nothing again.
func TestWebhooksOfMailsAndRestores(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.account()
		hook := k.operatorHook(models.HappenedMailGivenUp, models.HappenedSignedUp)
		k.must(k.Operators.SendReset(ctx, person.Username))
		one := k.claimOne("worker")
		k.putOff(one, "550 no such mailbox", true)
		want := []string{fmt.Sprintf(`mail.given_up {"mail":{"id":"%d","kind":"password_reset"}}`, one.ID)}
		compare(k.t, "the operators", k.heard()[hook.ID], want)

		k.account()
		k.handOn()
		k.signUp(newName())
		k.clock.Advance(time.Minute)
		k.must(k.Restores.Declare(ctx))
		_, err := k.Restores.Finish(ctx)
		k.must(err)
		if told := k.heard(); len(told) != 0 {
			k.t.Errorf("told %v after a restore, want nothing from before it", told)
		}
	})
}

// The webhooks of an account go with it.
func TestWebhooksOfDeletedAccounts(t *testing.T) {
	eachServer(t, func(k *kit) {
		owner := k.account()
		k.server(owner)
		k.hook(owner, models.HappenedRegistered)
		k.heard()
		k.server(owner)
		k.handOn()
		k.must(k.Operators.Delete(k.t.Context(), owner.Username))
		for _, table := range []string{"webhooks", "webhook_deliveries"} {
			if n := k.counted("SELECT COUNT(*) FROM " + table); n != 0 {
				k.t.Errorf("%d rows are left in %s, want none", n, table)
			}
		}
	})
}

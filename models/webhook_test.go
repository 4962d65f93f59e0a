package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

func TestWebhooksOfOwners(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, other := k.t.Context(), k.account(), k.account()
		by, stranger := models.WebhookBy{AccountID: owner.ID}, models.WebhookBy{AccountID: other.ID}
		_, _, err := k.Webhooks.Make(ctx, by, newHook(models.HappenedLinkAsked), home)
		k.is(err, models.ErrWebhookServer)
		k.server(owner)
		made := k.hook(owner, models.HappenedInviteSent, models.HappenedLinkAsked)
		want := models.Webhook{
			ID: made.ID, Name: "Chat", Form: models.WebhookSigned, Place: "https://hooks.example.org/…", Locale: "en",
			Events: []models.HappenedKind{models.HappenedLinkAsked, models.HappenedInviteSent}, CreatedAt: k.clock.Now(),
		}
		if diff := cmp.Diff(want, made); diff != "" {
			k.t.Errorf("made (-want +got):\n%s", diff)
		}
		k.must(k.Webhooks.Change(ctx, by, made.ID, models.WebhookChoices{Name: " Den\n", Events: []models.HappenedKind{models.HappenedAway}, Locale: "de"}, home))
		k.must(k.Webhooks.Switch(ctx, by, made.ID, false, home))
		want.Name, want.Events, want.Locale, want.OffReason = "Den", []models.HappenedKind{models.HappenedAway}, "de", models.WebhookByHand
		if got, err := k.Webhooks.List(ctx, by); err != nil || !cmp.Equal(got, []models.Webhook{want}) {
			k.t.Errorf("got %+v and error %v, want %+v", got, err, want)
		}
		for what, err := range map[string]error{
			"get":    func() error { _, err := k.Webhooks.Get(ctx, stranger, made.ID); return err }(),
			"change": k.Webhooks.Change(ctx, stranger, made.ID, newHook(models.HappenedAway).WebhookChoices, home),
			"aim":    k.Webhooks.Aim(ctx, stranger, made.ID, models.WebhookTarget{Address: receiver}, home),
			"switch": k.Webhooks.Switch(ctx, stranger, made.ID, true, home),
			"test":   k.Webhooks.Test(ctx, stranger, made.ID),
			"log":    func() error { _, err := k.Webhooks.Deliveries(ctx, stranger, made.ID); return err }(),
			"replay": k.Webhooks.Replay(ctx, stranger, made.ID, 1),
			"secret": func() error { _, err := k.Webhooks.ReplaceSecret(ctx, stranger, made.ID, home); return err }(),
			"delete": k.Webhooks.Delete(ctx, stranger, made.ID, home),
		} {
			if !strings.Contains(fmt.Sprint(err), "not_found") {
				k.t.Errorf("a stranger's %s: %v, want not found", what, err)
			}
		}
		for range 9 {
			k.hook(owner, models.HappenedAway)
		}
		_, _, err = k.Webhooks.Make(ctx, by, newHook(models.HappenedAway), home)
		k.is(err, models.ErrWebhookMany)
		k.must(k.Webhooks.Delete(ctx, by, made.ID, home))
		_, err = k.Webhooks.Get(ctx, by, made.ID)
		k.is(err, models.ErrNotFound)
		events, err := k.History.List(ctx, owner.ID, 100)
		k.must(err)
		if n := len(slices.DeleteFunc(events, func(e models.Event) bool { return e.Kind != models.EventWebhookDeleted || e.Subject != "Den" })); n != 1 {
			k.t.Errorf("the history has %d events about the deleted webhook, want 1", n)
		}
	})
}

func TestWebhooksOfOperators(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, operator, person := k.t.Context(), k.operator(), k.account()
		by := models.WebhookBy{AccountID: operator.ID, Operator: true}
		made, _, err := k.Webhooks.Make(ctx, by, newHook(models.HappenedSignedUp), home)
		k.must(err)
		_, _, err = k.Webhooks.Make(ctx, models.WebhookBy{AccountID: person.ID, Operator: true}, newHook(models.HappenedSignedUp), home)
		k.is(err, models.ErrOperatorsOnly)
		if _, err := k.Webhooks.Get(ctx, models.WebhookBy{AccountID: models.CommandLine, Operator: true}, made.ID); err != nil {
			k.t.Errorf("the command line: %v, want the webhook that all operators share", err)
		}
		_, err = k.Webhooks.Get(ctx, models.WebhookBy{AccountID: operator.ID}, made.ID)
		k.is(err, models.ErrNotFound)
		_, _, err = k.Webhooks.Make(ctx, by, newHook(models.HappenedLinkAsked), home) // concerns an owner and a person
		k.isKind(err, models.KindInvalid)
		acts, err := k.Console.Acts(ctx, models.ActsAsk{Most: 1})
		k.must(err)
		if len(acts) != 1 || acts[0].Kind != models.ActWebhookMade || acts[0].Subject != "Chat" || acts[0].ActorID != operator.ID {
			k.t.Errorf("the last act is %+v, want the webhook that was made", acts)
		}
	})
}

// Addresses and tokens are checked when they are typed.
func TestTargetsOfWebhooks(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		k.server(owner)
		by := models.WebhookBy{AccountID: owner.ID}
		for name, test := range map[string]struct {
			form, address, room, token string
			want                       string // the field and code at fault, "" for none
		}{
			"signed":                  {models.WebhookSigned, receiver, "", "", ""},
			"no address":              {models.WebhookSigned, "", "", "", "address=webhook_address_invalid"},
			"no host":                 {models.WebhookSigned, "https:///x", "", "", "address=webhook_address_invalid"},
			"http":                    {models.WebhookSigned, "http://hooks.example.org/", "", "", "address=webhook_address_https"},
			"another scheme":          {models.WebhookSigned, "file:///etc/passwd", "", "", "address=webhook_address_invalid"},
			"a password in it":        {models.WebhookSigned, "https://ann:secret@hooks.example.org/", "", "", "address=webhook_address_user"},
			"a token for nothing":     {models.WebhookSigned, receiver, "", "x", "token=webhook_token_invalid"},
			"ntfy":                    {models.WebhookNtfy, "https://ntfy.sh/den", "", "", ""},
			"ntfy with a token":       {models.WebhookNtfy, "https://ntfy.sh/den", "", "tk_1", ""},
			"ntfy without a topic":    {models.WebhookNtfy, "https://ntfy.sh/", "", "", "address=webhook_topic_missing"},
			"gotify":                  {models.WebhookGotify, "https://gotify.example.org", "", "A1", ""},
			"gotify's own example":    {models.WebhookGotify, "https://gotify.example.org/message?token=A1", "", "", ""},
			"gotify without a token":  {models.WebhookGotify, "https://gotify.example.org", "", "", "token=webhook_token_missing"},
			"discord":                 {models.WebhookDiscord, "https://discord.com/api/webhooks/1/abc", "", "", ""},
			"matrix":                  {models.WebhookMatrix, "https://matrix.example.org", "!abc:example.org", "syt_1", ""},
			"matrix without a room":   {models.WebhookMatrix, "https://matrix.example.org", "#den:example.org", "syt_1", "room=webhook_room_matrix"},
			"telegram":                {models.WebhookTelegram, "", "-1001", "123:abc", ""},
			"telegram without a chat": {models.WebhookTelegram, "", "", "123:abc", "room=webhook_room_telegram"},
			"a token with a path":     {models.WebhookTelegram, "", "1", "../x", "token=webhook_token_invalid"},
			"no such form":            {"pager", receiver, "", "", "form=webhook_form_invalid"},
		} {
			in := newHook(models.HappenedAway)
			in.Form, in.WebhookTarget = test.form, models.WebhookTarget{Address: test.address, Room: test.room, Token: test.token}
			made, _, err := k.Webhooks.Make(ctx, by, in, home)
			if test.want == "" {
				if err != nil {
					k.t.Errorf("%s: %v, want it to be made", name, err)
				} else {
					k.must(k.Webhooks.Delete(ctx, by, made.ID, home))
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				k.t.Errorf("%s: %v, want %s", name, err, test.want)
			}
		}
	})
}

// Nothing in a dump opens the address or the secret of a webhook; a new secret key seals them again.
func TestWebhooksAreSealed(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		const second = "the second secret key, for the next year"
		clock := modelstest.NewClock()
		open := func(current, previous string) *kit {
			store := modelstest.Open(t, address, clock, modelstest.Loose, looseServers, withKeys(t, current, previous))
			models.Impatient(store)
			return &kit{store, t, clock}
		}
		k := open(modelstest.Key, "")
		ctx, owner := t.Context(), k.account()
		k.server(owner)
		by := models.WebhookBy{AccountID: owner.ID}
		made, secret, err := k.Webhooks.Make(ctx, by, newHook(models.HappenedRegistered), home)
		k.must(err)
		dump := k.dump()
		for _, hidden := range []string{"hidden-part", secret, strings.TrimPrefix(secret, "whsec_")} {
			if strings.Contains(dump, hidden) {
				t.Errorf("the dump has %q, want it sealed", hidden)
			}
		}
		k.heard()
		open(second, modelstest.Key)
		k = open(second, "")
		clock.Advance(time.Second)
		k.server(owner)
		due := k.oneDue()
		if !due.Readable || due.Address != receiver || due.Secret != secret {
			t.Errorf("after a change of the key: %+v, want the address and the secret of before", due)
		}
		fresh, err := k.Webhooks.ReplaceSecret(ctx, by, made.ID, home)
		k.must(err)
		k.must(k.Webhooks.Aim(ctx, by, made.ID, models.WebhookTarget{Address: "https://new.example.org/x"}, home))
		clock.Advance(2 * models.DeliveryLease)
		due = k.oneDue()
		if fresh == secret || due.Secret != fresh || due.Address != "https://new.example.org/x" {
			t.Errorf("after both were replaced: %+v with the secret %q, want another secret and the new address", due, due.Secret)
		}
	})
}

// The receiver may be a stranger, so tests and repetitions are limited.
func TestWebhookTestsAreLimited(t *testing.T) {
	few := func(o *models.Options) { o.Limits.WebhookHour = models.Limit{Hits: 2, Window: time.Hour} }
	eachServer(t, func(k *kit) {
		ctx, owner := k.t.Context(), k.account()
		m := k.server(owner)
		by := models.WebhookBy{AccountID: owner.ID}
		hook := k.hook(owner, models.HappenedAway)
		k.must(k.Webhooks.Switch(ctx, by, hook.ID, false, home)) // a test works all the same
		k.must(k.Webhooks.Test(ctx, by, hook.ID))
		due := k.oneDue()
		if due.Kind != models.HappenedTest {
			k.t.Errorf("got %+v, want a test", due)
		}
		k.must(k.WebhookQueue.Failed(ctx, due, models.Outcome{Reason: "no_answer"}))
		if got := k.delivery(owner, hook); got.State != models.DeliveryGivenUp || got.Reason != "no_answer" || got.Attempts != 1 {
			k.t.Errorf("got %+v, want a test that is not repeated", got)
		}
		k.must(k.Webhooks.Replay(ctx, by, hook.ID, due.ID))
		if again := k.oneDue(); again.ID != due.ID {
			k.t.Errorf("got the id %d, want the same one, %d", again.ID, due.ID)
		}
		k.is(k.Webhooks.Test(ctx, by, hook.ID), models.ErrThrottled)
		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, home))
		k.is(k.Webhooks.Test(ctx, by, hook.ID), models.ErrWebhookServer)
	}, few)
}

// tellWebhooks makes, changes and deletes a webhook, and returns the events that the history must have then.
func (k *kit) tellWebhooks() []told {
	ctx, owner := k.t.Context(), k.account()
	k.server(owner)
	by := models.WebhookBy{AccountID: owner.ID}
	made, _, err := k.Webhooks.Make(ctx, by, newHook(models.HappenedRegistered), home)
	k.must(err)
	k.must(k.Webhooks.Aim(ctx, by, made.ID, models.WebhookTarget{Address: "https://new.example.org/x"}, home))
	k.must(k.Webhooks.Delete(ctx, by, made.ID, home))
	return []told{{owner, models.EventWebhookMade, made.Name}, {owner, models.EventWebhookChanged, made.Name}, {owner, models.EventWebhookDeleted, made.Name}}
}

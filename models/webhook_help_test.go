package models_test

import (
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// receiver is the address of webhooks in tests. It has a secret in it, as addresses of chat services have.
const receiver = "https://hooks.example.org/services/hidden-part"

func newHook(events ...models.HappenedKind) models.NewWebhook {
	return models.NewWebhook{
		Form: models.WebhookSigned, WebhookTarget: models.WebhookTarget{Address: receiver},
		WebhookChoices: models.WebhookChoices{Name: "Chat", Events: events, Locale: "en"},
	}
}

// hook returns a webhook of an owner of servers.
func (k *kit) hook(owner models.Account, events ...models.HappenedKind) models.Webhook {
	k.t.Helper()
	made, secret, err := k.Webhooks.Make(k.t.Context(), models.WebhookBy{AccountID: owner.ID}, newHook(events...), home)
	k.must(err)
	if !strings.HasPrefix(secret, "whsec_") {
		k.t.Errorf("got the secret %q, want one that begins with whsec_", secret)
	}
	return made
}

// operatorHook returns a webhook of the operators.
func (k *kit) operatorHook(events ...models.HappenedKind) models.Webhook {
	k.t.Helper()
	made, _, err := k.Webhooks.Make(k.t.Context(), models.WebhookBy{AccountID: models.CommandLine, Operator: true}, newHook(events...), home)
	k.must(err)
	return made
}

// handOn hands all events on to the webhooks.
func (k *kit) handOn() {
	k.t.Helper()
	for {
		more, err := k.WebhookQueue.HandOn(k.t.Context())
		k.must(err)
		if !more {
			return
		}
	}
}

// due claims all messages that are due.
func (k *kit) due() []models.DueDelivery {
	k.t.Helper()
	k.handOn()
	due, err := k.WebhookQueue.Claim(k.t.Context(), 100, nil)
	k.must(err)
	return due
}

// oneDue claims the only message that is due.
func (k *kit) oneDue() models.DueDelivery {
	k.t.Helper()
	due := k.due()
	if len(due) != 1 {
		k.t.Fatalf("%d messages are due, want 1: %+v", len(due), due)
	}
	return due[0]
}

// heard delivers all messages, and returns their kinds and facts by webhook.
func (k *kit) heard() map[int64][]string {
	k.t.Helper()
	told := map[int64][]string{}
	for {
		due := k.due()
		if len(due) == 0 {
			return told
		}
		for _, one := range due {
			told[one.WebhookID] = append(told[one.WebhookID], string(one.Kind)+" "+one.Facts)
			k.must(k.WebhookQueue.Delivered(k.t.Context(), one, models.Outcome{Status: 200}))
		}
	}
}

// delivery returns the only message in the log of an owner's webhook.
func (k *kit) delivery(owner models.Account, hook models.Webhook) models.Delivery {
	k.t.Helper()
	list, err := k.Webhooks.Deliveries(k.t.Context(), models.WebhookBy{AccountID: owner.ID}, hook.ID)
	k.must(err)
	if len(list) != 1 {
		k.t.Fatalf("%d messages in the log, want 1: %+v", len(list), list)
	}
	return list[0]
}

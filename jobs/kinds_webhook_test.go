package jobs_test

import (
	"context"
	"fmt"

	"github.com/latchkey-media/latchkey/models"
)

// endWebhook lets berta add a webhook, whose receiver answers that it is gone.
func (w *world) endWebhook(ctx context.Context) error {
	code, _, err := w.Registrations.NewClaimCode(ctx, w.berta)
	if err != nil {
		return err
	}
	in := models.NewWebhook{
		Form: models.WebhookSigned, WebhookTarget: models.WebhookTarget{Address: "https://hooks.example.org/"},
		WebhookChoices: models.WebhookChoices{Name: "Chat", Events: []models.HappenedKind{models.HappenedRegistered}, Locale: "en"},
	}
	own := models.Registration{Name: "Attic", SystemID: "a2", Kind: models.ServerEmby, ClaimCode: code}
	if _, err := w.Registrations.Register(ctx, own, w.caller); err != nil {
		return err
	}
	hook, _, err := w.Webhooks.Make(ctx, models.WebhookBy{AccountID: w.berta}, in, w.caller)
	if err != nil {
		return err
	}
	if own.ClaimCode, _, err = w.Registrations.NewClaimCode(ctx, w.berta); err != nil {
		return err
	}
	if _, err := w.Registrations.Register(ctx, own, w.caller); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = w.WebhookQueue.HandOn(ctx); err != nil {
			return err
		}
	}
	due, err := w.WebhookQueue.Claim(ctx, 1, nil)
	if err != nil || len(due) != 1 || due[0].WebhookID != hook.ID {
		return fmt.Errorf("claimed %+v: %w", due, err)
	}
	return w.WebhookQueue.Failed(ctx, due[0], models.Outcome{Reason: "refused", Status: 410, Gone: true})
}

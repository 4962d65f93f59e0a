package handlers

import (
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// webhookSamples returns the pages of webhooks, for owners and for operators.
func (s sampler) webhookSamples() []sample {
	own, operators := ownWebhooks(), operatorWebhooks()
	base := func(page string, side webhookSide) operatorPage {
		if side.operators {
			return s.operator(page, "webhooks")
		}
		return operatorPage{Base: s.noticed(s.signedIn(page), "notice.webhook_saved")}
	}
	var samples []sample
	for end, side := range map[string]webhookSide{"": own, "-operators": operators} {
		page := webhooksPage{operatorPage: base("webhooks", side), Operators: side.operators, Home: side.home, Owns: true}
		in := newInputs(page.Base, nil, mistakes{})
		page.webhookForm, page.Form = in.webhook(side, nil), in.webhookForms()
		none := page
		for _, one := range s.webhooks(side) {
			page.Webhooks = append(page.Webhooks, page.webhookView(side, &one))
			shown := newWebhookPage(base("webhook", side), side, &one, s.deliveries(side))
			in := newInputs(shown.Base, nil, mistakes{})
			shown.webhookForm = in.webhook(side, &one)
			samples = append(samples, sample{"webhook-" + one.Form + end, shown})
		}
		samples = append(samples, sample{"webhooks" + end, page}, sample{"webhooks-none" + end, none})
	}
	guest := webhooksPage{operatorPage: base("webhooks", own), Home: own.home}
	made := newWebhookPage(base("webhook", own), own, &s.webhooks(own)[0], nil)
	made.NewSecret = "whsec_" + strings.Repeat("MfKQ9r8G", 6)
	wrong := webhooksPage{operatorPage: operatorPage{Base: s.signedIn("webhooks")}, Home: own.home, Owns: true}
	in := newInputs(wrong.Base, form{"name": "x", "form": models.WebhookNtfy}, mistakes{first: "address", fields: map[string]string{
		"address": wrong.T("error.webhook_topic_missing"), "events": wrong.T("error.webhook_events_invalid"),
	}})
	wrong.webhookForm, wrong.Form = in.webhook(own, nil), in.webhookForms()
	in = newInputs(made.Base, nil, mistakes{})
	made.webhookForm = in.webhook(own, nil)
	return append(samples, sample{"webhooks-guest", guest}, sample{"webhook-made", made}, sample{"webhooks-wrong", wrong})
}

// webhooks returns a webhook of each form, some of them off.
func (s sampler) webhooks(side webhookSide) []models.Webhook {
	var all []models.Webhook
	reasons := []string{"", "", models.WebhookByHand, models.WebhookFailing, models.WebhookGone, ""}
	for i, form := range models.WebhookForms() {
		one := models.Webhook{
			ID: int64(i + 1), Name: longName, Form: form, Place: "https://a-rather-long-name.a-rather-long-domain.example.org:8443/…",
			Locale: "de", Events: models.HappenedKinds(side.operators)[:3], OffReason: reasons[i], CreatedAt: s.at,
		}
		if i == 1 {
			one.FailingSince = s.at
		}
		all = append(all, one)
	}
	return all
}

// deliveries returns a message of each kind, with each reason and state.
func (s sampler) deliveries(side webhookSide) []models.Delivery {
	reasons := append([]string{"", "name_unknown", "https_wanted", "no_answer", "too_slow", "certificate", "redirected", "refused", "unreadable"}, models.DeliveryReasons()...)
	states := []string{models.DeliveryDelivered, models.DeliveryQueued, models.DeliveryGivenUp}
	kinds := append([]models.HappenedKind{models.HappenedTest}, models.HappenedKinds(side.operators)...)
	var all []models.Delivery
	for i := range max(len(reasons), len(kinds)) {
		one := models.Delivery{ID: int64(i + 1), Kind: kinds[i%len(kinds)], Reason: reasons[i%len(reasons)], State: states[i%3], Attempts: i, CreatedAt: s.at}
		if one.State == models.DeliveryQueued {
			one.NextAt = s.at
		}
		if one.Reason == "refused" {
			one.Status, one.Answer = 503, "<b>The server is busy</b>, and it says so with many words and_a_word_that_is_longer_than_a_phone_is_wide_if_it_is_not_broken"
		}
		all = append(all, one)
	}
	return all
}

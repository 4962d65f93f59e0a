package handlers_test

import (
	"net/http"
	"testing"
)

// webhook makes ann add a webhook, and send it a test.
func (f *apiFixture) webhook(t *testing.T, ann *program) {
	t.Helper()
	var made struct {
		Webhook struct{ ID string }
	}
	ann.is(ann.api(http.MethodPost, "/api/v1/webhooks", map[string]any{
		"form": "signed", "name": "Chat", "events": []string{"link.accepted"}, "address": "https://hooks.example.org/x",
	}), http.StatusCreated, &made)
	const webhook = "/api/v1/webhooks/{id}"
	f.ids[webhook] = made.Webhook.ID
	ann.is(ann.api(http.MethodPost, "/api/v1/webhooks/"+made.Webhook.ID+"/test", nil), http.StatusAccepted, nil)
	var log struct{ Deliveries []struct{ ID string } }
	f.read(ann, "/api/v1/webhooks/"+made.Webhook.ID+"/deliveries", &log)
	if len(log.Deliveries) > 0 {
		f.ids[webhook+"/deliveries/{delivery_id}"] = log.Deliveries[0].ID
	}
	// Callers who are no operators do not learn whether these exist.
	f.ids["/api/v1/operator/webhooks/{id}"], f.ids["/api/v1/operator/webhooks/{id}/deliveries/{delivery_id}"] = "1", "1"
}

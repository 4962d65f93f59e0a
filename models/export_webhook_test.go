package models_test

import "maps"

// The verdicts on the tables of webhooks belong to the maps of export_columns_test.go.
var _ = func() bool {
	personTables["webhooks"] = "owner_id = ?"
	maps.Copy(otherTables, map[string]string{
		"webhook_events":     "holds for seconds what the history tells",
		"webhook_deliveries": "holds messages to the owner of a webhook, who sees them in its log; what happened is in the history",
		"server_absences":    "describes a server",
	})
	maps.Copy(exportVerdicts, map[string]string{
		"webhooks.created_at":    "as Webhooks.CreatedAt",
		"webhooks.failing_since": "as Webhooks.FailingSince",
		"webhooks.form":          "as Webhooks.Form",
		"webhooks.id":            "as Webhooks.ID",
		"webhooks.kinds":         "not: Webhooks.Events holds them one by one",
		"webhooks.locale":        "as Webhooks.Locale",
		"webhooks.name":          "as Webhooks.Name",
		"webhooks.off_reason":    "as Webhooks.OffReason",
		"webhooks.owner_id":      "not: it is the account's own id, see Account.ID",
		"webhooks.place":         "as Webhooks.Place",
		"webhooks.sealed":        "not: a secret",
	})
	return true
}()

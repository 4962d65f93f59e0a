package models_test

import (
	"maps"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// The verdicts on the tables of imports belong to the maps of export_columns_test.go.
var _ = func() bool {
	maps.Copy(personTables, map[string]string{
		"imports": "owner_id = ?", "import_rows": "import_id IN (SELECT id FROM imports WHERE owner_id = ?)",
	})
	const answer = "not: Invites holds the invite with its answer"
	maps.Copy(exportVerdicts, map[string]string{
		"imports.by_agent":    "not: it says which program may send the mails",
		"imports.created_at":  "as Imports.CreatedAt",
		"imports.expires_at":  "not: the import itself is there while it is kept",
		"imports.id":          "as Imports.ID",
		"imports.invite_days": answer,
		"imports.invites":     "not: Imports.Lines.Outcome tells the same",
		"imports.owner_id":    "not: it is the account's own id, see Account.ID",
		"imports.paced_until": "not: it says when mails go out",
		"imports.server_id":   "as Imports.ServerID",
		"imports.source":      "as Imports.Source",
		"imports.started_at":  "not: the history tells it",
		"imports.state":       "as Imports.State",

		"import_rows.account_id":    "not: an internal number; Imports.Lines.To names the person",
		"import_rows.email_key":     "not: the same address without case",
		"import_rows.ends_at":       "as Imports.Lines.EndsAt",
		"import_rows.import_id":     "as Imports.ID",
		"import_rows.invite_id":     answer,
		"import_rows.libraries":     answer,
		"import_rows.local_user":    "as Imports.Lines.LocalUser",
		"import_rows.local_user_id": "not: Imports.Lines.LocalUser has the name",
		"import_rows.mail_at":       "not: it says when mails go out",
		"import_rows.name":          "as Imports.Lines.Name",
		"import_rows.other":         "not: it follows from the lines",
		"import_rows.outcome":       "as Imports.Lines.Outcome",
		"import_rows.position":      "not: the order of Imports.Lines shows it",
		"import_rows.reminded_at":   "not: it says when mails go out",
		"import_rows.reminders":     "not: it says when mails go out",
		"import_rows.typed":         "as Imports.Lines.To",
	})
	return true
}()

// fillImports gives an account an import with each kind of value.
func (k *kit) fillImports(a models.Account, m media) {
	k.t.Helper()
	run := k.runImport(a, m, k.draft(a, m,
		models.NewImportLine{Name: "Nina", To: "nina@example.net", LocalUser: "Anna", EndsAt: "2026-12-31"},
		models.NewImportLine{To: "ben@example.net", Libraries: []string{"Films"}}).ID)
	k.exec("UPDATE import_rows SET mail_at = ?", k.clock.Now().Add(-25*time.Hour)) // so that the clock can stay
	_, err := k.Imports.Remind(k.t.Context(), a.ID, m.ID, run.ID, nil)
	k.must(err)
}

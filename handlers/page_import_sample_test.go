package handlers

import "github.com/latchkey-media/latchkey/models"

// importSamples returns the page on which an owner brings everybody in, and the pages of a list.
func (s sampler) importSamples() []sample {
	table, bare, draft, done := s.importTable(), s.importTable(), s.importBatch(), s.importBatch()
	bare.Reports, bare.People, bare.Profile.Options, bare.Imports, bare.More = false, nil, nil, nil, 0
	bare.FileError = bare.T("import.file.sqlite")
	wrong := s.importTable()
	wrong.PeopleError = wrong.T("error.lines_missing")
	draft.Draft, draft.Remind, draft.MailsUntil, draft.RemindAll = true, nil, "", 0
	draft.Turns = turnsView{draft.Base, Turns{First: "/servers/1/imports/7", Next: "/servers/1/imports/7?after=x"}}
	done.Running = true
	return []sample{{"import", table}, {"import-none", bare}, {"import-mistakes", wrong}, {"import_batch-draft", draft}, {"import_batch", done}}
}

func (s sampler) importTable() importPage {
	page := importPage{Base: s.signedIn("import"), ServerID: "81985529216486895", Server: "Attic", Reports: true, More: 12, EndsAt: s.endsAt("", "invite_end")}
	for at, name := range []string{"anna", longName} {
		id := []string{"1", "2"}[at]
		f := Field{Name: toBefore + id, Type: "text", Label: name, Autocomplete: "off", Value: "anna@example.org"}
		page.People = append(page.People, importPersonView{Field: f, Administrator: id == "1", Disabled: id == "2", Proposed: id == "2"})
	}
	page.Profile = SelectField{Field: s.field("profile", "", "import_profile", true), Options: []Option{{Label: page.T("field.import_profile.none"), Chosen: true}, {Value: "1", Label: "Family"}}}
	page.Imports = []importView{
		{ID: "7", Date: page.DateTime(s.at), Draft: true, Counts: models.ImportCounts{Lines: 60}},
		{ID: "8", Date: page.DateTime(s.at), Counts: models.ImportCounts{Lines: 60, Made: 50, Accepted: 10, Waiting: 40}},
	}
	return page
}

func (s sampler) importBatch() importBatchPage {
	page := importBatchPage{
		Base: s.signedIn("import_batch"), ID: "7", ServerID: "81985529216486895", Server: "Attic", NotAllowed: 3, MailsUntil: s.base("").DateTime(s.at),
		Counts: models.ImportCounts{Lines: 60, Invite: 50, Made: 20, Same: 4, Refused: 6, Waiting: 9, Accepted: 10, Declined: 1},
	}
	for at, outcome := range models.ImportOutcomes() {
		page.Lines = append(page.Lines, page.line(models.ImportLine{
			Position: at + 1, To: "a.rather.long.name@a-rather-long-domain.example.org", LocalUser: longName, EndsAt: s.at, RemindedAt: s.at,
			Libraries: []models.Library{{ExternalID: "1", Name: "Films"}}, Outcome: outcome, Other: 3,
		}))
	}
	for at, answer := range []string{models.InviteAccepted, models.InviteDeclined, models.InviteWithdrawn, models.InviteExpired} {
		page.Lines = append(page.Lines, page.line(models.ImportLine{Position: 30 + at, Name: "Nina", Answer: answer, AnsweredBy: "mira.k", AnsweredAt: s.at}))
	}
	page.Lines = append(page.Lines, page.line(models.ImportLine{Position: 40, Outcome: models.ImportToMissing}))
	page.RemindAll, page.Turns = 430, turnsView{page.Base, Turns{}}
	page.Remind = []importLineView{
		page.line(models.ImportLine{Position: 50, To: "mira.k", Answer: models.InvitePending, RemindedAt: s.at}),
		page.line(models.ImportLine{Position: 51, To: "ben@example.org", LocalUser: "ben", Answer: models.InvitePending}),
	}
	return page
}

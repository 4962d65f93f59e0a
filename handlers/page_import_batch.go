package handlers

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// importBatchPage is the data of templates/pages/import_batch.html: one list, before and after its
// people were invited.
type importBatchPage struct {
	Base
	ID, ServerID, Server string
	Draft, Running       bool
	Counts               models.ImportCounts
	MailsUntil           string           // when the last mail goes out; "" if none is left
	NotAllowed           int              // local users that wait for the yes at the machine
	Remind               []importLineView // people to remind, on the first page alone
	RemindAll            int              // how many people can be reminded, if these are more than Remind shows
	Lines                []importLineView // the others, up to importLinesOnPage of them
	Turns                turnsView
}

// importLineView is one person of a list.
type importLineView struct {
	Box       Choice // to remind the person
	Who       string
	LocalUser string
	Libraries []string
	EndsAt    string
	Text      string // what happens, or has happened
	Bad       bool   // the line was refused
	Reminded  string // when the last reminder was sent; "" for never
}

const (
	importLineBox     = "line." // the beginning of the names of the boxes, before the number of the line
	importAllBox      = "all"   // the field that stands for the boxes of all people
	importLinesOnPage = 100
	refusedFirst      = 1_000_000 // more than the positions of the lines that were refused
)

// showImportBatch answers GET /servers/ID/imports/IMPORT.
func (s *site) showImportBatch(c *gin.Context) error { return s.drawImportBatch(c, nil) }

func (s *site) drawImportBatch(c *gin.Context, cause error) error {
	own, importID, err := s.ownImport(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	one, err := s.Store.Imports.Get(c.Request.Context(), own.session.AccountID, own.serverID, importID)
	if err != nil {
		return err
	}
	page := importBatchPage{
		Base: s.base(c, "import_batch").telling(wrong), ID: idText(one.ID), ServerID: idText(own.serverID), Server: one.ServerName,
		Draft: one.State == models.ImportDraft, Running: one.State == models.ImportRunning, Counts: one.Counts,
	}
	if !one.MailsUntil.IsZero() {
		page.MailsUntil = page.DateTime(one.MailsUntil)
	}
	if err := s.fillImportLines(c, own, &page, one.Lines); err != nil {
		return err
	}
	return s.render(c, wrong.status, "import_batch", page)
}

// fillImportLines writes the lines of a list into the page. The first page has the lines whose people can be
// reminded. The other lines come page by page, the refused lines first, so that nobody has to look for them.
func (s *site) fillImportLines(c *gin.Context, own owned, page *importBatchPage, lines []models.ImportLine) error {
	asked, err := s.pageTurned(c, importLinesOnPage, "lines of an import", page.ID)
	if err != nil {
		return err
	}
	after, _ := strconv.Atoi(asked.after) // 0 for the first page
	here, last := own.to+"/imports/"+page.ID, 0
	var turns Turns
	slices.SortStableFunc(lines, func(a, b models.ImportLine) int { return cmp.Compare(importRank(a), importRank(b)) })
	for _, line := range lines {
		if line.NotAllowed && (line.Answer == models.InvitePending || line.Answer == models.InviteAccepted || page.Draft && line.Outcome == models.ImportInvite) {
			page.NotAllowed++
		}
		switch {
		case line.CanRemind:
			if page.RemindAll++; after == 0 && page.RemindAll <= importLinesOnPage {
				page.Remind = append(page.Remind, page.line(line))
			}
		case importRank(line) <= after:
			turns.First = here
		case len(page.Lines) < importLinesOnPage:
			page.Lines, last = append(page.Lines, page.line(line)), importRank(line)
		default:
			turns.Next = here + "?" + turnBefore + "=" + url.QueryEscape(s.writeCursor(asked.list, strconv.Itoa(last)))
		}
	}
	if page.RemindAll <= importLinesOnPage {
		page.RemindAll = 0
	}
	page.Turns = turnsView{page.Base, turns}
	return nil
}

// importRank returns the place of a line in the list of its page.
func importRank(l models.ImportLine) int {
	if refusedLine(l) {
		return l.Position
	}
	return refusedFirst + l.Position
}

// refusedLine reports whether a line makes no invite and somebody may have to do something about it.
func refusedLine(l models.ImportLine) bool {
	return l.Outcome != models.ImportInvite && l.Outcome != models.ImportLinked && l.Outcome != models.ImportInvited
}

// ownImport reads the session, the id of the server and the id of the import from the request.
func (s *site) ownImport(c *gin.Context) (owned, int64, error) {
	own, err := s.ownServer(c, false)
	if err != nil {
		return own, 0, err
	}
	id, err := idOf(c.Param("import"))
	return own, id, err
}

// line returns a line as the page shows it.
func (p *importBatchPage) line(l models.ImportLine) importLineView {
	number := strconv.Itoa(l.Position)
	view := importLineView{Who: l.To, LocalUser: l.LocalUser, Libraries: p.libraryNames(l.Libraries)}
	switch {
	case view.Who == "" && l.Name != "":
		view.Who = l.Name
	case view.Who == "":
		view.Who = p.T("import.line", "Line", number)
	}
	view.Box = Choice{ID: "line-" + number, Name: importLineBox + number, Label: view.Who, Chosen: true}
	if !l.EndsAt.IsZero() {
		view.EndsAt = p.End(l.EndsAt)
	}
	if !l.RemindedAt.IsZero() {
		view.Reminded = p.Date(l.RemindedAt)
	}
	view.Text, view.Bad = p.outcome(l)
	return view
}

// outcome returns the sentence about a line, and whether the line was refused.
func (p *importBatchPage) outcome(l models.ImportLine) (text string, refused bool) {
	switch l.Answer {
	case models.InvitePending:
		return p.T("import.answer.pending"), false
	case models.InviteAccepted:
		return p.T("import.answer.accepted", "Name", l.AnsweredBy, "Date", p.Date(l.AnsweredAt)), false
	case models.InviteDeclined:
		return p.T("import.answer.declined", "Date", p.Date(l.AnsweredAt)), false
	case models.InviteWithdrawn:
		return p.T("import.answer.withdrawn", "Date", p.Date(l.AnsweredAt)), false
	case models.InviteExpired:
		return p.T("import.answer.expired"), false
	}
	return p.T(importOutcomes()[l.Outcome], "Line", l.Other), refusedLine(l)
}

// importOutcomes returns the keys of the sentences about the outcomes of lines.
func importOutcomes() map[string]string {
	return map[string]string{
		models.ImportInvite:           "import.outcome.invite",
		models.ImportLinked:           "import.outcome.already_linked",
		models.ImportInvited:          "import.outcome.already_invited",
		models.ImportDeclined:         "import.outcome.declined_before",
		models.ImportPersonTwice:      "import.outcome.person_twice",
		models.ImportLocalUserTwice:   "import.outcome.local_user_twice",
		models.ImportLocalUserTaken:   "import.outcome.local_user_taken",
		models.ImportLocalUserUnknown: "import.outcome.local_user_unknown",
		models.ImportLibraryUnknown:   "import.outcome.library_unknown",
		models.ImportToMissing:        "import.outcome.to_missing",
		models.ImportEmailInvalid:     "import.outcome.email_invalid",
		models.ImportUsernameUnknown:  "import.outcome.username_unknown",
		models.ImportUsernamesMany:    "import.outcome.usernames_many",
		models.ImportYourself:         "import.outcome.yourself",
		models.ImportNameInvalid:      "import.outcome.name_invalid",
		models.ImportEndInvalid:       "import.outcome.ends_at_invalid",
		models.ImportEndPast:          "import.outcome.ends_at_past",
	}
}

// runImport answers POST /servers/ID/imports/IMPORT/run.
func (s *site) runImport(c *gin.Context, _ form) error {
	own, importID, err := s.ownImport(c)
	if err != nil {
		return err
	}
	if _, err := s.Store.Imports.Run(c.Request.Context(), own.session.AccountID, own.serverID, importID, caller(c)); err != nil {
		return s.drawImportBatch(c, err)
	}
	return s.leave(c, own.to+"/imports/"+idText(importID), noticeImportStarted)
}

// discardImport answers POST /servers/ID/imports/IMPORT/discard.
func (s *site) discardImport(c *gin.Context, _ form) error {
	own, importID, err := s.ownImport(c)
	if err != nil {
		return err
	}
	if err := s.Store.Imports.Discard(c.Request.Context(), own.session.AccountID, own.serverID, importID); err != nil {
		return err
	}
	return s.leave(c, own.to+"/import", noticeImportDiscarded)
}

// remindImport answers POST /servers/ID/imports/IMPORT/remind with the lines whose boxes are ticked, or
// for everybody who has not answered.
func (s *site) remindImport(c *gin.Context, f form) error {
	own, importID, err := s.ownImport(c)
	if err != nil {
		return err
	}
	lines := []int{}
	if f[importAllBox] != "" {
		lines = nil
	}
	for name, value := range f {
		if number, ok := strings.CutPrefix(name, importLineBox); ok && value != "" {
			if line, err := strconv.Atoi(number); err == nil {
				lines = append(lines, line)
			}
		}
	}
	n, err := s.Store.Imports.Remind(c.Request.Context(), own.session.AccountID, own.serverID, importID, lines)
	if err != nil {
		return s.drawImportBatch(c, err)
	}
	to := own.to + "/imports/" + idText(importID)
	if n == 0 {
		return seeOther(c, to)
	}
	return s.leave(c, to, noticeImportReminded)
}

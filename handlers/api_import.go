package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// importBody is the largest list that the API reads, in bytes: a thousand people with the libraries of each.
const importBody = 1 << 20

// importObject is a list of people with what happens, or has happened, with each of them.
type importObject struct {
	ID        string       `json:"id"`
	ServerID  string       `json:"server_id"`
	Source    string       `json:"source"`
	Status    string       `json:"status"` // draft, running or done
	CreatedAt time.Time    `json:"created_at"`
	StartedAt *time.Time   `json:"started_at"` // null for a draft
	ExpiresAt time.Time    `json:"expires_at"`
	Counts    importCounts `json:"counts"`
}

type importCounts struct {
	Lines    int `json:"lines"`
	Invite   int `json:"invite"`
	Made     int `json:"made"`
	Same     int `json:"same"`
	Refused  int `json:"refused"`
	Waiting  int `json:"waiting"`
	Accepted int `json:"accepted"`
	Declined int `json:"declined"`
}

// wholeImport is an import with its lines.
type wholeImport struct {
	importObject
	Lines []importLineObject `json:"lines"`
}

type importLineObject struct {
	Line       int             `json:"line"` // the first is 1
	Name       string          `json:"name"`
	To         string          `json:"to"`
	LocalUser  string          `json:"local_user"` // its name; "" for a guest
	Libraries  []libraryObject `json:"libraries"`  // null if the server decides
	EndsAt     *time.Time      `json:"ends_at"`
	Outcome    string          `json:"outcome"`
	OtherLine  int             `json:"other_line"`  // that the outcome is about; 0 for none
	Answer     string          `json:"answer"`      // the status of the invite; "" without one
	AnsweredBy string          `json:"answered_by"` // "" unless somebody has accepted it
	AnsweredAt *time.Time      `json:"answered_at"`
	MailAt     *time.Time      `json:"mail_at"`
	RemindedAt *time.Time      `json:"reminded_at"`
	Reminders  int             `json:"reminders"`
	CanRemind  bool            `json:"can_remind"`
}

func importOf(i models.Import) importObject {
	return importObject{
		ID: idText(i.ID), ServerID: idText(i.ServerID), Source: i.Source, Status: i.State,
		CreatedAt: i.CreatedAt, StartedAt: moment(i.StartedAt), ExpiresAt: i.ExpiresAt, Counts: importCounts(i.Counts),
	}
}

func wholeImportOf(i models.Import) wholeImport {
	return wholeImport{importOf(i), each(i.Lines, importLineOf)}
}

func importLineOf(l models.ImportLine) importLineObject {
	return importLineObject{
		Line: l.Position, Name: l.Name, To: l.To, LocalUser: l.LocalUser, Libraries: choiceOf(l.Libraries), EndsAt: moment(l.EndsAt),
		Outcome: l.Outcome, OtherLine: l.Other, Answer: l.Answer, AnsweredBy: l.AnsweredBy, AnsweredAt: moment(l.AnsweredAt),
		MailAt: moment(l.MailAt), RemindedAt: moment(l.RemindedAt), Reminders: l.Reminders, CanRemind: l.CanRemind,
	}
}

// readImport reads a list of people.
func readImport(c *gin.Context) (models.NewImport, error) {
	in, err := readJSONUpTo[struct {
		Source  string `json:"source"`
		Profile string `json:"profile"`
		Lines   []struct {
			Name      string   `json:"name"`
			To        string   `json:"to"`
			LocalUser string   `json:"local_user"`
			Libraries []string `json:"libraries"`
			EndsAt    string   `json:"ends_at"`
		} `json:"lines"`
	}](c, importBody)
	if err != nil {
		return models.NewImport{}, err
	}
	key, err := idempotencyKey(c)
	wanted := models.NewImport{Source: in.Source, Profile: strings.TrimSpace(in.Profile), IdempotencyKey: key}
	for _, line := range in.Lines {
		wanted.Lines = append(wanted.Lines, models.NewImportLine{
			Name: line.Name, To: line.To, LocalUser: line.LocalUser, Libraries: line.Libraries, EndsAt: line.EndsAt,
		})
	}
	return wanted, err
}

// apiImports answers GET /api/v1/servers/{id}/imports, the newest import first.
func (s *site) apiImports(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "imports", idText(id), idText(session.AccountID))
	if err != nil {
		return err
	}
	found, err := s.Store.Imports.List(c.Request.Context(), session.AccountID, id, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, importOf, func(i models.Import) string { return idText(i.ID) })
}

// apiDraftImport answers POST /api/v1/servers/{id}/imports: a draft, which says what would happen.
func (s *site) apiDraftImport(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readImport(c)
	if err != nil {
		return err
	}
	draft, err := s.Store.Imports.Draft(c.Request.Context(), session.AccountID, id, in)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, wholeImportOf(draft))
}

// apiImport answers GET /api/v1/servers/{id}/imports/{import_id}.
func (s *site) apiImport(c *gin.Context, session models.Session) error {
	id, importID, err := part(c, "import_id")
	if err != nil {
		return err
	}
	one, err := s.Store.Imports.Get(c.Request.Context(), session.AccountID, id, importID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, wholeImportOf(one))
}

// apiDiscardImport answers DELETE /api/v1/servers/{id}/imports/{import_id}. Invites that were made stay.
func (s *site) apiDiscardImport(c *gin.Context, session models.Session) error {
	id, importID, err := part(c, "import_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.Imports.Discard(c.Request.Context(), session.AccountID, id, importID))
}

// apiRunImport answers POST /api/v1/servers/{id}/imports/{import_id}/run.
func (s *site) apiRunImport(c *gin.Context, session models.Session) error {
	id, importID, err := part(c, "import_id")
	if err != nil {
		return err
	}
	one, err := s.Store.Imports.Run(c.Request.Context(), session.AccountID, id, importID, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, wholeImportOf(one))
}

// apiRemindImport answers POST /api/v1/servers/{id}/imports/{import_id}/remind.
func (s *site) apiRemindImport(c *gin.Context, session models.Session) error {
	id, importID, err := part(c, "import_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Lines []int `json:"lines"` // null for all that can be reminded
	}](c)
	if err != nil {
		return err
	}
	n, err := s.Store.Imports.Remind(c.Request.Context(), session.AccountID, id, importID, in.Lines)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Reminded int `json:"reminded"`
	}{n})
}

// apiServerDraftImport answers POST /api/v1/server/imports: a draft in the name of the owner.
func (s *site) apiServerDraftImport(c *gin.Context, this models.Server) error {
	in, err := readImport(c)
	if err != nil {
		return err
	}
	draft, err := s.Store.Imports.DraftHere(c.Request.Context(), this, in)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, wholeImportOf(draft))
}

// apiServerRunImport answers POST /api/v1/server/imports/{id}/run in the name of the owner.
func (s *site) apiServerRunImport(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	one, err := s.Store.Imports.RunHere(c.Request.Context(), this, id, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, wholeImportOf(one))
}

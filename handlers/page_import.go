package handlers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/peoplelist"
	"github.com/latchkey-media/latchkey/models"
)

// importPage is the data of templates/pages/import.html: the local users to whom nobody is linked,
// each with a field, and the upload of a list.
type importPage struct {
	Base
	ServerID, Server string
	Reports          bool // the server reports its local users
	People           []importPersonView
	More             int // local users beyond those that the page shows
	PeopleError      string
	Profile          SelectField // without options if there is no profile
	EndsAt           Field
	FileError        string
	Imports          []importView // the newest lists
}

// importPersonView is a local user with the field for the person behind it.
type importPersonView struct {
	Field
	Administrator, Disabled, Proposed bool
}

// importView is a list in the list of lists.
type importView struct {
	ID, Date string
	Draft    bool
	Counts   models.ImportCounts
}

const (
	importFieldsMost = 400 // fields that a form may have
	importsShown     = 10
	toBefore         = "to." // the beginning of the names of the fields, before the id of the local user
)

// importForm answers GET /servers/ID/import.
func (s *site) importForm(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showImport(c, own, nil, "", nil)
}

// checkImport answers POST /servers/ID/import: it makes a draft of what was typed, and shows it.
func (s *site) checkImport(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	in := models.NewImport{Source: "page", Profile: f["profile"]}
	proposed, err := s.Store.Imports.Propose(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	if _, err := endOfDay(f["ends_at"], s.zoneOfForm(c, f)); err != nil {
		return s.showImport(c, own, f, "", err)
	}
	for _, one := range proposed {
		if to := strings.TrimSpace(f[toBefore+idText(one.LocalUser.ID)]); to != "" {
			in.Lines = append(in.Lines, models.NewImportLine{To: to, LocalUserID: one.LocalUser.ID, EndsAt: f["ends_at"]})
		}
	}
	draft, err := s.Store.Imports.Draft(c.Request.Context(), own.session.AccountID, own.serverID, in)
	if err != nil {
		return s.showImport(c, own, f, "", err)
	}
	return seeOther(c, own.to+"/imports/"+idText(draft.ID))
}

// uploadImport answers POST /servers/ID/import/file: it makes a draft of a list in a file.
func (s *site) uploadImport(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if _, err := s.Store.Servers.Get(c.Request.Context(), own.session.AccountID, own.serverID); err != nil {
		return err // before anything is read
	}
	files, err := s.readLists(c)
	if err != nil {
		return err
	}
	list, err := peoplelist.Read(files...)
	if err != nil {
		return s.showImport(c, own, nil, listMistake(s.base(c, "import"), err), nil)
	}
	in := models.NewImport{Source: list.Source}
	for _, line := range list.Lines {
		in.Lines = append(in.Lines, models.NewImportLine{
			Name: line.Name, To: line.To, LocalUser: line.LocalUser, Libraries: line.Libraries, EndsAt: line.EndsAt,
		})
	}
	draft, err := s.Store.Imports.Draft(c.Request.Context(), own.session.AccountID, own.serverID, in)
	if err != nil {
		return s.showImport(c, own, nil, "", err)
	}
	return seeOther(c, own.to+"/imports/"+idText(draft.ID))
}

// readLists returns the files of a form, each cut off after one byte more than a list may have.
func (s *site) readLists(c *gin.Context) ([][]byte, error) {
	s.lastLonger(c)
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, uploadMost)
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", refuse(http.StatusUnsupportedMediaType, "unsupported_body"), err)
	}
	var files [][]byte
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil || part.FormName() != "file" || len(files) > peoplelist.FilesMax {
			return nil, unreadable(err)
		}
		file, err := io.ReadAll(io.LimitReader(part, peoplelist.BytesMax+1))
		if err == nil {
			_, err = io.Copy(io.Discard, part)
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if len(file) > 0 || part.FileName() != "" {
			files = append(files, file)
		}
	}
}

// listMistake returns the text about a file that cannot be read.
func listMistake(b Base, err error) string {
	switch {
	case errors.Is(err, peoplelist.ErrSQLite):
		return b.T("import.file.sqlite")
	case errors.Is(err, peoplelist.ErrColumns):
		return b.T("import.file.columns")
	case errors.Is(err, peoplelist.ErrMany):
		return b.T("import.file.many")
	case errors.Is(err, peoplelist.ErrLarge):
		return b.T("import.file.large")
	case errors.Is(err, peoplelist.ErrMixed):
		return b.T("import.file.mixed")
	case errors.Is(err, peoplelist.ErrEmpty):
		return b.T("import.file.empty")
	default:
		return b.T("import.file.unknown")
	}
}

func (s *site) showImport(c *gin.Context, own owned, f form, fileError string, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ctx, ownerID := c.Request.Context(), own.session.AccountID
	server, err := s.Store.Servers.Get(ctx, ownerID, own.serverID)
	if err != nil {
		return err
	}
	proposed, err := s.Store.Imports.Propose(ctx, ownerID, own.serverID)
	if err != nil {
		return err
	}
	status := wrong.status
	page := importPage{Base: s.base(c, "import").telling(wrong), ServerID: idText(own.serverID), Server: server.Name, FileError: fileError}
	if fileError != "" {
		status = http.StatusUnprocessableEntity
	}
	page.PeopleError = wrong.fields["lines"]
	in := newInputs(page.Base, f, wrong.inOrder("ends_at"))
	in.fresh = false
	page.More = max(0, len(proposed)-importFieldsMost)
	for _, one := range proposed[:min(len(proposed), importFieldsMost)] {
		page.People = append(page.People, in.importPerson(one))
	}
	page.Reports = len(proposed) > 0
	page.EndsAt = in.endsAt("invite_end")
	if err := s.fillImport(c, own, &page, f); err != nil {
		return err
	}
	return s.render(c, status, "import", page)
}

// importPerson returns the field beside a local user.
func (in *inputs) importPerson(one models.ImportProposal) importPersonView {
	name := toBefore + idText(one.LocalUser.ID)
	view := importPersonView{
		Field:         Field{Name: name, Type: "text", Label: one.LocalUser.Name, Autocomplete: "off"},
		Administrator: one.LocalUser.Administrator, Disabled: one.LocalUser.Disabled, Proposed: one.To != "" && in.typed == nil,
	}
	if view.Value = in.typed[name]; in.typed == nil {
		view.Value = one.To
	}
	return view
}

// fillImport writes the profiles and the newest lists into the page.
func (s *site) fillImport(c *gin.Context, own owned, page *importPage, f form) error {
	ctx, ownerID := c.Request.Context(), own.session.AccountID
	profiles, err := s.Store.InviteProfiles.List(ctx, ownerID, own.serverID)
	if err != nil {
		return err
	}
	page.Profile.Field = Field{Name: "profile", Label: page.T("field.import_profile"), Hint: page.T("field.import_profile.hint")}
	if len(profiles) > 0 {
		page.Profile.Options = []Option{{Label: page.T("field.import_profile.none"), Chosen: f["profile"] == ""}}
	}
	for _, one := range profiles {
		page.Profile.Options = append(page.Profile.Options, Option{Value: idText(one.ID), Label: one.Name, Chosen: f["profile"] == idText(one.ID)})
	}
	imports, err := s.Store.Imports.List(ctx, ownerID, own.serverID, 0, importsShown)
	for _, one := range imports {
		page.Imports = append(page.Imports, importView{ID: idText(one.ID), Date: page.DateTime(one.CreatedAt), Draft: one.State == models.ImportDraft, Counts: one.Counts})
	}
	return err
}

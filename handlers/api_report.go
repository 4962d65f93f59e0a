package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// maxReport is the size of the largest report in bytes. Thousands of local
// users do not fit into maxBody.
const maxReport = 4 << 20

// apiReport answers PUT /api/v1/server/report. A report without changes writes
// nothing.
func (s *site) apiReport(c *gin.Context, this models.Server) error {
	in, err := readJSONUpTo[struct {
		Name       string              `json:"name"`
		Version    string              `json:"version"`
		SystemID   string              `json:"system_id"`
		Addresses  []addressObject     `json:"addresses"`
		LocalUsers []reportedLocalUser `json:"local_users"`
		Libraries  []reportedLibrary   `json:"libraries"`

		QuickConnect  bool     `json:"quick_connect"`
		PasswordKey   string   `json:"password_key"`
		OpenAddresses []string `json:"open_addresses"`
		DeviceKeys    bool     `json:"device_keys"`

		Levels  string              `json:"levels"`
		Choices *levelChoicesObject `json:"choices"`

		Televisions string `json:"televisions"`
		MediaServer string `json:"media_server"`

		Run string `json:"run"`
	}](c, maxReport)
	if err != nil {
		return err
	}
	report := models.Report{
		Registration: models.Registration{Name: in.Name, Version: in.Version, SystemID: in.SystemID, Kind: models.ServerAgent},
		LocalUsers:   each(in.LocalUsers, reportedLocalUser.read),
		Libraries:    each(in.Libraries, reportedLibrary.read),

		Media: in.MediaServer, QuickConnect: in.QuickConnect, PasswordKey: in.PasswordKey, OpenAddresses: in.OpenAddresses, DeviceKeys: in.DeviceKeys, Run: in.Run,
		Levels: in.Levels, Choices: readChoices(in.Choices), Televisions: in.Televisions,
	}
	if err := addAddresses(&report.Registration, in.Addresses); err != nil {
		return err
	}
	out, err := s.Store.Agents.Report(c.Request.Context(), this, report)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Changed    bool   `json:"changed"`
		AnotherRun bool   `json:"another_run"`
		SeenAs     string `json:"seen_as"`
	}{out.Changed, out.AnotherRun, seenAs(c)})
}

// reportedLocalUser is a local user as an agent reports it.
type reportedLocalUser struct {
	ID            string `json:"id"` // the id that the media server uses
	Name          string `json:"name"`
	Disabled      bool   `json:"disabled"`
	Administrator bool   `json:"administrator"`
	NotAllowed    bool   `json:"not_allowed"`

	Sees *seenLibraries `json:"sees"` // null if the agent does not tell it
}

// seenLibraries are the libraries that a local user sees, as an agent reports them.
type seenLibraries struct {
	All       bool     `json:"all"`
	Libraries []string `json:"libraries"`
}

func (u reportedLocalUser) read() models.LocalUser {
	out := models.LocalUser{ExternalID: u.ID, Name: u.Name, Disabled: u.Disabled, Administrator: u.Administrator, NotAllowed: u.NotAllowed}
	if u.Sees != nil {
		out.Sees = &models.SeenLibraries{All: u.Sees.All, IDs: u.Sees.Libraries}
	}
	return out
}

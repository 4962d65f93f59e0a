package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// rosterObject is one entry of a roster.
type rosterObject struct {
	ID             string           `json:"id"`     // of the link, or of the local user without one
	Status         string           `json:"status"` // in, out, waiting or free
	Link           *rosterLink      `json:"link"`   // null without a link
	LocalUser      *rosterLocalUser `json:"local_user"`
	InviteID       *string          `json:"invite_id"`        // the invite for the local user that waits for an answer
	LocalUserState string           `json:"local_user_state"` // what keeps the person out: gone, disabled, administrator, waiting, not_allowed, or ""
}

// rosterLink is the link of an entry of the roster.
type rosterLink struct {
	Username    string     `json:"username"`
	DisplayName string     `json:"display_name"`
	Picture     string     `json:"picture"`
	Type        string     `json:"type"`
	Status      string     `json:"status"`
	EndsAt      *time.Time `json:"ends_at"`
	CreatedAt   time.Time  `json:"created_at"`
	AcceptedAt  *time.Time `json:"accepted_at"`
}

// rosterLocalUser is the local user of an entry of the roster.
type rosterLocalUser struct {
	ID            string     `json:"id"`
	ExternalID    string     `json:"external_id"`
	Name          string     `json:"name"`
	Disabled      bool       `json:"disabled"`
	Administrator bool       `json:"administrator"`
	NotAllowed    bool       `json:"not_allowed"`
	Gone          bool       `json:"gone"`
	SeenAt        *time.Time `json:"seen_at"` // null while it is not known
	Devices       int        `json:"devices"`
	KeptOut       []string   `json:"kept_out"`
}

func rosterOf(e models.RosterEntry) rosterObject {
	out := rosterObject{ID: idText(e.EntryID), Status: e.Status, LocalUserState: e.Person.LocalUserState}
	if e.ID != 0 {
		out.Link = &rosterLink{
			Username: e.Username, DisplayName: e.DisplayName, Picture: pictureAddress(e.Picture), Type: e.Type, Status: e.State,
			EndsAt: moment(e.EndsAt), CreatedAt: e.CreatedAt, AcceptedAt: moment(e.AcceptedAt),
		}
	}
	if u := e.LocalUser; u.ID != 0 {
		out.LocalUser = &rosterLocalUser{
			ID: idText(u.ID), ExternalID: u.ExternalID, Name: u.Name, Disabled: u.Disabled, Administrator: u.Administrator, NotAllowed: u.NotAllowed,
			Gone: !u.GoneAt.IsZero(), SeenAt: moment(e.SeenAt), Devices: e.Devices, KeptOut: append([]string{}, e.KeptOut...),
		}
	}
	if e.InviteID != 0 {
		id := idText(e.InviteID)
		out.InviteID = &id
	}
	return out
}

// apiRoster answers GET /api/v1/servers/{id}/roster.
func (s *site) apiRoster(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	status, given, err := parameter(c, "status")
	if err != nil {
		return err
	}
	if given && !slices.Contains([]string{models.RosterIn, models.RosterOut, models.RosterWaiting, models.RosterFree}, status) {
		return oneMistake("status", "parameter_invalid")
	}
	name, _, err := parameter(c, "name")
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "roster of a server", idText(id), idText(session.AccountID), status, name)
	if err != nil {
		return err
	}
	_, found, err := s.Store.Roster.List(c.Request.Context(), session.AccountID, id, models.RosterAsk{Status: status, Name: name, After: asked.after, Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, rosterOf, func(e models.RosterEntry) string { return e.Position })
}

// apiRosterEntry answers GET /api/v1/servers/{id}/roster/{entry_id}.
func (s *site) apiRosterEntry(c *gin.Context, session models.Session) error {
	id, entryID, err := part(c, "entry_id")
	if err != nil {
		return err
	}
	_, entry, err := s.Store.Roster.Get(c.Request.Context(), session.AccountID, id, entryID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, rosterOf(entry))
}

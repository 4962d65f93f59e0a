package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// localUserRef names a local user: for an owner with the id that Latchkey uses,
// for an agent with the id that the media server uses.
type localUserRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// localUserObject is a local user as the owner of its server sees it.
type localUserObject struct {
	ID            string  `json:"id"`          // the id that Latchkey uses
	ExternalID    string  `json:"external_id"` // the id that the media server uses
	Name          string  `json:"name"`
	Disabled      bool    `json:"disabled"`
	Administrator bool    `json:"administrator"`
	NotAllowed    bool    `json:"not_allowed"`
	LinkedTo      *string `json:"linked_to"` // a username
}

// apiLocalUsers answers GET /api/v1/servers/{id}/local-users. It leaves out
// local users that the server no longer reports, even if a link still names
// them.
func (s *site) apiLocalUsers(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Servers.LocalUsers(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	users := []localUserObject{}
	for _, u := range found {
		if !u.GoneAt.IsZero() {
			continue
		}
		one := localUserObject{
			ID: idText(u.ID), ExternalID: u.ExternalID, Name: u.Name, Disabled: u.Disabled, Administrator: u.Administrator,
			NotAllowed: u.NotAllowed,
		}
		if u.LinkedTo != "" {
			one.LinkedTo = &u.LinkedTo
		}
		users = append(users, one)
	}
	return answerJSON(c, http.StatusOK, struct {
		LocalUsers []localUserObject `json:"local_users"`
	}{users})
}

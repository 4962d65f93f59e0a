package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// televisionObject says whether an owner can sign a television in for a person.
type televisionObject struct {
	LinkID      string `json:"link_id"`
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	LocalUser   string `json:"local_user"` // "" when only the agent knows
	Refused     string `json:"refused"`    // why not; "" if it works
}

// apiTelevision answers GET /api/v1/servers/{id}/people/{link_id}/television.
func (s *site) apiTelevision(c *gin.Context, session models.Session) error {
	serverID, linkID, err := televisionIDs(c, "link_id")
	if err != nil {
		return err
	}
	place, err := s.Store.Televisions.Place(c.Request.Context(), session.AccountID, serverID, linkID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, televisionObject{
		LinkID: idText(place.LinkID), Username: place.Username, DisplayName: place.DisplayName, LocalUser: place.LocalUser, Refused: place.Refused,
	})
}

// televisionIDs returns the id of the server and another id of the path.
func televisionIDs(c *gin.Context, other string) (serverID, otherID int64, err error) {
	if serverID, err = idOf(c.Param("id")); err == nil {
		otherID, err = idOf(c.Param(other))
	}
	return serverID, otherID, err
}

// apiSignTelevisionIn answers POST /api/v1/servers/{id}/people/{link_id}/television. As with the code of a TV, the
// password must have been given recently.
func (s *site) apiSignTelevisionIn(c *gin.Context, session models.Session) error {
	serverID, linkID, err := televisionIDs(c, "link_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Code string `json:"code"`
	}](c)
	if err != nil {
		return err
	}
	asked, err := s.Store.Televisions.SignIn(c.Request.Context(), session, serverID, linkID, in.Code, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, quickConnectOf(asked))
}

// apiTelevisionTry answers GET /api/v1/servers/{id}/televisions/{television_id}.
func (s *site) apiTelevisionTry(c *gin.Context, session models.Session) error {
	serverID, id, err := televisionIDs(c, "television_id")
	if err != nil {
		return err
	}
	found, err := s.Store.Televisions.Get(c.Request.Context(), session.AccountID, serverID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, quickConnectOf(found))
}

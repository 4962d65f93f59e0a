package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// ownedAddress is an address of a server as its owner sees it.
type ownedAddress struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	URL        string     `json:"url"`
	Hidden     bool       `json:"hidden"`
	ByOwner    bool       `json:"by_owner"`
	ReportedAt *time.Time `json:"reported_at"`
}

func ownedAddressOf(a models.Address) ownedAddress {
	return ownedAddress{
		ID: idText(a.ID), Kind: a.Kind, URL: a.URL(), Hidden: a.Hidden, ByOwner: a.ByOwner, ReportedAt: moment(a.ReportedAt),
	}
}

// apiAddAddress answers POST /api/v1/servers/{id}/addresses.
func (s *site) apiAddAddress(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		URL string `json:"url"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("url", in.URL); err != nil {
		return err
	}
	address, err := s.Store.Addresses.Add(c.Request.Context(), session.AccountID, id, in.URL)
	if err != nil {
		return atMember(err, "address", "url")
	}
	return answerJSON(c, http.StatusCreated, ownedAddressOf(address))
}

// part reads two ids from the path: the id of a server, and the id of a part of this
// server.
func part(c *gin.Context, name string) (serverID, partID int64, err error) {
	if serverID, err = idOf(c.Param("id")); err == nil {
		partID, err = idOf(c.Param(name))
	}
	return serverID, partID, err
}

// apiChangeAddress answers PATCH /api/v1/servers/{id}/addresses/{address_id}.
// Absent members do not change.
func (s *site) apiChangeAddress(c *gin.Context, session models.Session) error {
	id, addressID, err := part(c, "address_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Hidden *bool   `json:"hidden"`
		Move   *string `json:"move"`
	}](c)
	if err != nil {
		return err
	}
	const up, down = "up", "down"
	switch {
	case in.Hidden == nil && in.Move == nil:
		return oneMistake("hidden", "field_required")
	case in.Move != nil && *in.Move != up && *in.Move != down:
		return oneMistake("move", "move_invalid")
	}
	if in.Hidden != nil {
		err = s.Store.Addresses.Hide(c.Request.Context(), session.AccountID, id, addressID, *in.Hidden)
	}
	if err == nil && in.Move != nil {
		err = s.Store.Addresses.Move(c.Request.Context(), session.AccountID, id, addressID, *in.Move == up)
	}
	return done(c, err)
}

// apiRemoveAddress answers DELETE /api/v1/servers/{id}/addresses/{address_id}.
func (s *site) apiRemoveAddress(c *gin.Context, session models.Session) error {
	id, addressID, err := part(c, "address_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.Addresses.Remove(c.Request.Context(), session.AccountID, id, addressID))
}

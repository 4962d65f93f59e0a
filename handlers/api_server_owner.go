package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// ownedObject is a server as its owner sees it in the list.
type ownedObject struct {
	serverObject
	OwnName     string    `json:"own_name"` // the name that the owner gave it; "" if the owner gave none
	SelfService bool      `json:"self_service"`
	People      int       `json:"people"`
	Pending     int       `json:"pending"`
	CreatedAt   time.Time `json:"created_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	Disabled    bool      `json:"disabled"`
}

func ownedOf(o models.OwnedServer) ownedObject {
	return ownedObject{
		serverObject: serverOf(o.ID, o.ServerDescription), OwnName: o.OwnName,
		SelfService: o.SelfService, People: o.People, Pending: o.Pending,
		CreatedAt: o.CreatedAt.UTC(), LastSeenAt: o.LastSeenAt.UTC(), Disabled: !o.DisabledAt.IsZero(),
	}
}

// ownedDetail is one server as its owner sees it.
type ownedDetail struct {
	ownedObject
	StartNote string          `json:"start_note"`       // for people who want to get in; "" for none
	Linked    bool            `json:"linked_passwords"` // linked people may give their local user a password
	Addresses []ownedAddress  `json:"addresses"`
	Libraries []libraryObject `json:"libraries"`
}

// apiOwnedServers answers GET /api/v1/servers/owned.
func (s *site) apiOwnedServers(c *gin.Context, session models.Session) error {
	owned, err := s.Store.Servers.Mine(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerList(c, "servers", owned, ownedOf)
}

// apiOwnedServer answers GET /api/v1/servers/{id}.
func (s *site) apiOwnedServer(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Servers.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	libraries, err := s.Store.Servers.Libraries(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	counted := models.OwnedServer{Server: found.Server}
	for _, link := range found.Links {
		if link.State == models.LinkAccepted {
			counted.People++
		} else {
			counted.Pending++
		}
	}
	return answerJSON(c, http.StatusOK, ownedDetail{
		ownedObject: ownedOf(counted), StartNote: found.StartNote, Linked: found.LinkedPasswords, Addresses: each(found.Addresses, ownedAddressOf), Libraries: each(libraries, libraryOf),
	})
}

// apiChangeServer answers PATCH /api/v1/servers/{id}. Absent members do not
// change.
func (s *site) apiChangeServer(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Name        *string `json:"name"`
		SelfService *bool   `json:"self_service"`
		StartNote   *string `json:"start_note"`
		Linked      *bool   `json:"linked_passwords"`
	}](c)
	if err != nil {
		return err
	}
	change := models.ServerChange{OwnName: in.Name, SelfService: in.SelfService, StartNote: in.StartNote, LinkedPasswords: in.Linked}
	if err := s.Store.Servers.Change(c.Request.Context(), session.AccountID, id, change); err != nil {
		return err
	}
	return s.apiOwnedServer(c, session)
}

// apiRemoveServer answers DELETE /api/v1/servers/{id}.
func (s *site) apiRemoveServer(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	return done(c, s.Store.Servers.Remove(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiHandServerOver answers POST /api/v1/servers/{id}/hand-over.
func (s *site) apiHandServerOver(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Username string `json:"username"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("username", strings.TrimSpace(in.Username)); err != nil {
		return err
	}
	return done(c, s.Store.Servers.HandOver(c.Request.Context(), session.AccountID, id, in.Username, caller(c)))
}

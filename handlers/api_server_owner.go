package handlers

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiOwnerRoutes are for people and the servers that they run, for invites from
// both sides, and for those who join a server by themselves.
func (s *site) apiOwnerRoutes(r *gin.Engine, v1 string) {
	servers := v1 + "/servers"
	r.POST(servers+"/claim", s.withProof(s.apiClaimServer))
	s.get(r, servers+"/owned", nil, s.withSession(s.apiOwnedServers))
	s.get(r, servers+"/:id", nil, s.withSession(s.apiOwnedServer))
	r.PATCH(servers+"/:id", s.withSession(s.apiChangeServer))
	r.DELETE(servers+"/:id", s.withProof(s.apiRemoveServer))
	r.POST(servers+"/:id/key", s.withProof(s.apiReplaceServerKey))
	r.POST(servers+"/:id/hand-over", s.withProof(s.apiHandServerOver))
	r.POST(servers+"/:id/addresses", s.withSession(s.apiAddAddress))
	r.PATCH(servers+"/:id/addresses/:address_id", s.withSession(s.apiChangeAddress))
	r.DELETE(servers+"/:id/addresses/:address_id", s.withoutBody(s.apiRemoveAddress))
	s.get(r, servers+"/:id/people", nil, s.withSession(s.apiPeople))
	r.PATCH(servers+"/:id/people/:link_id", s.withSession(s.apiChangePerson))
	r.DELETE(servers+"/:id/people/:link_id", s.withoutBody(s.apiRemovePerson))
	s.get(r, servers+"/:id/local-users", nil, s.withSession(s.apiLocalUsers))
	r.POST(servers+"/:id/join", s.withoutBody(s.apiStartProof))
	s.get(r, servers+"/:id/join", nil, s.withSession(s.apiProof))

	r.POST(v1+"/invites", s.withSession(s.apiCreateInvite))
	s.get(r, v1+"/invites", nil, s.withSession(s.apiInvites))
	r.DELETE(v1+"/invites/:id", s.withoutBody(s.apiWithdrawInvite))
	s.get(r, v1+"/invites/received", nil, s.withSession(s.apiReceivedInvites))
	r.POST(v1+"/invites/:id/accept", s.withoutBody(s.apiAcceptInvite))
	r.POST(v1+"/invites/:id/decline", s.withoutBody(s.apiDeclineInvite))
}

// ownedObject is a server as its owner sees it in the list.
type ownedObject struct {
	ID          string    `json:"id"`
	SystemID    string    `json:"system_id"`
	Name        string    `json:"name"`
	OwnName     string    `json:"own_name"` // "" for the server's own
	Kind        string    `json:"kind"`
	Version     string    `json:"version"`
	SelfService bool      `json:"self_service"`
	People      int       `json:"people"`
	Pending     int       `json:"pending"`
	CreatedAt   time.Time `json:"created_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	Disabled    bool      `json:"disabled"`
}

func ownedOf(o models.OwnedServer) ownedObject {
	return ownedObject{
		ID: idText(o.ID), SystemID: o.SystemID, Name: o.Name, OwnName: o.OwnName, Kind: o.Kind, Version: o.Version,
		SelfService: o.SelfService, People: o.People, Pending: o.Pending,
		CreatedAt: o.CreatedAt.UTC(), LastSeenAt: o.LastSeenAt.UTC(), Disabled: !o.DisabledAt.IsZero(),
	}
}

// ownedDetail is one server as its owner sees it.
type ownedDetail struct {
	ownedObject
	Addresses []ownedAddress  `json:"addresses"`
	Libraries []libraryObject `json:"libraries"`
}

// libraryObject is a library of a server, by the server's own id of it.
type libraryObject struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func libraryOf(l models.Library) libraryObject { return libraryObject{l.ExternalID, l.Name} }

// choiceOf is a choice of libraries, nil for "as the server decides".
func choiceOf(libraries []models.Library) []libraryObject {
	if libraries == nil {
		return nil
	}
	return each(libraries, libraryOf)
}

// localUserRef names a local user by the id that the reader knows it by.
type localUserRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// apiClaimServer answers POST /api/v1/servers/claim: whoever can read a server's
// id and key runs it. A repetition finds that it was done.
func (s *site) apiClaimServer(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		ServerID  string `json:"server_id"`
		ServerKey string `json:"server_key"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("server_id", in.ServerID, "server_key", in.ServerKey); err != nil {
		return err
	}
	id, err := idOf(in.ServerID)
	if err == nil {
		err = s.Store.Servers.Claim(c.Request.Context(), session.AccountID, id, in.ServerKey, caller(c))
	}
	if errors.Is(err, models.ErrServerClaimed) && s.runs(c, session, id) {
		err = nil
	}
	if errors.Is(err, models.ErrNotFound) {
		err = oneMistake("server_key", "server_pair_wrong")
	}
	return done(c, err)
}

// apiOwnedServers answers GET /api/v1/servers/owned.
func (s *site) apiOwnedServers(c *gin.Context, session models.Session) error {
	owned, err := s.Store.Servers.Mine(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Servers []ownedObject `json:"servers"`
	}{each(owned, ownedOf)})
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
		ownedObject: ownedOf(counted), Addresses: each(found.Addresses, ownedAddressOf), Libraries: each(libraries, libraryOf),
	})
}

// apiChangeServer answers PATCH /api/v1/servers/{id}: what is absent stays.
func (s *site) apiChangeServer(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Name        *string `json:"name"`
		SelfService *bool   `json:"self_service"`
	}](c)
	if err != nil {
		return err
	}
	if in.Name != nil {
		err = s.Store.Servers.Rename(c.Request.Context(), session.AccountID, id, *in.Name)
	}
	if err == nil && in.SelfService != nil {
		err = s.Store.Servers.SetSelfService(c.Request.Context(), session.AccountID, id, *in.SelfService)
	}
	if err != nil {
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

// keyObject is a new server key. It is told this once.
type keyObject struct {
	Key          string    `json:"key"`
	OverlapUntil time.Time `json:"overlap_until"` // the one before works until then
}

// apiReplaceServerKey answers POST /api/v1/servers/{id}/key.
func (s *site) apiReplaceServerKey(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	until := s.Store.Now().Add(models.KeyOverlap) // asked before, so that nobody counts on a key too long
	key, err := s.Store.Servers.RotateKey(c.Request.Context(), session.AccountID, id, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, keyObject{key, until})
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

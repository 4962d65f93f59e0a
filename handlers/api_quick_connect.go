package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// quickConnectObject is the state of the sign-in of a device by Quick Connect.
type quickConnectObject struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason"` // "" unless it failed
	Server    string    `json:"server"` // the name of the server
	ExpiresAt time.Time `json:"expires_at"`
}

func quickConnectOf(q models.QuickConnect) quickConnectObject {
	return quickConnectObject{ID: idText(q.ID), Status: q.State, Reason: q.Reason, Server: q.ServerName, ExpiresAt: q.ExpiresAt.UTC()}
}

// apiAskQuickConnect answers POST /api/v1/quick-connects. As with the code of a TV, the
// password must have been given recently.
func (s *site) apiAskQuickConnect(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		ServerID string `json:"server_id"`
		Code     string `json:"code"`
	}](c)
	if err != nil {
		return err
	}
	serverID, err := idOf(in.ServerID)
	if err != nil {
		return oneMistake("server_id", "quick_server_unknown")
	}
	asked, err := s.Store.QuickConnects.Ask(c.Request.Context(), session, serverID, in.Code, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, quickConnectOf(asked))
}

// apiQuickConnect answers GET /api/v1/quick-connects/{id}.
func (s *site) apiQuickConnect(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.QuickConnects.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, quickConnectOf(found))
}

// quickConnectServer is a server on which a device can be signed in by Quick
// Connect.
type quickConnectServer struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	LocalUser string `json:"local_user"` // "" when only the agent knows
}

// apiQuickConnectServers answers GET /api/v1/quick-connects/servers.
func (s *site) apiQuickConnectServers(c *gin.Context, session models.Session) error {
	found, err := s.Store.QuickConnects.Servers(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerList(c, "servers", found, func(q models.QuickServer) quickConnectServer {
		return quickConnectServer{ID: idText(q.ID), Name: q.Name, LocalUser: q.LocalUser}
	})
}

// openQuickConnect is a code that waits for the agent.
type openQuickConnect struct {
	ID        string    `json:"id"`
	LinkID    string    `json:"link_id"`
	AccountID string    `json:"account_id"`
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
	ByOwner   bool      `json:"by_owner"` // the owner of the server has typed the code for the person
}

// apiOpenQuickConnects answers GET /api/v1/server/quick-connects.
func (s *site) apiOpenQuickConnects(c *gin.Context, this models.Server) error {
	found, err := s.Store.QuickConnects.Open(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerList(c, "quick_connects", found, func(q models.QuickConnect) openQuickConnect {
		return openQuickConnect{
			ID: idText(q.ID), LinkID: idText(q.LinkID), AccountID: idText(q.AccountID), Code: q.Code, ExpiresAt: q.ExpiresAt.UTC(), ByOwner: q.ByOwner,
		}
	})
}

// apiCompleteQuickConnect answers POST /api/v1/server/quick-connects/{id}/complete.
func (s *site) apiCompleteQuickConnect(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.QuickConnects.Complete(c.Request.Context(), this, id))
}

// apiFailQuickConnect answers POST /api/v1/server/quick-connects/{id}/fail.
func (s *site) apiFailQuickConnect(c *gin.Context, this models.Server) error {
	return failed(c, this, s.Store.QuickConnects.Fail)
}

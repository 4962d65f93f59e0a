package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// localPasswordObject shows the outcome of a password for a local user.
type localPasswordObject struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason"` // "" unless it failed
	ExpiresAt time.Time `json:"expires_at"`
}

func localPasswordOf(p models.LocalPassword) localPasswordObject {
	return localPasswordObject{ID: idText(p.ID), Status: p.State, Reason: p.Reason, ExpiresAt: p.ExpiresAt.UTC()}
}

// apiLocalPasswordPlace answers GET /api/v1/servers/{id}/local-password.
func (s *site) apiLocalPasswordPlace(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	place, err := s.Store.LocalPasswords.Place(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		LinkID      string `json:"link_id"`
		LocalUser   string `json:"local_user"` // "" while only the agent knows
		PasswordKey string `json:"password_key"`
		Refused     string `json:"refused"` // "" for nothing
	}{idText(place.LinkID), place.LocalUser, place.Key, place.Refused})
}

// apiAskLocalPassword answers POST /api/v1/local-passwords. The password of the account must have
// been given recently.
func (s *site) apiAskLocalPassword(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		ServerID string `json:"server_id"`
		Sealed   string `json:"sealed"`
	}](c)
	if err != nil {
		return err
	}
	serverID, err := idOf(in.ServerID)
	if err != nil {
		return err
	}
	asked, err := s.Store.LocalPasswords.Ask(c.Request.Context(), session, serverID, in.Sealed, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, localPasswordOf(asked))
}

// apiLocalPassword answers GET /api/v1/local-passwords/{id}.
func (s *site) apiLocalPassword(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.LocalPasswords.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, localPasswordOf(found))
}

// openLocalPassword is a new password for a local user that waits for the agent.
type openLocalPassword struct {
	ID        string    `json:"id"`
	LinkID    string    `json:"link_id"`
	AccountID string    `json:"account_id"`
	Sealed    string    `json:"sealed"` // to the key of the agent's reports
	ExpiresAt time.Time `json:"expires_at"`
}

// apiOpenLocalPasswords answers GET /api/v1/server/local-passwords.
func (s *site) apiOpenLocalPasswords(c *gin.Context, this models.Server) error {
	found, err := s.Store.LocalPasswords.Open(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerList(c, "local_passwords", found, func(p models.LocalPassword) openLocalPassword {
		return openLocalPassword{
			ID: idText(p.ID), LinkID: idText(p.LinkID), AccountID: idText(p.AccountID), Sealed: p.Sealed, ExpiresAt: p.ExpiresAt.UTC(),
		}
	})
}

// apiCompleteLocalPassword answers POST /api/v1/server/local-passwords/{id}/complete.
func (s *site) apiCompleteLocalPassword(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.LocalPasswords.Complete(c.Request.Context(), this, id))
}

// apiFailLocalPassword answers POST /api/v1/server/local-passwords/{id}/fail.
func (s *site) apiFailLocalPassword(c *gin.Context, this models.Server) error {
	return failed(c, this, s.Store.LocalPasswords.Fail)
}

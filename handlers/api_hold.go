package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// holdObject names the things behind the PIN of a person at a server, with everything that can be put there.
type holdObject struct {
	Server    string             `json:"server"`
	Hold      *levelObject       `json:"hold"`
	HasPIN    bool               `json:"has_pin"`
	Libraries []libraryObject    `json:"libraries"` // null if the service does not know which ones the person sees
	Choices   levelChoicesObject `json:"choices"`
}

// apiHold answers GET /api/v1/holds/{id}.
func (s *site) apiHold(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	accountID, err := whose(c.Query("account_id"), session)
	if err != nil {
		return err
	}
	found, err := s.Store.Holds.Get(c.Request.Context(), session.AccountID, accountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, holdObject{
		Server: found.ServerName, Hold: levelOrNull(found.Hold), HasPIN: found.HasPIN, Libraries: choiceOf(found.Libraries), Choices: levelChoicesOf(found.Choices),
	})
}

// apiSetHold answers PUT /api/v1/holds/{id}.
func (s *site) apiSetHold(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		AccountID string       `json:"account_id"`
		Hold      *levelObject `json:"hold"`
		PIN       string       `json:"pin"`
	}](c)
	if err != nil {
		return err
	}
	accountID, err := whose(in.AccountID, session)
	if err != nil {
		return err
	}
	return done(c, s.Store.Holds.Set(c.Request.Context(), session.AccountID, accountID, id, readOptional(in.Hold), in.PIN, caller(c)))
}

package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// keyObject is a new server key. No other answer shows it.
type keyObject struct {
	Key          string    `json:"key"`
	OverlapUntil time.Time `json:"overlap_until"` // the key before works until then
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
	until := s.Store.Now().Add(models.KeyOverlap) // read before the change, so that no owner relies on the old key too long
	key, err := s.Store.ServerKeys.Rotate(c.Request.Context(), session.AccountID, id, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, keyObject{key, until})
}

// apiRotateOwnKey answers POST /api/v1/server/key.
func (s *site) apiRotateOwnKey(c *gin.Context, this models.Server) error {
	key, until, err := s.Store.ServerKeys.RotateOwn(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, keyObject{key, until.UTC()})
}

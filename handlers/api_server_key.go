package handlers

import (
	"context"
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

// workingKeyObject is a server key that works, without the key itself.
type workingKeyObject struct {
	CreatedAt   time.Time  `json:"created_at"`
	UsedAt      *time.Time `json:"used_at"`      // its last use, to the hour; null if it was never used
	EndsAt      *time.Time `json:"ends_at"`      // null for the newest key
	FormerOwner bool       `json:"former_owner"` // a former owner of the server may know it
	Inherited   bool       `json:"inherited"`    // it replaced a key that a former owner may know
}

// apiServerKeys answers GET /api/v1/servers/{id}/keys.
func (s *site) apiServerKeys(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.ServerKeys.List(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	keys := make([]workingKeyObject, len(found))
	for i, key := range found {
		keys[i] = workingKeyObject{key.CreatedAt, moment(key.UsedAt), moment(key.EndsAt), key.HandedOver, key.Inherited}
	}
	return answerJSON(c, http.StatusOK, struct {
		Keys []workingKeyObject `json:"keys"`
	}{keys})
}

// apiReplaceServerKey answers POST /api/v1/servers/{id}/key.
func (s *site) apiReplaceServerKey(c *gin.Context, session models.Session) error {
	return s.newKey(c, session, models.KeyOverlap, s.Store.ServerKeys.Rotate)
}

// apiReplaceStolenKey answers POST /api/v1/servers/{id}/key/stolen, which ends every
// other key at once.
func (s *site) apiReplaceStolenKey(c *gin.Context, session models.Session) error {
	return s.newKey(c, session, 0, s.Store.ServerKeys.RotateStolen)
}

// newKey calls the function rotate for the server in the path and answers with the new key.
// The parameter overlap is the time for which rotate lets the old key work; the answer
// tells when this time ends.
func (s *site) newKey(
	c *gin.Context, session models.Session, overlap time.Duration,
	rotate func(ctx context.Context, ownerID, serverID int64, caller models.Caller) (string, error),
) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	until := s.Store.Now().Add(overlap) // read before the change, so that no owner relies on the old key too long
	key, err := rotate(c.Request.Context(), session.AccountID, id, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, keyObject{key, until})
}

// apiEndReplacedKeys answers DELETE /api/v1/servers/{id}/keys.
func (s *site) apiEndReplacedKeys(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	return done(c, s.Store.ServerKeys.EndReplaced(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiRotateOwnKey answers POST /api/v1/server/key.
func (s *site) apiRotateOwnKey(c *gin.Context, this models.Server) error {
	repeated, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	key, until, err := s.Store.ServerKeys.RotateOwn(c.Request.Context(), this, repeated, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, keyObject{key, until.UTC()})
}

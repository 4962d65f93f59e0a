package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/health"
	"github.com/latchkey-media/latchkey/models"
)

// arrival answers GET /arrival: how this request arrived. It tells only who knows the secret key of the service, because the
// answer names addresses of the operator's own network. For everybody else this page does not exist.
func (s *site) arrival(c *gin.Context) error {
	proof, ours := health.Answers(s.ArrivalKey, s.Store.Now(), c.GetHeader(health.ArrivalHeader))
	if !ours {
		return models.ErrNotFound
	}
	answer := health.ArrivalOf(c.Request, s.TrustedProxies)
	answer.Proof = proof
	return answerJSON(c, http.StatusOK, answer)
}

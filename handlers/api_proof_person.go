package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// proofObject is how far somebody got who proves which local user they are.
type proofObject struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Code      string    `json:"code"` // to be typed into their own app; "" for none
	URL       string    `json:"url"`  // a page of the agent's; "" for none
	Reason    string    `json:"reason"`
	ExpiresAt time.Time `json:"expires_at"`
}

func proofOf(p models.Proof) proofObject {
	return proofObject{ID: idText(p.ID), Status: p.State, Code: p.Code, URL: p.URL, Reason: p.Reason, ExpiresAt: p.ExpiresAt.UTC()}
}

// apiStartProof answers POST /api/v1/servers/{id}/join. While a proof is open it
// is answered again.
func (s *site) apiStartProof(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	proof, err := s.Store.Proofs.Start(c.Request.Context(), session.AccountID, id, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, proofOf(proof))
}

// apiProof answers GET /api/v1/servers/{id}/join.
func (s *site) apiProof(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	proof, err := s.Store.Proofs.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, proofOf(proof))
}

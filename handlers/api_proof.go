package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// openProof is a proof that waits for the agent or for its person.
type openProof struct {
	ID        string    `json:"id"`
	AccountID string    `json:"account_id"`
	Username  string    `json:"username"`
	Status    string    `json:"status"`
	ExpiresAt time.Time `json:"expires_at"`
}

// apiOpenProofs answers GET /api/v1/server/proofs.
func (s *site) apiOpenProofs(c *gin.Context, this models.Server) error {
	found, err := s.Store.Proofs.Open(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Proofs []openProof `json:"proofs"`
	}{each(found, func(p models.Proof) openProof {
		return openProof{ID: idText(p.ID), AccountID: idText(p.AccountID), Username: p.Username, Status: p.State, ExpiresAt: p.ExpiresAt.UTC()}
	})})
}

// apiProposeProof answers POST /api/v1/server/proofs/{id}/propose.
func (s *site) apiProposeProof(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Code string `json:"code"`
		URL  string `json:"url"`
	}](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Proofs.Propose(c.Request.Context(), this, id, in.Code, in.URL))
}

// apiCompleteProof answers POST /api/v1/server/proofs/{id}/complete.
func (s *site) apiCompleteProof(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		LocalUser string `json:"local_user"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("local_user", in.LocalUser); err != nil {
		return err
	}
	// The person's history tells what the person did, not where the server is.
	return done(c, s.Store.Proofs.Complete(c.Request.Context(), this, id, in.LocalUser, models.Caller{}))
}

// apiFailProof answers POST /api/v1/server/proofs/{id}/fail.
func (s *site) apiFailProof(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Reason string `json:"reason"`
	}](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Proofs.Fail(c.Request.Context(), this, id, in.Reason))
}

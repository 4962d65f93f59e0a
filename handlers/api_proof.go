package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// proofObject is the state of a proof with which a person shows which local user they are.
type proofObject struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Code      string    `json:"code"` // to be typed into their own app; "" for none
	URL       string    `json:"url"`  // a page of the agent; "" for none
	Reason    string    `json:"reason"`
	ExpiresAt time.Time `json:"expires_at"`
}

func proofOf(p models.Proof) proofObject {
	return proofObject{ID: idText(p.ID), Status: p.State, Code: p.Code, URL: p.URL, Reason: p.Reason, ExpiresAt: p.ExpiresAt.UTC()}
}

// apiStartProof answers POST /api/v1/servers/{id}/join. If the person has begun a proof
// already, it answers with that proof.
func (s *site) apiStartProof(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	proof, err := s.Store.Proofs.Start(c.Request.Context(), session.AccountID, id)
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

// openProof is a proof that waits for the agent or for the person.
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
	return answerList(c, "proofs", found, func(p models.Proof) openProof {
		return openProof{ID: idText(p.ID), AccountID: idText(p.AccountID), Username: p.Username, Status: p.State, ExpiresAt: p.ExpiresAt.UTC()}
	})
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
	// The history of the person must not show the address of the server.
	return done(c, s.Store.Proofs.Complete(c.Request.Context(), this, id, in.LocalUser, models.Caller{}))
}

// apiFailProof answers POST /api/v1/server/proofs/{id}/fail.
func (s *site) apiFailProof(c *gin.Context, this models.Server) error {
	return failed(c, this, s.Store.Proofs.Fail)
}

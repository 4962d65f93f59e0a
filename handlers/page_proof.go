package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// proofPage is the data of templates/pages/proof.html, on which people prove
// which local user of a server they are.
type proofPage struct {
	Base
	ID, Name  string
	State     string // "" before it begins, then asked, shown, done, linked or failed
	Code, URL string
	Reason    string // why it failed: denied, not_allowed, expired or unavailable
	ExpiresAt time.Time
}

// joinLinked is the state of a person who is linked already and has nothing
// left to prove.
const joinLinked = "linked"

// proofPlace returns the session and the server of the request. It returns
// models.ErrNotFound for a server whose owner does not allow proofs.
func (s *site) proofPlace(c *gin.Context) (session models.Session, serverID int64, name string, err error) {
	if session, err = s.signedIn(c); err != nil {
		return session, 0, "", err
	}
	if serverID, err = idOf(c.Param("id")); err != nil {
		return session, 0, "", err
	}
	name, err = s.Store.Proofs.Place(c.Request.Context(), serverID)
	return session, serverID, name, err
}

// proofForm answers GET /servers/ID/join.
func (s *site) proofForm(c *gin.Context) error { return s.showProof(c, nil) }

// startProof answers POST /servers/ID/join: it begins a proof.
func (s *site) startProof(c *gin.Context, _ form) error {
	session, serverID, _, err := s.proofPlace(c)
	if err != nil {
		return err
	}
	_, err = s.Store.Proofs.Start(c.Request.Context(), session.AccountID, serverID)
	if err != nil {
		return s.showProof(c, err)
	}
	return seeOther(c, "/servers/"+idText(serverID)+"/join")
}

func (s *site) showProof(c *gin.Context, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	session, serverID, name, err := s.proofPlace(c)
	if err != nil {
		return err
	}
	proof, err := s.currentProof(c, session, serverID)
	if err != nil {
		return err
	}
	page := proofPage{
		Base: s.base(c, "proof"), ID: idText(serverID), Name: name, State: proof.State, Reason: proof.Reason,
		Code: proof.Code, URL: proof.URL, ExpiresAt: proof.ExpiresAt,
	}
	page.Base = page.telling(wrong)
	return s.render(c, wrong.status, "proof", page)
}

// currentProof returns the latest proof of a person on a server. The state of the result is
// "" if no proof matters any more.
func (s *site) currentProof(c *gin.Context, session models.Session, serverID int64) (models.Proof, error) {
	proof, err := s.Store.Proofs.Get(c.Request.Context(), session.AccountID, serverID)
	if models.KindOf(err) == models.KindNotFound {
		proof, err = models.Proof{}, nil
	}
	if err != nil || proof.State == models.ProofAsked || proof.State == models.ProofShown {
		return proof, err
	}
	link, err := s.Store.Links.ByServer(c.Request.Context(), session.AccountID, serverID)
	if err != nil && models.KindOf(err) != models.KindNotFound {
		return proof, err
	}
	linked := err == nil && link.State == models.LinkAccepted && link.Type == models.LinkLinked
	switch {
	case linked && proof.State == "":
		proof.State = joinLinked
	case !linked && proof.State == models.ProofDone: // the link has ended since
		proof = models.Proof{}
	}
	return proof, nil
}

// proofState answers GET /servers/ID/join/state. The waiting page asks for the state again
// and again, and reloads itself when the state has changed.
func (s *site) proofState(c *gin.Context) error {
	session, serverID, _, err := s.proofPlace(c)
	if err != nil {
		return err
	}
	proof, err := s.currentProof(c, session, serverID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		State string `json:"state"`
	}{proof.State})
}

// setSelfService answers POST /servers/ID/self-service: whether people may
// prove by themselves which local user they are.
func (s *site) setSelfService(c *gin.Context, f form) error {
	on, said := f["do"] == "on", noticeSelfServiceOff
	if on {
		said = noticeSelfServiceOn
	}
	return s.onServer(c, f, said, func(ctx context.Context, own owned) error {
		return s.Store.Servers.Change(ctx, own.session.AccountID, own.serverID, models.ServerChange{SelfService: &on})
	})
}

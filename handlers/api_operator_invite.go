package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiOperatedInvites answers GET /api/v1/operator/invites, the newest first. With the parameter state it lists those that
// can be accepted.
func (s *site) apiOperatedInvites(c *gin.Context) error {
	state, err := stateAsked(c, []string{models.InvitePending})
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "invites to sign up", state)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedInvites.List(c.Request.Context(), models.InvitesAsk{State: state, Before: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, sentInviteOf, func(i models.Invite) string { return idText(i.ID) })
}

// apiOperatedInvite answers GET /api/v1/operator/invites/{id}.
func (s *site) apiOperatedInvite(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedInvites.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, sentInviteOf(found))
}

// apiOperatedInviteLink answers GET /api/v1/operator/invites/{id}/link.
func (s *site) apiOperatedInviteLink(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	secret, err := s.Store.OperatedInvites.Secret(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, s.linkOfInvite(secret))
}

// apiCreateOperatedInvite answers POST /api/v1/operator/invites.
func (s *site) apiCreateOperatedInvite(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		To        string     `json:"to"`
		Link      bool       `json:"link"`
		Greeting  string     `json:"greeting"`
		Uses      *int       `json:"uses"`
		ExpiresAt *time.Time `json:"expires_at"`
		Note      string     `json:"note"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	wanted := models.NewInvite{To: in.To, Link: in.Link, Greeting: in.Greeting, Note: in.Note, IdempotencyKey: key}
	if wanted.Uses, err = usesIn(in.Uses); err != nil {
		return err
	}
	if wanted.ExpiresAt, err = momentIn("expires_at", in.ExpiresAt); err != nil {
		return err
	}
	made, err := s.Store.OperatedInvites.Create(c.Request.Context(), session.AccountID, wanted)
	if err != nil {
		return err
	}
	return s.answerMadeInvite(c, made, s.Store.OperatedInvites.Secret)
}

// apiOperatorInviteRoutes registers the operations of operators on invites to sign up.
func (s *site) apiOperatorInviteRoutes(r *gin.Engine, invites string) {
	s.get(r, invites, nil, s.withOperator(s.apiOperatedInvites))
	s.get(r, invites+"/:id", nil, s.withOperator(s.apiOperatedInvite))
	s.get(r, invites+"/:id/link", nil, s.withOperator(s.apiOperatedInviteLink))
	r.POST(invites, s.withOperatorSession(s.apiCreateOperatedInvite))
	r.DELETE(invites+"/:id", s.operating(func(store *models.Store) operation { return store.OperatedInvites.Withdraw }))
}

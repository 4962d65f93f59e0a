package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteMailsObject says whether the address of an account gets invitations by mail.
type inviteMailsObject struct {
	On bool `json:"on"`
}

// apiInviteMails answers GET /api/v1/account/invite-mails.
func (s *site) apiInviteMails(c *gin.Context, session models.Session) error {
	stop, err := s.Store.MailStops.OfAccount(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, inviteMailsObject{On: !stop.Stopped})
}

// apiSetInviteMails answers PUT /api/v1/account/invite-mails.
func (s *site) apiSetInviteMails(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		On *bool `json:"on"`
	}](c)
	if err != nil {
		return err
	}
	if in.On == nil {
		return needed("on", "")
	}
	if err := s.Store.MailStops.SetOfAccount(c.Request.Context(), session.AccountID, !*in.On, caller(c)); err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, inviteMailsObject{On: *in.On})
}

package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiChangeEmail answers POST /api/v1/account/email. The change happens when
// the new address confirms it.
func (s *site) apiChangeEmail(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	if err := s.proved(session); err != nil {
		return err
	}
	if err := needed("email", in.Email, "password", in.Password); err != nil {
		return err
	}
	err = s.Store.Emails.RequestChange(c.Request.Context(), session.AccountID, in.Email, in.Password, caller(c))
	return accepted(c, atMember(err, "current_password", "password"))
}

// apiConfirmEmail answers POST /api/v1/account/email/confirm. A person who came by the link
// of an invite may have named the address of another person. Unless the request has a session
// of the account, the answer therefore has a token that sets a new password.
func (s *site) apiConfirmEmail(c *gin.Context) error {
	token, err := readToken(c)
	if err != nil {
		return err
	}
	signedIn := int64(0)
	if session, err := s.sessionOf(c); err == nil {
		signedIn = session.AccountID
	}
	secret, err := s.Store.Emails.ConfirmChange(c.Request.Context(), token, signedIn, caller(c))
	if err != nil || secret == "" {
		return done(c, err)
	}
	return answerResetToken(c, secret)
}

// apiUndoEmail answers POST /api/v1/account/email/undo. The person who had changed the
// address knew the password, so the answer has a token that sets a new password.
func (s *site) apiUndoEmail(c *gin.Context) error {
	token, err := readToken(c)
	if err != nil {
		return err
	}
	secret, err := s.Store.Emails.Undo(c.Request.Context(), token, caller(c))
	if err != nil {
		return err
	}
	return answerResetToken(c, secret)
}

// answerResetToken answers with a token that sets a new password.
func answerResetToken(c *gin.Context, secret string) error {
	return answerJSON(c, http.StatusOK, struct {
		ResetToken string `json:"reset_token"`
	}{secret})
}

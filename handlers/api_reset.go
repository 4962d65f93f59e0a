package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiChangePassword answers POST /api/v1/account/password: other sessions end,
// this one goes on under a new token.
func (s *site) apiChangePassword(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		CurrentPassword string `json:"current_password"`
		Password        string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	err = needed("current_password", in.CurrentPassword, "password", in.Password)
	if err != nil {
		return err
	}
	renewed, err := s.Store.Accounts.ChangePassword(c.Request.Context(), session,
		models.ChangePassword{Current: in.CurrentPassword, Password: in.Password}, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Token string `json:"token"`
	}{renewed.Token})
}

// apiForgot answers POST /api/v1/password-resets, in the same way for every
// name.
func (s *site) apiForgot(c *gin.Context) error {
	in, err := readJSON[struct {
		NameOrEmail string `json:"name_or_email"`
		Captcha     string `json:"captcha"`
	}](c)
	if err != nil {
		return err
	}
	return accepted(c, s.askForReset(c, in.NameOrEmail, in.Captcha))
}

// apiResetPassword answers POST /api/v1/password-resets/redeem. It signs nobody
// in.
func (s *site) apiResetPassword(c *gin.Context) error {
	in, err := readJSON[struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("token", in.Token, "password", in.Password); err != nil {
		return err
	}
	return done(c, s.Store.Recovery.ResetPassword(c.Request.Context(), in.Token, in.Password, caller(c)))
}

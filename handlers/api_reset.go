package handlers

import (
	"github.com/gin-gonic/gin"
)

// apiRequestReset answers POST /api/v1/password-resets, in the same way for every
// name.
func (s *site) apiRequestReset(c *gin.Context) error {
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

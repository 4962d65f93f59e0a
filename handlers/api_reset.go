package handlers

import (
	"log/slog"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
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

// apiResetPassword answers POST /api/v1/password-resets/redeem. It does not
// sign the person in.
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

// askForReset asks for a mail with which a person can choose a new password. If
// the captcha cannot be checked, it continues under tighter limits, so that
// people who are locked out do not depend on a third party.
func (s *site) askForReset(c *gin.Context, nameOrEmail, proof string) error {
	if strings.TrimSpace(nameOrEmail) == "" {
		return models.ErrNameOrEmailAbsent
	}
	err := s.checkProof(c, proof)
	tight := models.KindOf(err) == models.KindUnavailable
	if tight {
		s.troubles.Warn(c.Request, "captcha cannot be checked", "captcha", err, slog.String("request", visitOf(c).id))
	} else if err != nil {
		return err
	}
	return s.Store.Recovery.Request(c.Request.Context(), nameOrEmail, caller(c), tight)
}

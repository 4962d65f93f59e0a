package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiReplacePIN answers POST /api/v1/account/pin/replace: a person who gives the password
// of the account can set a new PIN.
func (s *site) apiReplacePIN(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Password string `json:"password"`
		PIN      string `json:"pin"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("password", in.Password, "pin", in.PIN); err != nil {
		return err
	}
	err = s.Store.PINs.ResetByPassword(c.Request.Context(), session.AccountID, in.Password, in.PIN, caller(c))
	return done(c, atMember(err, "current_password", "password"))
}

// apiPINMail answers POST /api/v1/account/pin/resets: with the link in the mail, the person
// can set a new PIN.
func (s *site) apiPINMail(c *gin.Context, session models.Session) error {
	return accepted(c, s.Store.PINs.RequestReset(c.Request.Context(), session.AccountID))
}

// apiResetPIN answers POST /api/v1/account/pin/resets/redeem. It opens no
// session.
func (s *site) apiResetPIN(c *gin.Context) error {
	in, err := readJSON[struct {
		Token string `json:"token"`
		PIN   string `json:"pin"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("token", in.Token, "pin", in.PIN); err != nil {
		return err
	}
	return done(c, s.Store.PINs.ResetByMail(c.Request.Context(), in.Token, in.PIN, caller(c)))
}

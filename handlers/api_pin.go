package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiSetPIN answers PUT /api/v1/account/pin. An old PIN proves who asks; where
// there is none yet, a recent password does.
func (s *site) apiSetPIN(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		PIN        string `json:"pin"`
		CurrentPIN string `json:"current_pin"`
	}](c)
	if err != nil {
		return err
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	err = needed("current_pin", in.CurrentPIN, "pin", in.PIN)
	if !account.HasPIN {
		if err := s.proved(session); err != nil {
			return err
		}
		err = needed("pin", in.PIN)
	}
	if err != nil {
		return err
	}
	return done(c, s.Store.PINs.Set(c.Request.Context(), session.AccountID, in.CurrentPIN, in.PIN, caller(c)))
}

// apiRemovePIN answers DELETE /api/v1/account/pin.
func (s *site) apiRemovePIN(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		CurrentPIN string `json:"current_pin"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("current_pin", in.CurrentPIN); err != nil {
		return err
	}
	return done(c, s.Store.PINs.Remove(c.Request.Context(), session.AccountID, in.CurrentPIN, caller(c)))
}

// apiVerifyPIN answers POST /api/v1/account/pin/verify. Wrong tries count as at
// every other door.
func (s *site) apiVerifyPIN(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		PIN string `json:"pin"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("pin", in.PIN); err != nil {
		return err
	}
	err = s.Store.PINs.Verify(c.Request.Context(), session.AccountID, in.PIN, caller(c))
	return done(c, atMember(err, "current_pin", "pin"))
}

// apiReplacePIN answers POST /api/v1/account/pin/replace: the account's password
// opens a new PIN.
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

// apiPINMail answers POST /api/v1/account/pin/resets: a mailed link opens a new
// PIN.
func (s *site) apiPINMail(c *gin.Context, session models.Session) error {
	return accepted(c, s.Store.PINs.RequestReset(c.Request.Context(), session.AccountID, caller(c)))
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

package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiSetPIN answers PUT /api/v1/account/pin. The old PIN proves who the person is; if the
// account has no PIN yet, a password that was given recently proves it.
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

// apiVerifyPIN answers POST /api/v1/account/pin/verify. Wrong PINs count together with the
// wrong PINs in all other places.
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

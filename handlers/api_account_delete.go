package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiDeleteAccount answers DELETE /api/v1/account.
func (s *site) apiDeleteAccount(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("password", in.Password); err != nil {
		return err
	}
	err = s.Store.Accounts.Delete(c.Request.Context(), session.AccountID, in.Password, caller(c))
	return done(c, atMember(err, "current_password", "password"))
}

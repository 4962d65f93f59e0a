package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiDeleteAccount answers DELETE /api/v1/account.
func (s *site) apiDeleteAccount(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Password string `json:"password"`
		Members  string `json:"members"` // "delete" to delete those whom nobody else looks after, too
	}](c)
	if err != nil {
		return err
	}
	if err := needed("password", in.Password); err != nil {
		return err
	}
	switch in.Members {
	case "":
		err = s.Store.Accounts.Delete(c.Request.Context(), session.AccountID, in.Password, caller(c))
	case "delete":
		err = s.Store.Accounts.DeleteWithMembers(c.Request.Context(), session.AccountID, in.Password, caller(c))
	default:
		return oneMistake("members", "members_invalid")
	}
	return done(c, atMember(err, "current_password", "password"))
}

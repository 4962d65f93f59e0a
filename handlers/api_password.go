package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiChangePassword answers POST /api/v1/account/password. The other sessions of the
// account end; this session gets a new token.
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

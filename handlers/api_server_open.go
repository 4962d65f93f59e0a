package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiRedeemOpen answers POST /api/v1/server/opens/redeem. The agent sends the code with
// which a browser came from Open, and learns as which local user it may sign this browser
// in.
func (s *site) apiRedeemOpen(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		Code         string `json:"code"`
		CodeVerifier string `json:"code_verifier"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("code", in.Code); err != nil {
		return err
	}
	if err := needed("code_verifier", in.CodeVerifier); err != nil {
		return err
	}
	opened, err := s.Store.Opens.Redeem(c.Request.Context(), this, in.Code, in.CodeVerifier)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		LinkID    string `json:"link_id"`
		AccountID string `json:"account_id"`
		LocalUser string `json:"local_user"`
		DeviceID  string `json:"device_id"`
	}{idText(opened.LinkID), idText(opened.AccountID), opened.LocalUserID, opened.DeviceID})
}

package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiExchange answers POST /api/v1/server/exchanges, by which an agent checks
// the access key that a client showed. All keys that are not valid for this
// server get the same error.
func (s *site) apiExchange(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		AccessKey string  `json:"access_key"`
		AccountID *string `json:"account_id"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("access_key", in.AccessKey); err != nil {
		return err
	}
	var accountID int64
	if in.AccountID != nil {
		if accountID, err = idOf(*in.AccountID); err != nil {
			return models.ErrAccessKeyWrong
		}
	}
	link, err := s.Store.Agents.Check(c.Request.Context(), this, in.AccessKey, accountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Link agentLink `json:"link"`
	}{agentLinkOf(link)})
}

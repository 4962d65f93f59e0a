package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiExport answers GET /api/v1/account/export: the same document as the page's.
// The history notes it; HEAD does not.
func (s *site) apiExport(c *gin.Context, session models.Session) error {
	if err := s.proved(session); err != nil {
		return err
	}
	var body []byte
	if c.Request.Method != http.MethodHead {
		var err error
		if body, err = s.exportBody(c, session.AccountID); err != nil {
			return err
		}
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

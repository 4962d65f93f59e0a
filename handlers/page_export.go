package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// export answers GET /account/export: all that is stored about the person, as a
// file. The history notes it, so no other site may start it and HEAD does not.
func (s *site) export(c *gin.Context) error {
	if from := c.GetHeader("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		return refuse(http.StatusForbidden, "cross_origin")
	}
	session, err := s.signedInLately(c)
	if err != nil {
		return err
	}
	var body []byte
	if c.Request.Method != http.MethodHead {
		if body, err = s.exportBody(c, session.AccountID); err != nil {
			return err
		}
	}
	// The name is plain: a username needs no quoting.
	c.Header("Content-Disposition", `attachment; filename="latchkey-`+session.Username+`.json"`)
	c.Data(http.StatusOK, "application/json; charset=utf-8", body)
	return nil
}

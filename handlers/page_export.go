package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// export answers GET /account/export with a file of everything that is stored about the
// person. The history records each export. A request from another site is therefore
// refused, and HEAD records nothing.
func (s *site) export(c *gin.Context) error {
	if from := c.GetHeader("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		return refuse(http.StatusForbidden, "cross_origin")
	}
	session, err := s.signedInRecently(c)
	if err != nil {
		return err
	}
	var body []byte
	if c.Request.Method != http.MethodHead {
		if body, err = s.exportBody(c, session.AccountID); err != nil {
			return err
		}
	}
	// The name of the file needs no quotation marks: a username has only plain
	// characters.
	c.Header("Content-Disposition", `attachment; filename="latchkey-`+session.Username+`.json"`)
	c.Data(http.StatusOK, "application/json; charset=utf-8", body)
	return nil
}

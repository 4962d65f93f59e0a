package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// landingPage is the data of templates/pages/landing.html.
type landingPage struct{ Base }

// landing answers GET /.
func (s *site) landing(c *gin.Context) error {
	allowPrivateCopy(c)
	return s.render(c, http.StatusOK, "landing", landingPage{Base: s.base(c, "landing")})
}

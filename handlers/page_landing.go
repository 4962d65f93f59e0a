package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// LandingPage is templates/pages/landing.html.
type LandingPage struct{ Base }

// landing answers GET /.
func (s *site) landing(c *gin.Context) error {
	allowPrivateCopy(c)
	return s.render(c, http.StatusOK, "landing", LandingPage{Base: s.base(c, "landing")})
}

package handlers

import (
	"github.com/gin-gonic/gin"
)

// landingPage is the data of templates/pages/landing.html.
type landingPage struct{ Base }

// landing answers GET /.
func (s *site) landing(c *gin.Context) error {
	allowPrivateCopy(c)
	base := s.base(c, "landing")
	return s.renderShared(c, base, func() spoken { return landingPage{Base: base} })
}

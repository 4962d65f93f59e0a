package handlers

import (
	"github.com/gin-gonic/gin"
)

// pinHelpPage is the data of templates/pages/pin_help.html.
type pinHelpPage struct{ Base }

// pinHelp answers GET /help/pin, which explains what a PIN is for.
func (s *site) pinHelp(c *gin.Context) error {
	allowPrivateCopy(c)
	base := s.base(c, "pin_help")
	return s.renderShared(c, base, func() spoken { return pinHelpPage{Base: base} })
}

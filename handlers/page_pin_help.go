package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// pinHelpPage is templates/pages/pin_help.html.
type pinHelpPage struct{ Base }

// pinHelp answers GET /help/pin: what a PIN is for, in plain words.
func (s *site) pinHelp(c *gin.Context) error {
	allowPrivateCopy(c)
	return s.render(c, http.StatusOK, "pin_help", pinHelpPage{Base: s.base(c, "pin_help")})
}

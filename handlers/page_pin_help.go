package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// PINHelpPage is templates/pages/help_pin.html.
type PINHelpPage struct{ Base }

// helpPIN answers GET /help/pin: what a PIN is for, in plain words.
func (s *site) helpPIN(c *gin.Context) error {
	allowPrivateCopy(c)
	return s.render(c, http.StatusOK, "pin_help", PINHelpPage{Base: s.base(c, "pin_help")})
}

package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// seeOther sends the browser to one of our pages.
func seeOther(c *gin.Context, to string) error {
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

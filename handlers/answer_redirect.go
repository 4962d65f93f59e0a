package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// seeOther redirects the browser to a page of the site.
func seeOther(c *gin.Context, to string) error {
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

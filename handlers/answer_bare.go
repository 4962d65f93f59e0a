package handlers

import "github.com/gin-gonic/gin"

// writeBare answers with the status of f and no body, because programs that speak the Emby
// Connect protocol fail on a body.
func writeBare(c *gin.Context, f failure) {
	c.Header("Content-Type", "text/plain; charset=utf-8")
	c.Header("Content-Length", "0")
	c.Status(f.status)
	c.Writer.WriteHeaderNow()
}

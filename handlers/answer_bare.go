package handlers

import "github.com/gin-gonic/gin"

// writeBare is an error for programs that choke on a body.
func writeBare(c *gin.Context, f failure) {
	c.Header("Content-Type", "text/plain; charset=utf-8")
	c.Header("Content-Length", "0")
	c.Status(f.status)
	c.Writer.WriteHeaderNow()
}

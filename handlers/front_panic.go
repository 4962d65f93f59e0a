package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// recoverPanic turns a panic into an error, in the form of the side of the service. The log
// gets only the type of the thrown value: the value itself may contain text that somebody
// typed.
func (s *site) recoverPanic(c *gin.Context) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		if err, ok := thrown.(error); ok && err == http.ErrAbortHandler { //nolint:errorlint // net/http compares the value itself, too
			panic(thrown)
		}
		s.Log.ErrorContext(c.Request.Context(), "panic",
			slog.String("route", route(c)), slog.String("request", visitOf(c).id),
			slog.String("type", fmt.Sprintf("%T", thrown)), slog.String("stack", string(debug.Stack())))
		c.Abort()
		if !c.Writer.Written() {
			tellRequestID(c)
			s.writer(c)(c, failure{status: http.StatusInternalServerError, code: "internal"})
		}
	}()
	c.Next()
}

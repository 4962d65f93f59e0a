package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// recoverPanic turns a panic into an error as the asked side of the service
// shows it. The log gets the type of the panic's value but not the value, which
// may hold what somebody typed.
func (s *site) recoverPanic(c *gin.Context) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		if err, ok := thrown.(error); ok && err == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
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

package handlers

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/kinds"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/models"
)

// handlerFunc answers a request or returns what went wrong. Nothing is written
// when it returns an error, so the adapter around it decides how errors look.
type handlerFunc func(c *gin.Context) error

// page adapts h to Gin: errors become the error page, a detour becomes a
// redirect.
func (s *site) page(h handlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		if err == nil {
			return
		}
		if d, ok := errors.AsType[*detour](err); ok {
			c.Abort()
			c.Redirect(http.StatusSeeOther, d.to)
			return
		}
		s.fail(c, err, s.writeErrorPage)
	}
}

// problem adapts h to Gin: errors become problem details (RFC 9457).
func (s *site) problem(h handlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.fail(c, err, s.writeProblem)
		}
	}
}

// detour is an error that sends the browser elsewhere first: to sign in, to
// give the password again.
type detour struct{ to string }

func (d *detour) Error() string { return "detour to " + d.to }

// refuse returns an error of HTTP itself, about which models know nothing. The code has a text in the
// catalogue.
func refuse(status int, code string) error { return &httperr.RefusalError{Status: status, Code: code} }

// failure is what the asker may know of an error.
type failure struct {
	status     int
	code       string
	params     map[string]string
	fields     []models.FieldError // inputs at fault
	retryAfter time.Duration
}

// fail is the one place where errors are logged and turned into answers.
func (s *site) fail(c *gin.Context, err error, write func(*gin.Context, failure)) {
	f := failureOf(err)
	if f.status >= http.StatusInternalServerError {
		s.logTrouble(c, err)
	}
	c.Abort()
	if c.Writer.Written() {
		return // too late to say it in the answer
	}
	setRetryAfter(c, f.retryAfter)
	write(c, f)
}

// logTrouble logs the error of a request, with which only the operator can help.
func (s *site) logTrouble(c *gin.Context, err error) {
	httperr.Log(s.Log, c.Request, err, slog.String("route", route(c)), slog.String("request", visitOf(c).id))
}

// failureOf says what may be known of err.
func failureOf(err error) failure {
	if e, ok := errors.AsType[*models.Error](err); ok && e.Kind != models.KindInternal {
		f := failure{status: kinds.Status(e.Kind), code: e.Code, params: e.Params, fields: e.Fields, retryAfter: e.RetryAfter}
		if f.status == http.StatusServiceUnavailable && f.retryAfter == 0 {
			f.retryAfter = shortWait
		}
		return f
	}
	f := failure{status: httperr.Status(err), code: "internal"}
	refused, ok := errors.AsType[*httperr.RefusalError](err)
	switch {
	case ok:
		f.code = refused.Code
	case f.status == http.StatusRequestEntityTooLarge:
		f.code = "body_too_large"
	case f.status == http.StatusServiceUnavailable:
		f.code, f.retryAfter = "unavailable", shortWait
	}
	return f
}

// shortWait is asked for where nothing says how long.
const shortWait = 5 * time.Second

// setRetryAfter tells the client when to come again.
func setRetryAfter(c *gin.Context, wait time.Duration) {
	httperr.SetRetryAfter(c.Writer.Header(), wait, shortWait)
}

// route is the pattern that the request met, and never what it asked for.
func route(c *gin.Context) string {
	if pattern := cmp.Or(c.FullPath(), visitOf(c).pattern); pattern != "" {
		return pattern
	}
	return "unmatched"
}

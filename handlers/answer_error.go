package handlers

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/handlers/kinds"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/models"
)

// handlerFunc answers a request, or returns an error. It writes nothing when it
// returns an error, so that the adapter around it decides how the error looks.
type handlerFunc func(c *gin.Context) error

// page adapts h to Gin: an error becomes the error page, and a detour becomes a redirect.
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

// problem adapts h to Gin: an error becomes problem details (RFC 9457).
func (s *site) problem(h handlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.fail(c, err, s.writeProblem)
		}
	}
}

// detour is an error that first sends the browser to another page: to sign in,
// or to give the password again.
type detour struct{ to string }

func (d *detour) Error() string { return "detour to " + d.to }

// refuse returns an error that is about HTTP itself, so that the package models does not
// have it. The code has a text in every language.
func refuse(status int, code string) error { return &httperr.RefusalError{Status: status, Code: code} }

// failure is the part of an error that a client may know.
type failure struct {
	status     int
	code       string
	params     map[string]string
	fields     []models.FieldError // the inputs at fault
	retryAfter time.Duration
}

// fail logs an error and answers with it. All errors of handlers end here.
func (s *site) fail(c *gin.Context, err error, write func(*gin.Context, failure)) {
	f := failureOf(err)
	if f.status >= http.StatusInternalServerError {
		s.logTrouble(c, err)
	}
	c.Abort()
	if c.Writer.Written() {
		return // too late: the answer has begun
	}
	setRetryAfter(c, f.retryAfter)
	tellRequestID(c)
	write(c, f)
}

// tellRequestID writes the id of the request into the header of an answer that refuses it, so
// that a person who needs help can name the line of the log. Not every kind of answer can
// have the id in its body.
func tellRequestID(c *gin.Context) {
	v := visitOf(c)
	v.named[0] = v.id
	c.Writer.Header()[connect.RequestIDHeader] = v.named[:]
}

// logTrouble logs an error that only the operator can correct. Answers with the status 503
// are counted by the code of the error and do not get a line each, because there may be
// very many of them while the service has too much load.
func (s *site) logTrouble(c *gin.Context, err error) {
	reason := ""
	if f := failureOf(err); f.status == http.StatusServiceUnavailable {
		reason = f.code
	}
	s.troubles.Log(c.Request, reason, err, slog.String("route", route(c)), slog.String("request", visitOf(c).id))
}

// failureOf returns the part of err that a client may know.
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

// shortWait is the Retry-After of errors that do not say how long to wait.
const shortWait = 5 * time.Second

// setRetryAfter tells the client how long to wait before it asks again.
func setRetryAfter(c *gin.Context, wait time.Duration) {
	httperr.SetRetryAfter(c.Writer.Header(), wait, shortWait)
}

// route returns the pattern of the route that the request met, which contains no text of
// the client.
func route(c *gin.Context) string {
	if pattern := cmp.Or(c.FullPath(), visitOf(c).pattern); pattern != "" {
		return pattern
	}
	return "unmatched"
}

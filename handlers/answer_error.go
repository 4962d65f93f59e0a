package handlers

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

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

// refusal is an error of HTTP itself, about which models know nothing.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string { return "refused: " + r.code }

// refuse returns a refusal. The code has a text in errors.json.
func refuse(status int, code string) error { return &refusal{status, code} }

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

// logTrouble logs what only the operator can mend: not that somebody left before
// their answer came.
func (s *site) logTrouble(c *gin.Context, err error) {
	level := slog.LevelError
	if errors.Is(c.Request.Context().Err(), context.Canceled) {
		level = slog.LevelDebug
	}
	s.Log.LogAttrs(c.Request.Context(), level, "request failed",
		slog.String("route", route(c)), slog.String("request", visitOf(c).id), slog.Any("err", err))
}

// failureOf says what may be known of err.
func failureOf(err error) failure {
	if e, ok := errors.AsType[*models.Error](err); ok && e.Kind != models.KindInternal {
		f := failure{status: statusOf(e.Kind), code: e.Code, params: e.Params, fields: e.Fields, retryAfter: e.RetryAfter}
		if f.status == http.StatusServiceUnavailable && f.retryAfter == 0 {
			f.retryAfter = shortWait
		}
		return f
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return failure{status: r.status, code: r.code}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return failure{status: http.StatusRequestEntityTooLarge, code: "body_too_large"}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return failure{status: http.StatusServiceUnavailable, code: "unavailable", retryAfter: shortWait}
	}
	return failure{status: http.StatusInternalServerError, code: "internal"}
}

// statusOf is the HTTP status of a kind of error.
func statusOf(k models.Kind) int {
	switch k {
	case models.KindInvalid:
		return http.StatusUnprocessableEntity
	case models.KindNotFound:
		return http.StatusNotFound
	case models.KindConflict:
		return http.StatusConflict
	case models.KindUnauthenticated:
		return http.StatusUnauthorized
	case models.KindForbidden:
		return http.StatusForbidden
	case models.KindExpired:
		return http.StatusGone
	case models.KindThrottled:
		return http.StatusTooManyRequests
	case models.KindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// shortWait is asked for where nothing says how long.
const shortWait = 5 * time.Second

// setRetryAfter says when to come again, in steps that tell nothing of how a
// limit was reached.
func setRetryAfter(c *gin.Context, wait time.Duration) {
	if wait > 0 {
		over := (wait - 1) % shortWait
		c.Header("Retry-After", strconv.FormatInt(int64((wait-1-over+shortWait)/time.Second), 10))
	}
}

// route is the pattern that the request met, and never what it asked for.
func route(c *gin.Context) string {
	if pattern := cmp.Or(c.FullPath(), visitOf(c).pattern); pattern != "" {
		return pattern
	}
	return "unmatched"
}

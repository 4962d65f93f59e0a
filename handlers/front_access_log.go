package handlers

import (
	"log/slog"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// logAccess writes one log line for each request, and reports the request to Served. Both name the
// route and never the path, the query, a header or a field, because these may contain a secret.
func (s *site) logAccess(c *gin.Context) {
	start := s.Now()
	c.Next()
	s.writeAccess(c, start)
	if s.Served != nil {
		s.Served(method(c.Request.Method), route(c), c.Writer.Status(), s.Now().Sub(start))
	}
}

// writeAccess writes the line of a request that began at start. It is a function of its own,
// because a line needs much room on the stack, and each request of an agent that waits would
// hold this room during the wait.
//
//go:noinline
func (s *site) writeAccess(c *gin.Context, start time.Time) {
	level := slog.LevelInfo
	if slices.Contains([]string{"/livez", "/readyz", "/static/*file"}, c.FullPath()) {
		level = slog.LevelDebug
	}
	v, log := visitOf(c), s.Log.Handler()
	if !log.Enabled(v, level) {
		return
	}
	end := s.Now()
	line := slog.NewRecord(end, level, "request", 0) // a Logger would look for its caller, which no line shows
	line.AddAttrs(
		slog.String("method", method(c.Request.Method)),
		slog.String("route", route(c)),
		slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", end.Sub(start).Round(time.Microsecond)),
		slog.String("request", v.id),
		slog.String("address", addressText(v.address)))
	_ = log.Handle(v, line) // a log that fails stops no request
}

// method returns the method of the request if HTTP defines it. Any other method
// is text that the client chose, and is logged as "other".
func method(m string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}, m) {
		return m
	}
	return "other"
}

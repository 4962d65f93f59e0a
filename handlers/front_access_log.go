package handlers

import (
	"log/slog"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// logAccess writes one line for each request. It names the route, never the
// path, the query, a header or a field: any of them may hold a secret.
func (s *site) logAccess(c *gin.Context) {
	start := s.Now()
	c.Next()
	level := slog.LevelInfo
	if slices.Contains([]string{"/livez", "/readyz", "/static/*file"}, c.FullPath()) {
		level = slog.LevelDebug
	}
	v := visitOf(c)
	s.Log.LogAttrs(c.Request.Context(), level, "request",
		slog.String("method", method(c.Request.Method)),
		slog.String("route", route(c)),
		slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", s.Now().Sub(start).Round(time.Microsecond)),
		slog.String("request", v.id),
		slog.String("address", addressText(v.address)))
}

// method is the request's if it is one of HTTP's own: any other is the
// asker's text.
func method(m string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}, m) {
		return m
	}
	return "other"
}

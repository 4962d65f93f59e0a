package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/models"
)

// side is a side of the service. Each has its own errors and headers.
type side int

const (
	sidePages   side = iota // for people: error pages, cookies
	sideAPI                 // for programs that know us: problem details, bearer tokens
	sideService             // for programs of Emby's kind: bare statuses, tokens in headers
)

// apiPrefix is where the JSON API lives. The page at apiDocsPath lies below it too.
const (
	apiPrefix   = "/api"
	apiDocsPath = apiPrefix + "/docs"
)

// sideOf is the side that a path belongs to.
func sideOf(path string) side {
	switch {
	case under(path, connect.Prefix):
		return sideService
	case under(path, apiPrefix) && path != apiDocsPath:
		return sideAPI
	default:
		return sidePages
	}
}

// under reports whether path is prefix or lies below it; letter case does not
// count.
func under(path, prefix string) bool {
	if len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
		return false
	}
	return len(path) == len(prefix) || path[len(prefix)] == '/'
}

// allowOrigins lets web pages of any origin call what no cookie opens.
func (f side) allowOrigins(h http.Header) {
	switch f {
	case sideService:
		embywire.AllowAll(h, embywire.CentralHeaders)
	case sideAPI:
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match")
		h.Set("Access-Control-Expose-Headers", "ETag, Retry-After, WWW-Authenticate")
		h.Set("Access-Control-Max-Age", "600")
		h.Set("Vary", "Origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	case sidePages:
		return
	}
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// writer is how errors look on the side that was asked.
func (s *site) writer(c *gin.Context) func(*gin.Context, failure) {
	switch visitOf(c).side {
	case sideAPI:
		return s.writeProblem
	case sideService:
		return writeBare
	default:
		return s.writeErrorPage
	}
}

// refuse ends a request before any handler has seen it.
func (s *site) refuse(c *gin.Context, err error) { s.fail(c, err, s.writer(c)) }

// Starting answers a request that came before anything can be served. Programs
// hear it in the form that they understand: none takes it for an empty list.
func Starting(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	sideOf(r.URL.Path).allowOrigins(h)
	h.Set("Retry-After", "5")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	const status, text = http.StatusServiceUnavailable, "The service is starting. Please try again in a moment."
	if sideOf(r.URL.Path) != sideAPI {
		http.Error(w, text, status)
		return
	}
	problem{Title: http.StatusText(status), Status: status, Code: models.ErrUnavailable.Code, Detail: text}.write(w)
}

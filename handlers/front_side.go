package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/handlers/connect"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/models"
)

// side is one of the sides that the service has. Each has its own errors and
// headers.
type side int

const (
	sidePages   side = iota // pages for people: error pages, cookies
	sideAPI                 // the JSON API: problem details, bearer tokens
	sideService             // the Emby Connect protocol: bare statuses, tokens in headers
)

// The JSON API lives below apiPrefix. The page at apiDocsPath lies below apiPrefix, too.
const (
	apiPrefix   = "/api"
	apiDocsPath = apiPrefix + "/docs"
)

// sideOf returns the side that a path belongs to. Below the prefix of the Emby Connect
// protocol several slashes count as one, because an app appends its paths to an address that a
// person typed, which may end with a slash.
func sideOf(path string) side {
	switch {
	case under(embywire.OneSlash(path), connect.Prefix):
		return sideService
	case under(path, apiPrefix) && !under(path, apiDocsPath):
		return sideAPI
	default:
		return sidePages
	}
}

// apiPaths changes the paths of the API to the form in which the routes are written, with
// single slashes and without a slash at the end, and passes the requests to next. Programs send
// other forms because they join the paths with an address that a person typed. Other paths stay
// as they are.
func apiPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := apiPath(r.URL.Path); path != r.URL.Path {
			r = withPath(r, path)
		}
		next.ServeHTTP(w, r)
	})
}

// withPath returns a copy of a request with another path.
func withPath(r *http.Request, path string) *http.Request {
	url, request := *r.URL, *r
	url.Path, url.RawPath = path, ""
	request.URL = &url
	return &request
}

// apiPath returns a path of the API as its route is written, and any other path unchanged.
func apiPath(path string) string {
	if !strings.HasSuffix(path, "/") && !strings.Contains(path, "//") {
		return path
	}
	one := embywire.OneSlash(path)
	if !under(one, apiPrefix) || len(one) <= len(apiPrefix)+1 {
		return path
	}
	return strings.TrimSuffix(one, "/")
}

// under reports whether path is prefix or lies below it, in any letter case.
func under(path, prefix string) bool {
	if len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
		return false
	}
	return len(path) == len(prefix) || path[len(prefix)] == '/'
}

// allowOrigins allows web pages of any origin to call the API and the Emby
// Connect protocol, where no cookie counts.
func (f side) allowOrigins(h http.Header) {
	switch f {
	case sideService:
		connect.SetHeaders(h)
		return
	case sideAPI:
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match")
		h.Set("Access-Control-Expose-Headers", "ETag, Retry-After, WWW-Authenticate, X-Request-Id")
		h.Set("Access-Control-Max-Age", "600")
		h.Set("Vary", "Origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	case sidePages:
		return
	}
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// writer returns the function that writes errors in the form of the side to which the
// request belongs.
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

// refuse answers with an error before any handler runs.
func (s *site) refuse(c *gin.Context, err error) { s.fail(c, err, s.writer(c)) }

// Starting answers a request that arrives before the service is ready. Programs get the
// error in the form that they know, so that none of them takes it for an empty list.
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

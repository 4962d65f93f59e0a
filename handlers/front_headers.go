package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// preparedHeaders are the headers that every answer of a side has. They are made once, in
// the form that [http.Header] keeps them in, and all answers share their values, so nobody
// may change a value in place.
type preparedHeaders struct {
	sides  [3][]preparedHeader // by side
	policy [2]string           // the content security policy of a page before and after its nonce
}

type preparedHeader struct {
	name   string // in the canonical form
	values []string
}

// newPreparedHeaders returns the headers of a site. secure says whether people reach it by
// https.
func newPreparedHeaders(secure bool) preparedHeaders {
	var p preparedHeaders
	for side := range side(len(p.sides)) {
		h := http.Header{}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		side.allowOrigins(h)
		if side == sidePages {
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		}
		for name, values := range h {
			p.sides[side] = append(p.sides[side], preparedHeader{name, slices.Clip(values)})
		}
	}
	p.policy[0], p.policy[1], _ = strings.Cut(contentPolicy("NONCE", allowances{}), "NONCE")
	return p
}

// setHeaders writes the headers that every answer has. A handler may relax some
// of them.
func (s *site) setHeaders(h http.Header, v *visit) {
	for _, one := range s.headers.sides[v.side] {
		h[one.name] = one.values
	}
	if v.side == sidePages {
		h["Content-Security-Policy"] = []string{s.headers.policy[0] + v.nonce + s.headers.policy[1]}
	}
}

// allowances are the things that some pages need beyond what every page may do.
type allowances struct {
	recaptcha bool     // the scripts of a captcha of Google
	probes    []string // sources that scripts may ask whether they respond
	forms     []string // origins to which the answer to a form may redirect
}

// contentPolicy returns the content security policy of a page. Scripts, and the modules
// that they import, need the nonce.
func contentPolicy(nonce string, also allowances) string {
	script, frame := "'nonce-"+nonce+"'", ""
	if also.recaptcha {
		script += " https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/"
		frame = "frame-src https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/"
	}
	directives := []string{
		"default-src 'none'",
		"script-src " + script,
		"style-src 'self'",
		"img-src 'self' data:",
		strings.Join(append([]string{"connect-src 'self'"}, also.probes...), " "),
		"worker-src 'self'",
		strings.Join(append([]string{"form-action 'self'"}, also.forms...), " "),
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"object-src 'none'",
	}
	if frame != "" {
		directives = append(directives, frame)
	}
	return strings.Join(directives, "; ")
}

// allow relaxes the content security policy of the page of this answer.
func allow(c *gin.Context, also allowances) {
	c.Header("Content-Security-Policy", contentPolicy(visitOf(c).nonce, also))
}

// allowPrivateCopy allows the browser, and nobody else, to keep the answer, if
// it asks each time whether the answer is still valid. It is for pages that
// show nothing personal.
func allowPrivateCopy(c *gin.Context) {
	c.Header("Cache-Control", "private, no-cache")
	c.Header("Vary", "Accept-Language, Cookie")
}

// hideReferrer makes the browser send no Referer from an answer whose address
// holds the token of a mailed link, not even to this site.
func hideReferrer(c *gin.Context) { c.Header("Referrer-Policy", "no-referrer") }

// forgetCopies empties the cache of the browser, so that the back button shows
// nothing. Cookies stay, above all the known-device cookie.
func forgetCopies(c *gin.Context) { c.Header("Clear-Site-Data", `"cache"`) }

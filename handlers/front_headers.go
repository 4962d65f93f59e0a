package handlers

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// setHeaders writes the headers that every answer has. A handler may relax some
// of them.
func (s *site) setHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if side := visitOf(c).side; side != sidePages {
		side.allowOrigins(h)
		return
	}
	h.Set("Content-Security-Policy", contentPolicy(visitOf(c).nonce, false, nil))
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// contentPolicy returns the content security policy of a page. Scripts, and the
// modules that they import, need the nonce. Pages with a captcha of Google
// allow its scripts, and the page that opens a server allows requests to the
// sources in probes.
func contentPolicy(nonce string, recaptcha bool, probes []string) string {
	script, frame := "'nonce-"+nonce+"'", ""
	if recaptcha {
		script += " https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/"
		frame = "frame-src https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/"
	}
	directives := []string{
		"default-src 'none'",
		"script-src " + script,
		"style-src 'self'",
		"img-src 'self' data:",
		strings.Join(append([]string{"connect-src 'self'"}, probes...), " "),
		"worker-src 'self'",
		"form-action 'self'",
		"frame-ancestors 'none'",
		"base-uri 'none'",
		"object-src 'none'",
	}
	if frame != "" {
		directives = append(directives, frame)
	}
	return strings.Join(directives, "; ")
}

// allowRecaptcha allows the scripts of Google on the page of this answer.
func allowRecaptcha(c *gin.Context) {
	c.Header("Content-Security-Policy", contentPolicy(visitOf(c).nonce, true, nil))
}

// allowProbes allows the scripts of the page of this answer to ask these
// sources whether they respond.
func allowProbes(c *gin.Context, sources []string) {
	c.Header("Content-Security-Policy", contentPolicy(visitOf(c).nonce, false, sources))
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

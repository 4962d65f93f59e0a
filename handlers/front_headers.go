package handlers

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// setHeaders writes what every answer carries. Handlers loosen single ones
// where they must.
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

// contentPolicy allows what our pages need. Scripts, and what they import,
// carry the nonce; Google's run on the pages that show its captcha. Scripts may
// ask the origins of probes too.
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

// allowRecaptcha lets Google's scripts run on the page that is being written.
func allowRecaptcha(c *gin.Context) {
	c.Header("Content-Security-Policy", contentPolicy(visitOf(c).nonce, true, nil))
}

// allowProbes lets the scripts of the page that is being written ask these
// origins whether they answer.
func allowProbes(c *gin.Context, origins []string) {
	c.Header("Content-Security-Policy", contentPolicy(visitOf(c).nonce, false, origins))
}

// allowPrivateCopy lets the browser alone keep the answer, and ask each time
// whether it still holds: for pages that say nothing of anybody.
func allowPrivateCopy(c *gin.Context) {
	c.Header("Cache-Control", "private, no-cache")
	c.Header("Vary", "Accept-Language, Cookie")
}

// hideReferrer keeps the address of a page that a mail led to from everybody.
func hideReferrer(c *gin.Context) { c.Header("Referrer-Policy", "no-referrer") }

// forgetCopies empties the browser's cache, so that the way back shows
// nothing. Cookies are not named: the known-device cookie stays.
func forgetCopies(c *gin.Context) { c.Header("Clear-Site-Data", `"cache"`) }

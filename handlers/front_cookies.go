package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// cookieName is the name of a cookie without its prefix.
type cookieName string

// All our cookies, but for those of mailed links: see links.go.
const (
	cookieSession  cookieName = "latchkey-session"
	cookieDevice   cookieName = "latchkey-device"   // marks of accounts that signed in here; stays at sign-out
	cookiePending  cookieName = "latchkey-pending"  // the sign-up that waits for its confirmation
	cookieLanguage cookieName = "latchkey-language" // of somebody who is not signed in
	cookieNotice   cookieName = "latchkey-notice"   // what the next page has to say, once
)

const (
	languageLife = 365 * 24 * time.Hour
	noticeLife   = 5 * time.Minute
	maxCookie    = 1 << 10 // of what we would believe
)

// full is the name on the wire. The prefix has browsers hold the cookie to
// https, to this host and to all of its paths; plain http, which only
// development has, cannot have it.
func (s *site) full(name cookieName) string {
	if s.secure {
		return "__Host-" + string(name)
	}
	return string(name)
}

// cookie is the value that the browser sent, "" for none. Two that differ
// count as none: one of them was planted.
func (s *site) cookie(c *gin.Context, name cookieName) string {
	value := ""
	for i, sent := range c.Request.CookiesNamed(s.full(name)) {
		if i > 0 && sent.Value != value || len(sent.Value) > maxCookie {
			return ""
		}
		value = sent.Value
	}
	return value
}

// setCookie keeps value in the browser for life.
func (s *site) setCookie(c *gin.Context, name cookieName, value string, life time.Duration) {
	s.writeCookie(c, name, value, max(int(life/time.Second), 1))
}

// clearCookie has the browser forget a cookie.
func (s *site) clearCookie(c *gin.Context, name cookieName) { s.writeCookie(c, name, "", -1) }

// writeCookie replaces what the answer already says of the cookie.
func (s *site) writeCookie(c *gin.Context, name cookieName, value string, maxAge int) {
	cookie := http.Cookie{ //nolint:gosec // Secure but over the plain http of development
		Name:     s.full(name),
		Value:    value,
		Path:     "/",
		MaxAge:   maxAge,
		Secure:   s.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
	header := c.Writer.Header()
	said := header.Values("Set-Cookie")
	header.Del("Set-Cookie")
	for _, other := range said {
		if !strings.HasPrefix(other, cookie.Name+"=") {
			header.Add("Set-Cookie", other)
		}
	}
	header.Add("Set-Cookie", cookie.String())
}

package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// cookieName is the name of a cookie without its prefix.
type cookieName string

// All cookies of the site, except the cookies for the tokens of mailed links, see
// front_mailed_token.go.
const (
	cookieSession  cookieName = "latchkey-session"
	cookieDevice   cookieName = "latchkey-device"   // the marks of accounts that signed in in this browser; it stays after sign-out
	cookiePending  cookieName = "latchkey-pending"  // the sign-up that waits for its confirmation
	cookieLanguage cookieName = "latchkey-language" // the language of somebody who is not signed in
	cookieNotice   cookieName = "latchkey-notice"   // the notice that the next page shows
	cookieBanners  cookieName = "latchkey-banners"  // the messages of operators that were closed in this browser
	cookieCode     cookieName = "latchkey-code"     // the code of a device that the person typed, for /link/code
	cookieClaim    cookieName = "latchkey-claim"    // the claim code that the person made, for /servers/new
)

const (
	languageLife = 365 * 24 * time.Hour
	noticeLife   = 5 * time.Minute
	codeLife     = 10 * time.Minute // no code of a device, and no claim code, is valid for longer
	maxCookie    = 1 << 10          // a longer value is ignored
)

// full returns the name of the cookie as it is sent. With the prefix, browsers
// send the cookie only over https, to this host and to all of its paths. Plain
// http, which only development uses, does not allow the prefix.
func (s *site) full(name cookieName) string {
	if s.secure {
		return "__Host-" + string(name)
	}
	return string(name)
}

// cookie returns the value of the cookie that the browser sent, or "" if it sent no such
// cookie. If it sent two different values, neither counts, because somebody has planted one
// of them.
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

// setCookie makes the browser keep the value for the time life.
func (s *site) setCookie(c *gin.Context, name cookieName, value string, life time.Duration) {
	s.writeCookie(c, name, value, max(int(life/time.Second), 1))
}

// clearCookie makes the browser forget the cookie.
func (s *site) clearCookie(c *gin.Context, name cookieName) { s.writeCookie(c, name, "", -1) }

// writeCookie writes the cookie into the answer, in place of a cookie with the same name
// that the answer already has.
func (s *site) writeCookie(c *gin.Context, name cookieName, value string, maxAge int) {
	cookie := http.Cookie{ //nolint:gosec // Secure, except over the plain http of development
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

package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// A mailed link brings its token in the address, where histories, logs and
// referrers would keep it. The first visit moves the token into a cookie and
// comes back without it. No visit spends it: that takes the button.

// Cookies of mailed links, one for each purpose.
const (
	linkConfirm      cookieName = "latchkey-link-confirm"
	linkReset        cookieName = "latchkey-link-reset"
	linkEmailConfirm cookieName = "latchkey-link-email-confirm"
	linkEmailUndo    cookieName = "latchkey-link-email-undo"
	linkPINReset     cookieName = "latchkey-link-pin-reset"
	linkNotMe        cookieName = "latchkey-link-not-me"
	linkInvite       cookieName = "latchkey-link-invite"
)

const (
	linkLife = time.Hour
	maxToken = 128
)

// arriveByLink is the token that a mailed link brought here before. When the
// address brings one now, the error is the detour that takes it out.
func (s *site) arriveByLink(c *gin.Context, link cookieName) (token string, err error) {
	hideReferrer(c)
	given, ok := c.Request.URL.Query()["token"]
	if !ok {
		return s.linkToken(c, link)
	}
	if len(given) != 1 || !isToken(given[0]) {
		return "", models.ErrTokenSpent
	}
	s.setCookie(c, link, given[0], linkLife)
	return "", &detour{to: c.FullPath()}
}

// linkToken is the token that the browser holds for link. It returns
// models.ErrTokenSpent when it holds none.
func (s *site) linkToken(c *gin.Context, link cookieName) (string, error) {
	hideReferrer(c)
	token := s.cookie(c, link)
	if !isToken(token) {
		return "", models.ErrTokenSpent
	}
	return token, nil
}

// isToken reports whether text could be a token: anything else is not worth a
// question to the database, nor a cookie.
func isToken(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	for _, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (r < '0' || '9' < r) && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// spent forgets the token of link when err says that it opens nothing, and
// returns err.
func (s *site) spent(c *gin.Context, link cookieName, err error) error {
	if models.KindOf(err) == models.KindExpired {
		s.clearCookie(c, link)
	}
	return err
}

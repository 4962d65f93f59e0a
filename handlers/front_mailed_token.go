package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// A mailed link carries its token in the address, where histories, logs and the
// Referer header would keep it. The first visit moves the token into a cookie
// and redirects to the address without it. No visit spends the token:
// only the button on the page does.

// The cookies of mailed links, one for each purpose.
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

// arriveByLink returns the token that a mailed link brought to this browser
// earlier. When the address brings a token now, arriveByLink moves it into the
// cookie and returns the detour to the address without it.
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

// linkToken returns the token that the browser keeps for the link, or
// models.ErrTokenSpent when it keeps none.
func (s *site) linkToken(c *gin.Context, link cookieName) (string, error) {
	hideReferrer(c)
	token := s.cookie(c, link)
	if !isToken(token) {
		return "", models.ErrTokenSpent
	}
	return token, nil
}

// isToken reports whether text may be a token. Anything else need not be looked
// up in the database, nor be kept in a cookie.
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

// spent returns err. If err says that the token of the link has become invalid,
// the browser forgets it.
func (s *site) spent(c *gin.Context, link cookieName, err error) error {
	if models.KindOf(err) == models.KindExpired {
		s.clearCookie(c, link)
	}
	return err
}

package handlers

import (
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// A mailed link carries its token in the address, from which it would get into
// histories, logs and the Referer header. So the first visit moves the token into a
// cookie and redirects to the address without it. The page at that address
// sends a Referer to this site: without it, browsers that do not send Sec-Fetch-Site
// would send the form of the page with "Origin: null", which checkOrigin refuses. A
// visit does not spend the token; only the button on the page does.

// The cookies of mailed links, one for each purpose.
const (
	linkConfirm      cookieName = "latchkey-link-confirm"
	linkReset        cookieName = "latchkey-link-reset"
	linkEmailConfirm cookieName = "latchkey-link-email-confirm"
	linkEmailUndo    cookieName = "latchkey-link-email-undo"
	linkPINReset     cookieName = "latchkey-link-pin-reset"
	linkNotMe        cookieName = "latchkey-link-not-me"
	linkInvite       cookieName = "latchkey-link-invite"
	linkMailStop     cookieName = "latchkey-link-mail-stop"
	linkStay         cookieName = "latchkey-link-stay"
	linkSetup        cookieName = "latchkey-link-setup" // of the program at its start, not of a mail
	linkSetupMail    cookieName = "latchkey-link-setup-mail"
)

const (
	linkLife = time.Hour
	maxToken = 512 // the token of the link that stops mails is long, because it holds an address
)

// arriveByLink returns the token of a mailed link that this browser opened earlier. If the
// address has a token, arriveByLink moves the token into the cookie and returns the detour
// to the address without the token.
func (s *site) arriveByLink(c *gin.Context, link cookieName) (token string, err error) {
	given, ok := tokenInAddress(c.Request.URL.RawQuery)
	if !ok {
		return s.linkToken(c, link)
	}
	hideReferrer(c)
	if !isToken(given) {
		return "", models.ErrTokenSpent
	}
	s.setCookie(c, link, given, linkLife)
	return "", &detour{to: c.FullPath()}
}

// tokenInAddress returns the token in the query of a mailed link, without the marks that a
// mail program or a person took for a part of the link, such as a full stop or a bracket.
// It reads the query itself, because Go's parser drops a parameter with a semicolon or a
// broken escape. It reports false if there is no token, and returns "" if there are two
// different tokens.
func tokenInAddress(query string) (token string, ok bool) {
	for part := range strings.SplitSeq(query, "&") {
		value, found := strings.CutPrefix(part, "token=")
		if !found {
			continue
		}
		value = cleanToken(value)
		if ok && value != token {
			return "", true
		}
		token, ok = value, true
	}
	return token, ok
}

// cleanToken undoes the URL escapes in text, and returns the token in it without the
// quotation marks, brackets and other characters that were copied together with the
// token, before or after it.
func cleanToken(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		text = plain
	}
	text = strings.TrimLeft(text, "\"'“”„«<([{ \u200b\u200e\ufeff\u2060")
	if end := strings.IndexFunc(text, notInToken); end >= 0 {
		text = text[:end]
	}
	return text
}

// linkToken returns the token that the browser keeps for the link, or models.ErrTokenSpent
// if it keeps no token.
func (s *site) linkToken(c *gin.Context, link cookieName) (string, error) {
	token := s.cookie(c, link)
	if !isToken(token) {
		return "", models.ErrTokenSpent
	}
	return token, nil
}

// isToken reports whether text may be a token. Anything else need not be looked
// up in the database, nor be kept in a cookie.
func isToken(text string) bool {
	return text != "" && len(text) <= maxToken && !strings.ContainsFunc(text, notInToken)
}

func notInToken(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !letter && (r < '0' || '9' < r) && r != '-' && r != '_'
}

// spent returns err. If err says that the token of the link has become invalid, spent makes
// the browser forget the token.
func (s *site) spent(c *gin.Context, link cookieName, err error) error {
	if models.KindOf(err) == models.KindExpired {
		s.clearCookie(c, link)
	}
	return err
}

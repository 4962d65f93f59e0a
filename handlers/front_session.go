package handlers

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// freshFor is the time for which dangerous actions do not ask for the password again after
// it was given.
const freshFor = 24 * time.Hour

// signedIn returns the session of the request. A visitor without a session is
// sent to sign in, and then back to this page.
func (s *site) signedIn(c *gin.Context) (models.Session, error) {
	session, err := visitOf(c).session()
	if errors.Is(err, models.ErrNoSession) {
		return session, &detour{to: withReturn("/signin", pageHere(c))}
	}
	return session, err
}

// signedInRecently does the work of signedIn, for actions that must not be open to a
// person who finds an unattended browser: if the password was given longer ago than
// freshFor, the page asks for it again.
func (s *site) signedInRecently(c *gin.Context) (models.Session, error) {
	session, err := s.signedIn(c)
	if err == nil && s.Store.Now().Sub(session.ConfirmedAt) >= freshFor {
		return session, &detour{to: withReturn("/account/confirm-password", pageHere(c))}
	}
	return session, err
}

// renewSession makes the browser keep a session's new token.
func (s *site) renewSession(c *gin.Context, session models.Session, token string) {
	s.setCookie(c, cookieSession, token, session.ExpiresAt.Sub(s.Store.Now()))
}

// forgetSession makes the browser forget a session that has ended, and the
// pages that it showed.
func (s *site) forgetSession(c *gin.Context) {
	s.clearCookie(c, cookieSession)
	s.clearCookie(c, cookieCode)
	s.clearCookie(c, cookieClaim)
	forgetCopies(c)
}

// ownsServer reports whether the account of the session runs the server.
func (s *site) ownsServer(c *gin.Context, session models.Session, serverID int64) bool {
	_, err := s.Store.Servers.Get(c.Request.Context(), session.AccountID, serverID)
	return err == nil
}

package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// sessionOf finds the session of the token that a program brought. A server key
// is no wrong token but a token for other routes, and is told so.
func (s *site) sessionOf(c *gin.Context) (models.Session, error) {
	token := bearer(c)
	if models.IsServerKey(token) {
		return models.Session{}, refuse(http.StatusForbidden, "wrong_kind_of_token")
	}
	return s.Store.Sessions.Look(c.Request.Context(), token)
}

// withServer adapts h to Gin for a media server that brings its server key.
// Errors become problem details.
func (s *site) withServer(h func(c *gin.Context, this models.Server) error) gin.HandlerFunc {
	return s.problem(func(c *gin.Context) error {
		key := bearer(c)
		if models.IsSessionToken(key) {
			return refuse(http.StatusForbidden, "wrong_kind_of_token")
		}
		this, err := s.Store.ServerKeys.Look(c.Request.Context(), key)
		if err != nil {
			return err
		}
		s.Store.Agents.NoteContact(this)
		return h(c, this)
	})
}

// withServerAlone is withServer for what has nothing to read.
func (s *site) withServerAlone(h func(c *gin.Context, this models.Server) error) gin.HandlerFunc {
	return s.withServer(func(c *gin.Context, this models.Server) error {
		if err := noBody(c); err != nil {
			return err
		}
		return h(c, this)
	})
}

// withProof is withSession for what needs a password that was proved lately.
func (s *site) withProof(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		if err := s.proved(session); err != nil {
			return err
		}
		return h(c, session)
	})
}

// withOperator adapts h to Gin for an operator who brings a session token.
// Whatever changes something needs a password that was proved lately.
func (s *site) withOperator(h func(c *gin.Context) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
		if err != nil {
			return err
		}
		if !account.Operator {
			return refuse(http.StatusForbidden, "operators_only")
		}
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			if err := s.proved(session); err != nil {
				return err
			}
		}
		return h(c)
	})
}

// withSession adapts h to Gin for who brings a session token. Errors become
// problem details.
func (s *site) withSession(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.problem(func(c *gin.Context) error {
		session, err := s.sessionOf(c)
		if err != nil {
			return err
		}
		return h(c, session)
	})
}

// withoutBody is withSession for what has nothing to read: a member in the body
// is one that is not known.
func (s *site) withoutBody(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		if err := noBody(c); err != nil {
			return err
		}
		return h(c, session)
	})
}

// bearer is the token of the one Authorization header, "" for none or for
// anything else. No cookie counts: a web page could send it unasked.
func bearer(c *gin.Context) string {
	given := c.Request.Header.Values("Authorization")
	if len(given) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

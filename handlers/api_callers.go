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
		this, err := s.Store.Agents.Look(c.Request.Context(), key)
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

// idempotencyKey is what a program names a request by, so that it can repeat it
// after an answer that was lost; "" when it names it by nothing.
func idempotencyKey(c *gin.Context) (string, error) {
	const shortest, longest = 16, 128 // as models have it; a short one could be somebody else's too
	given := c.Request.Header.Values("Idempotency-Key")
	if len(given) == 0 {
		return "", nil
	}
	key := given[0]
	visible := !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || '~' < r })
	if len(given) != 1 || len(key) < shortest || len(key) > longest || !visible {
		return "", refuse(http.StatusBadRequest, "idempotency_key_invalid")
	}
	return key, nil
}

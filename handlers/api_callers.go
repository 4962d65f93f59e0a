package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// sessionToken returns the session token that a program sent. A server key is valid on
// other routes, so it gets an error of its own.
func sessionToken(c *gin.Context) (string, error) {
	token := bearer(c)
	switch {
	case token == "":
		return "", refuse(http.StatusUnauthorized, "token_missing")
	case models.IsServerKey(token):
		return "", refuse(http.StatusForbidden, "wrong_kind_of_token")
	}
	return token, nil
}

// sessionOf returns the session of the token that a program sent.
func (s *site) sessionOf(c *gin.Context) (models.Session, error) {
	token, err := sessionToken(c)
	if err != nil {
		return models.Session{}, err
	}
	return s.Store.Sessions.Look(c.Request.Context(), token)
}

// withServer adapts h to Gin, for a media server that sends its server key.
// Errors become problem details.
func (s *site) withServer(h func(c *gin.Context, this models.Server) error) gin.HandlerFunc {
	return s.problem(func(c *gin.Context) error {
		key := bearer(c)
		switch {
		case key == "":
			return refuse(http.StatusUnauthorized, "token_missing")
		case models.IsSessionToken(key):
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

// withServerAlone does the work of withServer, for requests without a body.
func (s *site) withServerAlone(h func(c *gin.Context, this models.Server) error) gin.HandlerFunc {
	return s.withServer(func(c *gin.Context, this models.Server) error {
		if err := noBody(c); err != nil {
			return err
		}
		return h(c, this)
	})
}

// withProof does the work of withSession, for actions that need a recently given
// password.
func (s *site) withProof(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		if err := s.proved(session); err != nil {
			return err
		}
		return h(c, session)
	})
}

// withOperator adapts h to Gin, for an operator who sends a session token.
// Actions that change something need a recently given password.
func (s *site) withOperator(h func(c *gin.Context) error) gin.HandlerFunc {
	return s.withOperatorSession(func(c *gin.Context, _ models.Session) error { return h(c) })
}

// withOperatorSession does the work of withOperator, and gives h the session.
func (s *site) withOperatorSession(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
		if err != nil {
			return err
		}
		if !account.Operator {
			return models.ErrOperatorsOnly
		}
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			if err := s.proved(session); err != nil {
				return err
			}
		}
		return h(c, session)
	})
}

// withSession adapts h to Gin, for a person who sends a session token. Errors
// become problem details.
func (s *site) withSession(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.problem(func(c *gin.Context) error {
		session, err := s.sessionOf(c)
		if err != nil {
			return err
		}
		return h(c, session)
	})
}

// withoutBody does the work of withSession, for requests without a body. A body that
// has a member is refused, because every route refuses the members that it does not know.
func (s *site) withoutBody(h func(c *gin.Context, session models.Session) error) gin.HandlerFunc {
	return s.withSession(func(c *gin.Context, session models.Session) error {
		if err := noBody(c); err != nil {
			return err
		}
		return h(c, session)
	})
}

// bearer returns the token of the Authorization header, or "" if there is not
// exactly one, or if it has another scheme. Cookies do not count, because a web
// page could make the browser send them.
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

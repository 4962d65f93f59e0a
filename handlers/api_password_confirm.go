package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiConfirmPassword answers POST /api/v1/sessions/current/confirm, with which a person
// gives the password again before a dangerous action. The session gets a new token.
func (s *site) apiConfirmPassword(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	token, err := s.Store.Sessions.ConfirmPassword(c.Request.Context(), session, in.Password, caller(c))
	if errors.Is(err, models.ErrWrongPassword) {
		return oneMistake("password", "current_password_wrong")
	}
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		Token string `json:"token"`
	}{token})
}

// proved returns an error unless the password was given recently in the
// session.
func (s *site) proved(session models.Session) error {
	if s.Store.Now().Sub(session.ConfirmedAt) >= freshFor {
		return refuse(http.StatusForbidden, "confirm_password")
	}
	return nil
}

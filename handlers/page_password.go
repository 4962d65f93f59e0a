package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// AccountPasswordPage is templates/pages/account_password.html.
type AccountPasswordPage struct {
	Base
	CurrentPassword, Password, PasswordAgain Field
}

// accountPasswordForm answers GET /account/password.
func (s *site) accountPasswordForm(c *gin.Context) error { return s.showAccountPassword(c, nil) }

// accountPassword answers POST /account/password: other sessions end, this one
// goes on under a new token.
func (s *site) accountPassword(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	err = joinMistakes(missing(f, "current_password", "password"), differ(f, "password", "passwords_differ"))
	if err != nil {
		return s.showAccountPassword(c, err)
	}
	renewed, err := s.Store.Accounts.ChangePassword(c.Request.Context(), session,
		models.ChangePassword{Current: f["current_password"], Password: f["password"]}, caller(c))
	if err != nil {
		return s.showAccountPassword(c, err)
	}
	s.renewSession(c, session, renewed.Token)
	s.keepDeviceMark(c, renewed.DeviceMark)
	return s.leave(c, home, noticePasswordChanged)
}

func (s *site) showAccountPassword(c *gin.Context, cause error) error {
	if _, err := s.signedIn(c); err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := AccountPasswordPage{Base: s.base(c, "password")}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, nil, wrong)
	page.CurrentPassword = in.currentPassword()
	page.Password = in.newPassword("new_password", s.PasswordMinLength)
	page.PasswordAgain = in.newPasswordAgain("new_password")
	return s.render(c, wrong.status, "password", page)
}

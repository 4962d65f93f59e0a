package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// passwordPage is the data of templates/pages/password.html.
type passwordPage struct {
	Base
	CurrentPassword, Password, PasswordAgain Field
}

// passwordForm answers GET /account/password.
func (s *site) passwordForm(c *gin.Context) error { return s.showPassword(c, nil) }

// changePassword answers POST /account/password. The other sessions of the account end;
// this session gets a new token.
func (s *site) changePassword(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	err = joinMistakes(missing(f, "current_password", "password"), differ(f, "password", "passwords_differ"))
	if err != nil {
		return s.showPassword(c, err)
	}
	renewed, err := s.Store.Accounts.ChangePassword(c.Request.Context(), session,
		models.ChangePassword{Current: f["current_password"], Password: f["password"]}, caller(c))
	if err != nil {
		return s.showPassword(c, err)
	}
	s.renewSession(c, session, renewed.Token)
	s.keepDeviceMark(c, renewed.DeviceMark)
	return s.leave(c, accountPath, noticePasswordChanged)
}

func (s *site) showPassword(c *gin.Context, cause error) error {
	if _, err := s.signedIn(c); err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := passwordPage{Base: s.base(c, "password")}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, nil, wrong)
	page.CurrentPassword = in.currentPassword()
	page.Password = in.newPassword("new_password", s.PasswordMinLength)
	page.PasswordAgain = in.newPasswordAgain("new_password")
	return s.render(c, wrong.status, "password", page)
}

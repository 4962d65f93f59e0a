package handlers

import "github.com/gin-gonic/gin"

// passwordConfirmPage is the data of templates/pages/password_confirm.html:
// POST /account/confirm-password.
type passwordConfirmPage struct {
	Base
	Password Field // "current_password"
	ReturnTo string
}

// passwordConfirmForm answers GET /account/confirm-password, which asks for the
// password before dangerous actions.
func (s *site) passwordConfirmForm(c *gin.Context) error {
	return s.showPasswordConfirm(c, queryValue(c, "return_to"), nil)
}

// confirmPassword answers POST /account/confirm-password.
func (s *site) confirmPassword(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := missing(f, "current_password"); err != nil {
		return s.showPasswordConfirm(c, f["return_to"], err)
	}
	token, err := s.Store.Sessions.ConfirmPassword(c.Request.Context(), session, f["current_password"], caller(c))
	if err != nil {
		return s.showPasswordConfirm(c, f["return_to"], err)
	}
	s.renewSession(c, session, token)
	return s.leave(c, returnTo(f["return_to"]), noticePasswordConfirmed)
}

func (s *site) showPasswordConfirm(c *gin.Context, wish string, cause error) error {
	if _, err := s.signedIn(c); err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := passwordConfirmPage{Base: s.base(c, "password_confirm"), ReturnTo: returnTo(wish)}
	page.Base = page.telling(wrong)
	page.Password = newInputs(page.Base, nil, wrong).currentPassword()
	return s.render(c, wrong.status, "password_confirm", page)
}

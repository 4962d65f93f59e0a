package handlers

import (
	"github.com/gin-gonic/gin"
)

// resetForm answers GET /reset, where the mail about a forgotten password
// leads.
func (s *site) resetForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkReset)
	if err != nil {
		return err
	}
	return s.showReset(c, token, nil)
}

// reset answers POST /reset. It signs nobody in.
func (s *site) reset(c *gin.Context, f form) error {
	token, err := s.linkToken(c, linkReset)
	if err != nil {
		return err
	}
	if err := differ(f, "password", "passwords_differ"); err != nil {
		return s.showReset(c, token, err)
	}
	if err := s.Store.Recovery.ResetPassword(c.Request.Context(), token, f["password"], caller(c)); err != nil {
		return s.showReset(c, token, err)
	}
	s.clearCookie(c, linkReset)
	s.forgetSession(c)
	return s.leave(c, "/signin", noticePasswordReset)
}

func (s *site) showReset(c *gin.Context, token string, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return s.spent(c, linkReset, err)
	}
	info, err := s.Store.Recovery.Look(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkReset, err)
	}
	page := ResetPage{Base: s.base(c, "reset"), Username: info.Username}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, nil, wrong)
	page.Password = in.newPassword("new_password", s.PasswordMinLength)
	page.PasswordAgain = in.newPasswordAgain("new_password")
	return s.render(c, wrong.status, "reset", page)
}

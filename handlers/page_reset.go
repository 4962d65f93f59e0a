package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// resetRequestPage is the data of templates/pages/reset_request.html.
type resetRequestPage struct {
	Base
	NameOrEmail Field
	Captcha     captchaView
}

// resetSentPage is the data of templates/pages/reset_sent.html.
type resetSentPage struct {
	Base
	Life string // how long the link in the mail is valid: "1 hour"
}

// resetPage is the data of templates/pages/reset.html: POST /reset.
type resetPage struct {
	Base
	Username                string
	Password, PasswordAgain Field
}

// resetRequestForm answers GET /forgot.
func (s *site) resetRequestForm(c *gin.Context) error { return s.showResetRequest(c, nil, nil) }

// requestReset answers POST /forgot, in the same way for every name.
func (s *site) requestReset(c *gin.Context, f form) error {
	if err := s.askForReset(c, f["name_or_email"], s.captchaAnswer(f)); err != nil {
		return s.showResetRequest(c, f, err)
	}
	return seeOther(c, "/forgot/sent")
}

func (s *site) showResetRequest(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := resetRequestPage{Base: s.base(c, "reset_request"), Captcha: s.captchaView(c, wrong)}
	page.Base = page.telling(wrong)
	page.NameOrEmail = newInputs(page.Base, f, wrong).nameOrEmail()
	if f == nil && cause == nil {
		return s.renderShared(c, page.Base, func() spoken { return page })
	}
	return s.render(c, wrong.status, "reset_request", page)
}

// resetSent answers GET /forgot/sent.
func (s *site) resetSent(c *gin.Context) error {
	base := s.base(c, "reset_sent")
	return s.render(c, http.StatusOK, "reset_sent", resetSentPage{Base: base, Life: s.life(base.Locale, s.Lives.Reset)})
}

// resetForm answers GET /reset, to which the mail about a forgotten password leads.
func (s *site) resetForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkReset)
	if err != nil {
		return err
	}
	return s.showReset(c, token, nil)
}

// reset answers POST /reset. It does not sign the person in.
func (s *site) reset(c *gin.Context, f form) error {
	token, err := s.linkToken(c, linkReset)
	if err != nil {
		return err
	}
	if err := differ(f, "password", "passwords_differ"); err != nil {
		return s.showReset(c, token, err)
	}
	mark, err := s.Store.Recovery.ResetInBrowser(c.Request.Context(), token, f["password"], caller(c))
	if err != nil {
		return s.showReset(c, token, err)
	}
	s.keepDeviceMark(c, mark)
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
	page := resetPage{Base: s.base(c, "reset"), Username: info.Username}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, nil, wrong)
	page.Password = in.newPassword("new_password", s.PasswordMinLength)
	page.PasswordAgain = in.newPasswordAgain("new_password")
	return s.render(c, wrong.status, "reset", page)
}

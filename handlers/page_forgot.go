package handlers

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// forgotForm answers GET /forgot.
func (s *site) forgotForm(c *gin.Context) error { return s.showForgot(c, nil, nil) }

// forgot answers POST /forgot, in the same way for every name. When the captcha
// cannot be checked it goes on under tighter limits: people who are locked out
// must not depend on a third party.
func (s *site) forgot(c *gin.Context, f form) error {
	if missing(f, "name_or_email") != nil {
		return s.showForgot(c, f, models.ErrNameOrEmailAbsent)
	}
	err := s.checkCaptcha(c, f)
	tight := models.KindOf(err) == models.KindUnavailable
	if tight {
		s.Log.WarnContext(c.Request.Context(), "captcha cannot be checked",
			slog.String("request", visitOf(c).id), slog.Any("err", err))
	} else if err != nil {
		return s.showForgot(c, f, err)
	}
	if err := s.Store.Recovery.Request(c.Request.Context(), f["name_or_email"], caller(c), tight); err != nil {
		return s.showForgot(c, f, err)
	}
	return seeOther(c, "/forgot/sent")
}

func (s *site) showForgot(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := ForgotPage{Base: s.base(c, "forgot"), Captcha: s.captchaView(c, wrong)}
	page.Base = page.telling(wrong)
	page.NameOrEmail = newInputs(page.Base, f, wrong).nameOrEmail()
	return s.render(c, wrong.status, "forgot", page)
}

// forgotSent answers GET /forgot/sent.
func (s *site) forgotSent(c *gin.Context) error {
	base := s.base(c, "forgot_sent")
	return s.render(c, http.StatusOK, "forgot_sent", ForgotSentPage{Base: base, Life: s.life(base.Locale, s.Lives.Reset)})
}

package handlers

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// forgotForm answers GET /forgot.
func (s *site) forgotForm(c *gin.Context) error { return s.showForgot(c, nil, nil) }

// forgot answers POST /forgot, in the same way for every name.
func (s *site) forgot(c *gin.Context, f form) error {
	if err := s.askForReset(c, f["name_or_email"], s.captchaAnswer(f)); err != nil {
		return s.showForgot(c, f, err)
	}
	return seeOther(c, "/forgot/sent")
}

// askForReset asks for a mail that sets a new password. When the captcha cannot
// be checked it goes on under tighter limits: people who are locked out must not
// depend on a third party.
func (s *site) askForReset(c *gin.Context, nameOrEmail, proof string) error {
	if strings.TrimSpace(nameOrEmail) == "" {
		return models.ErrNameOrEmailAbsent
	}
	err := s.checkProof(c, proof)
	tight := models.KindOf(err) == models.KindUnavailable
	if tight {
		s.Log.WarnContext(c.Request.Context(), "captcha cannot be checked",
			slog.String("request", visitOf(c).id), slog.Any("err", err))
	} else if err != nil {
		return err
	}
	return s.Store.Recovery.Request(c.Request.Context(), nameOrEmail, caller(c), tight)
}

func (s *site) showForgot(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := ForgotPage{Base: s.base(c, "reset_request"), Captcha: s.captchaView(c, wrong)}
	page.Base = page.telling(wrong)
	page.NameOrEmail = newInputs(page.Base, f, wrong).nameOrEmail()
	return s.render(c, wrong.status, "reset_request", page)
}

// forgotSent answers GET /forgot/sent.
func (s *site) forgotSent(c *gin.Context) error {
	base := s.base(c, "reset_sent")
	return s.render(c, http.StatusOK, "reset_sent", ForgotSentPage{Base: base, Life: s.life(base.Locale, s.Lives.Reset)})
}

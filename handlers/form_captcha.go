package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/captcha"
	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/models"
)

// captchaView is the data of partials/captcha.html: the captcha of a form.
type captchaView struct {
	Kind    string // "pow", "recaptcha" or "off"
	SiteKey string // the site key of reCAPTCHA
	Error   string // in the reader's language
	Focus   bool   // the captcha has the first mistake of the form
}

// A network may get 30 challenges at once, and then one each second.
const (
	challengesAtOnce = 30
	challengesRefill = 30 * time.Second // until all of them are available again
)

// networksMost is the number of networks that a limit in memory can tell apart.
// These limits protect cheap work; everything important is counted in the
// database.
const networksMost = 4096

// fieldCaptcha is the name of the field to which a mistake in the captcha belongs.
const fieldCaptcha = "captcha"

// checkCaptcha checks the captcha that was sent with the form. It returns the
// errors of checkProof.
func (s *site) checkCaptcha(c *gin.Context, f form) error { return s.checkProof(c, s.captchaAnswer(f)) }

// captchaAnswer returns the answer to the captcha that was sent with the form.
func (s *site) captchaAnswer(f form) string {
	if s.CaptchaKind == CaptchaRecaptcha {
		return f[captcha.FieldRecaptcha]
	}
	return f[captcha.FieldProofOfWork]
}

// checkProof checks the answer to a captcha. It returns a mistake of the form,
// or a KindUnavailable error when the answer could not be checked.
func (s *site) checkProof(c *gin.Context, answer string) error {
	err := s.Captcha.Verify(c.Request.Context(), answer, visitOf(c).address)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, captcha.ErrMissing):
		return oneMistake(fieldCaptcha, "captcha_missing")
	case errors.Is(err, captcha.ErrRefused):
		return oneMistake(fieldCaptcha, "captcha_refused")
	default:
		return captchaUnavailable(err)
	}
}

// captchaUnavailable returns the error for a captcha that could not be checked.
func captchaUnavailable(cause error) error {
	return &models.Error{Kind: models.KindUnavailable, Code: "captcha_unavailable", RetryAfter: 6 * shortWait, Err: cause}
}

// captchaView returns the captcha for a page, and allows the scripts of reCAPTCHA on that
// page if the site uses reCAPTCHA.
func (s *site) captchaView(c *gin.Context, wrong mistakes) captchaView {
	if s.CaptchaKind == CaptchaRecaptcha {
		allow(c, allowances{recaptcha: true})
	}
	return captchaView{
		Kind: s.CaptchaKind, SiteKey: s.RecaptchaSiteKey,
		Error: wrong.fields[fieldCaptcha], Focus: wrong.first == fieldCaptcha,
	}
}

// challenge answers GET /captcha/challenge with a task for the browser, in the
// form of ALTCHA. The number of tasks for one network is limited.
func (s *site) challenge(c *gin.Context) error {
	if s.CaptchaKind != CaptchaProofOfWork || s.Challenge == nil {
		return models.ErrNotFound
	}
	if !s.challenges.Allow(peer.Network(visitOf(c).address)) {
		return &models.Error{Kind: models.KindThrottled, Code: "throttled", RetryAfter: shortWait}
	}
	task, err := s.Challenge()
	if err != nil {
		return fmt.Errorf("make a challenge: %w", err)
	}
	body, err := json.Marshal(task)
	if err != nil {
		return fmt.Errorf("write a challenge: %w", err)
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

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

// captchaView is the proof that a form asks for.
type captchaView struct {
	Kind    string // "pow", "recaptcha" or "off"
	SiteKey string // of reCAPTCHA
	Error   string // in the reader's language
	Focus   bool   // the error is the first of the form
}

// A network may have 30 challenges at once and then one each second.
const (
	challengesAtOnce = 30
	challengesRefill = 30 * time.Second // from none to all of them
)

// networksMost is the number of networks of callers that a limit tells apart. What these limits protect
// is cheap; what matters is counted in the database.
const networksMost = 4096

// fieldCaptcha is where mistakes of a captcha lie.
const fieldCaptcha = "captcha"

// checkCaptcha checks the proof that came with a form. It returns the errors of
// checkProof.
func (s *site) checkCaptcha(c *gin.Context, f form) error { return s.checkProof(c, s.captchaAnswer(f)) }

// captchaAnswer is the proof that came with a form.
func (s *site) captchaAnswer(f form) string {
	if s.CaptchaKind == CaptchaRecaptcha {
		return f[captcha.FieldRecaptcha]
	}
	return f[captcha.FieldProofOfWork]
}

// checkProof checks the answer to a captcha. It returns mistakes of the form, or
// a KindUnavailable error when nobody could check it.
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

// captchaUnavailable is the error of a captcha that nobody could check.
func captchaUnavailable(cause error) error {
	return &models.Error{Kind: models.KindUnavailable, Code: "captcha_unavailable", RetryAfter: 6 * shortWait, Err: cause}
}

// captchaView is the captcha of a page, and lets its scripts run there.
func (s *site) captchaView(c *gin.Context, wrong mistakes) captchaView {
	if s.CaptchaKind == CaptchaRecaptcha {
		allowRecaptcha(c)
	}
	return captchaView{
		Kind: s.CaptchaKind, SiteKey: s.RecaptchaSiteKey,
		Error: wrong.fields[fieldCaptcha], Focus: wrong.first == fieldCaptcha,
	}
}

// challenge answers GET /captcha/challenge: work for a browser, as ALTCHA's
// protocol has it. One source gets only so many.
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

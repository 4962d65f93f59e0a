package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// signUpPage is the data of templates/pages/signup.html.
type signUpPage struct {
	Base
	Username, DisplayName, Email, Password, PasswordAgain Field
	Captcha                                               captchaView
}

// signUpClosedPage is the data of templates/pages/signup_closed.html.
type signUpClosedPage struct {
	Base
	InviteOnly bool // whether an invite still allows people to sign up
}

// signUpSentPage is the data of templates/pages/signup_sent.html, which asks
// the person to read their mail.
type signUpSentPage struct {
	Base
	SentTo string // the address as it was typed; "" when the browser no longer keeps the pending sign-up
	Email  Field  // corrects a mistyped address: POST /signup/correct; POST /signup/resend sends the mail again
}

// signUpForm answers GET /signup.
func (s *site) signUpForm(c *gin.Context) error {
	if _, err := visitOf(c).session(); err == nil {
		return seeOther(c, home)
	}
	if s.SignUp != models.SignUpOpen {
		return s.showSignUpClosed(c, http.StatusOK)
	}
	return s.showSignUp(c, nil, nil)
}

// signUp answers POST /signup. It checks the rules first, so that a mistake does not cost a
// solved captcha. Only after the captcha does the answer tell whether the username is free
//
func (s *site) signUp(c *gin.Context, f form) error {
	if s.SignUp != models.SignUpOpen {
		return s.showSignUpClosed(c, http.StatusForbidden)
	}
	in := models.SignUp{
		Username: f["username"], DisplayName: f["display_name"], Email: f["email"], Password: f["password"], Locale: s.locale(c),
	}
	err := joinMistakes(s.Store.Accounts.CheckSignUp(in), differ(f, "password", "passwords_differ"))
	if err == nil {
		err = s.checkCaptcha(c, f)
	}
	if err != nil {
		return s.showSignUp(c, f, err)
	}
	pending, err := s.Store.Accounts.SignUp(c.Request.Context(), in, caller(c))
	if err != nil {
		return s.showSignUp(c, f, err)
	}
	s.setCookie(c, cookiePending, pending, s.Lives.Confirm)
	return seeOther(c, "/signup/sent")
}

func (s *site) showSignUp(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := signUpPage{Base: s.base(c, "signup"), Captcha: s.captchaView(c, wrong)}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, f, wrong)
	page.Username = in.username()
	page.DisplayName = in.displayName()
	page.Email = in.email("email")
	page.Password = in.newPassword("password", s.PasswordMinLength)
	page.PasswordAgain = in.newPasswordAgain("password")
	if f == nil && cause == nil {
		return s.renderShared(c, page.Base, func() spoken { return page })
	}
	return s.render(c, wrong.status, "signup", page)
}

func (s *site) showSignUpClosed(c *gin.Context, status int) error {
	page := signUpClosedPage{Base: s.base(c, "signup_closed"), InviteOnly: s.SignUp == models.SignUpInvite}
	return s.render(c, status, "signup_closed", page)
}

// signUpSent answers GET /signup/sent, which asks the person to read their
// mail.
func (s *site) signUpSent(c *gin.Context) error { return s.showSignUpSent(c, nil, nil) }

// signUpResend answers POST /signup/resend.
func (s *site) signUpResend(c *gin.Context, _ form) error {
	pending := s.cookie(c, cookiePending)
	if pending == "" {
		return seeOther(c, "/signup/sent")
	}
	err := s.Store.Emails.Resend(c.Request.Context(), pending, caller(c))
	if errors.Is(err, models.ErrTokenSpent) {
		return seeOther(c, "/signup/sent") // that page says what may have happened
	}
	if err != nil {
		return err
	}
	return s.leave(c, "/signup/sent", noticeResent)
}

// signUpCorrect answers POST /signup/correct, for an address that was mistyped.
func (s *site) signUpCorrect(c *gin.Context, f form) error {
	pending := s.cookie(c, cookiePending)
	if pending == "" {
		return seeOther(c, "/signup/sent")
	}
	err := s.Store.Emails.Correct(c.Request.Context(), pending, f["email"], caller(c))
	if errors.Is(err, models.ErrTokenSpent) {
		return seeOther(c, "/signup/sent")
	}
	if err != nil {
		return s.showSignUpSent(c, f, err)
	}
	return s.leave(c, "/signup/sent", noticeCorrected)
}

func (s *site) showSignUpSent(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	sign, err := s.pendingSignUp(c)
	if err != nil {
		return err
	}
	page := signUpSentPage{Base: s.base(c, "signup_sent"), SentTo: sign.Email}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the field is hidden until the person opens it
	in.show("email", sign.Email)
	page.Email = in.email("email")
	return s.render(c, wrong.status, "signup_sent", page)
}

// pendingSignUp returns the sign-up that this browser waits for, or the zero value if there
// is no such sign-up.
func (s *site) pendingSignUp(c *gin.Context) (models.PendingSignUp, error) {
	secret := s.cookie(c, cookiePending)
	if secret == "" {
		return models.PendingSignUp{}, nil
	}
	sign, err := s.Store.Emails.Pending(c.Request.Context(), secret)
	if errors.Is(err, models.ErrTokenSpent) {
		s.clearCookie(c, cookiePending)
		return models.PendingSignUp{}, nil
	}
	return sign, err
}

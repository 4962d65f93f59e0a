package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// pinResetRequestPage is the data of templates/pages/pin_reset_request.html. It
// offers two ways: a mail (POST /account/pin/mail), or the password of the
// account (POST /account/pin/forgot with current_password, pin, pin_again, and
// "do", which is "set" or "remove").
type pinResetRequestPage struct {
	Base
	HasEmail                bool
	Password, PIN, PINAgain Field
}

// pinResetPage is the data of templates/pages/pin_reset.html. The form on that page
// sends pin, pin_again and "do" to POST /account/pin/reset; "do" is "set" or "remove".
type pinResetPage struct {
	Base
	Username      string
	PIN, PINAgain Field
}

// pinResetRequestForm answers GET /account/pin/forgot.
func (s *site) pinResetRequestForm(c *gin.Context) error { return s.showPINResetRequest(c, nil) }

// resetPINByPassword answers POST /account/pin/forgot: a person who gives the password of
// the account chooses a new PIN.
func (s *site) resetPINByPassword(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	pin, err := chosenPIN(f)
	if err = joinMistakes(missing(f, "current_password"), err); err != nil {
		return s.showPINResetRequest(c, err)
	}
	err = s.Store.PINs.ResetByPassword(c.Request.Context(), session.AccountID, f["current_password"], pin, caller(c))
	if err != nil {
		return s.showPINResetRequest(c, err)
	}
	return s.leave(c, accountPath, pinNotice(f["do"], true))
}

// chosenPIN returns the PIN that a form sets, or "" if it removes the PIN.
func chosenPIN(f form) (string, error) {
	switch f["do"] {
	case doSet, "":
		return f["pin"], joinMistakes(missing(f, "pin"), differ(f, "pin", "pins_differ"))
	case doRemove:
		return "", nil
	default:
		return "", refuse(http.StatusBadRequest, "bad_request")
	}
}

func (s *site) showPINResetRequest(c *gin.Context, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	account, err := s.Store.Accounts.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := pinResetRequestPage{Base: s.base(c, "pin_reset_request"), HasEmail: account.Email != ""}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, nil, wrong)
	page.Password = in.currentPassword()
	page.PIN = in.pin()
	page.PINAgain = in.pinAgain()
	return s.render(c, wrong.status, "pin_reset_request", page)
}

// requestPINReset answers POST /account/pin/mail. With the link in the mail the
// person chooses a new PIN.
func (s *site) requestPINReset(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := s.Store.PINs.RequestReset(c.Request.Context(), session.AccountID); err != nil {
		return err
	}
	return s.leave(c, "/account/pin/forgot", noticePINMailSent)
}

// pinResetForm answers GET /account/pin/reset, to which that mail leads.
func (s *site) pinResetForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkPINReset)
	if err != nil {
		return err
	}
	return s.showPINReset(c, token, nil)
}

// pinReset answers POST /account/pin/reset. It opens no session.
func (s *site) pinReset(c *gin.Context, f form) error {
	token, err := s.linkToken(c, linkPINReset)
	if err != nil {
		return err
	}
	pin, err := chosenPIN(f)
	if err != nil {
		return s.showPINReset(c, token, err)
	}
	if err := s.Store.PINs.ResetByMail(c.Request.Context(), token, pin, caller(c)); err != nil {
		return s.showPINReset(c, token, err)
	}
	s.clearCookie(c, linkPINReset)
	return s.leave(c, accountPath, pinNotice(f["do"], true))
}

func (s *site) showPINReset(c *gin.Context, token string, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return s.spent(c, linkPINReset, err)
	}
	info, err := s.Store.PINs.LookReset(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkPINReset, err)
	}
	page := pinResetPage{Base: s.base(c, "pin_reset"), Username: info.Username}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, nil, wrong)
	page.PIN = in.pin()
	page.PINAgain = in.pinAgain()
	return s.render(c, wrong.status, "pin_reset", page)
}

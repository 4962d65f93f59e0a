package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// emailChangePage is the data of templates/pages/email_change.html: POST
// /account/email.
type emailChangePage struct {
	Base
	Current         string
	Waiting         string // "" for none
	UndoLife        string // how long the change can be undone: "3 days"
	Email, Password Field  // the fields "email" and "current_password"
}

// emailChangeConfirmPage is the data of
// templates/pages/email_change_confirm.html: POST /account/email/confirm.
type emailChangeConfirmPage struct {
	Base
	Username, Email string
	Foreign         bool // the account has no address yet and is not signed in here; see confirmEmailChange
}

// emailChangeUndoPage is the data of templates/pages/email_change_undo.html:
// POST /account/email/undo.
type emailChangeUndoPage struct {
	Base
	Username, Email string // Email is the address that the account gets back
}

// emailChangeForm answers GET /account/email.
func (s *site) emailChangeForm(c *gin.Context) error { return s.showEmailChange(c, nil, nil) }

// requestEmailChange answers POST /account/email. The change happens when the
// new address confirms it.
func (s *site) requestEmailChange(c *gin.Context, f form) error {
	session, err := s.signedInRecently(c)
	if err != nil {
		return err
	}
	if err := missing(f, "email", "current_password"); err != nil {
		return s.showEmailChange(c, f, err)
	}
	err = s.Store.Emails.RequestChange(c.Request.Context(), session.AccountID, f["email"], f["current_password"], caller(c))
	if err != nil {
		return s.showEmailChange(c, f, err)
	}
	return s.leave(c, "/account/email", noticeEmailAsked)
}

// confirmAgain answers POST /account/email/again, the button that newcomers see: it sends the mail that
// asks for the confirmation of their address again, and goes back to the page with the button.
func (s *site) confirmAgain(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := s.Store.Emails.ConfirmAgain(c.Request.Context(), session.AccountID, caller(c)); err != nil {
		return err
	}
	return s.leave(c, returnTo(f["return_to"]), noticeResent)
}

func (s *site) showEmailChange(c *gin.Context, f form, cause error) error {
	session, err := s.signedInRecently(c)
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
	waiting, err := s.Store.Emails.Waiting(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := emailChangePage{Base: s.base(c, "email_change"), Current: account.Email, Waiting: waiting}
	page.UndoLife = s.life(page.Locale, s.Lives.EmailUndo)
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, f, wrong)
	page.Email = in.email("new_email")
	page.Password = in.currentPassword()
	return s.render(c, wrong.status, "email_change", page)
}

// emailChangeConfirmForm answers GET /account/email/confirm, to which the mail to the new
// address leads.
func (s *site) emailChangeConfirmForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkEmailConfirm)
	if err != nil {
		return err
	}
	info, err := s.Store.Emails.LookChange(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkEmailConfirm, err)
	}
	return s.render(c, http.StatusOK, "email_change_confirm",
		emailChangeConfirmPage{
			Base: s.base(c, "email_change_confirm"), Username: info.Username, Email: info.Email, Foreign: info.Newcomer && signedInTo(c) != info.AccountID,
		})
}

// signedInTo returns the account that the browser is signed in to, or 0 if it is not signed in.
func signedInTo(c *gin.Context) int64 {
	session, err := visitOf(c).session()
	if err != nil {
		return 0
	}
	return session.AccountID
}

// confirmEmailChange answers POST /account/email/confirm. A person who came by the link of an invite
// may have named the address of another person. If the browser is not signed in to the account,
// the next page therefore asks for a new password, and nobody else stays signed in.
func (s *site) confirmEmailChange(c *gin.Context, _ form) error {
	token, err := s.linkToken(c, linkEmailConfirm)
	if err != nil {
		return err
	}
	secret, err := s.Store.Emails.ConfirmChange(c.Request.Context(), token, signedInTo(c), caller(c))
	if err != nil {
		return s.spent(c, linkEmailConfirm, err)
	}
	s.clearCookie(c, linkEmailConfirm)
	if secret != "" {
		s.setCookie(c, linkReset, secret, linkLife)
		return s.leave(c, "/reset", noticeAddressConfirmed)
	}
	return s.leave(c, accountPath, noticeEmailChanged)
}

// emailChangeUndoForm answers GET /account/email/undo, to which the mail to the former
// address leads.
func (s *site) emailChangeUndoForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkEmailUndo)
	if err != nil {
		return err
	}
	info, err := s.Store.Emails.LookUndo(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkEmailUndo, err)
	}
	return s.render(c, http.StatusOK, "email_change_undo",
		emailChangeUndoPage{Base: s.base(c, "email_change_undo"), Username: info.Username, Email: info.Email})
}

// undoEmailChange answers POST /account/email/undo. The person who had changed
// the address knew the password, so the next page asks for a new one.
func (s *site) undoEmailChange(c *gin.Context, _ form) error {
	token, err := s.linkToken(c, linkEmailUndo)
	if err != nil {
		return err
	}
	secret, err := s.Store.Emails.Undo(c.Request.Context(), token, caller(c))
	if err != nil {
		return s.spent(c, linkEmailUndo, err)
	}
	s.clearCookie(c, linkEmailUndo)
	s.forgetSession(c)
	s.setCookie(c, linkReset, secret, linkLife)
	return s.leave(c, "/reset", noticeEmailUndone)
}

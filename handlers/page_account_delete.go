package handlers

import (
	"time"

	"github.com/gin-gonic/gin"
)

// accountDeletePage is the data of templates/pages/account_delete.html.
type accountDeletePage struct {
	Base
	Password  Field     // "current_password"
	WaitUntil time.Time // until when an email change can be undone, which an account has to wait for; or zero
}

// accountDeleteForm answers GET /account/delete.
func (s *site) accountDeleteForm(c *gin.Context) error { return s.showAccountDelete(c, nil) }

// deleteAccount answers POST /account/delete.
func (s *site) deleteAccount(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := missing(f, "current_password"); err != nil {
		return s.showAccountDelete(c, err)
	}
	if err := s.Store.Accounts.Delete(c.Request.Context(), session.AccountID, f["current_password"], caller(c)); err != nil {
		return s.showAccountDelete(c, err)
	}
	s.forgetSession(c)
	return s.leave(c, "/", noticeAccountDeleted)
}

func (s *site) showAccountDelete(c *gin.Context, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	until, err := s.Store.Emails.UndoUntil(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := accountDeletePage{Base: s.base(c, "account_delete"), WaitUntil: until}
	page.Base = page.telling(wrong)
	page.Password = newInputs(page.Base, nil, wrong).currentPassword()
	return s.render(c, wrong.status, "account_delete", page)
}

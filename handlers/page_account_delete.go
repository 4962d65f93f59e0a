package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// accountDeletePage is the data of templates/pages/account_delete.html.
type accountDeletePage struct {
	Base
	Members   bool      // the account looks after members, who are handed over or deleted
	HandsOver string    // the second guardian, to whom they go; "" for none
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
	remove := s.Store.Accounts.Delete
	if f["members"] == "delete" {
		remove = s.Store.Accounts.DeleteWithMembers
	}
	if err := remove(c.Request.Context(), session.AccountID, f["current_password"], caller(c)); err != nil {
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
	family, err := s.Store.Families.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := accountDeletePage{Base: s.base(c, "account_delete"), WaitUntil: until}
	if page.Members = family.Role == models.RoleFirst && len(family.Members) > 0; page.Members && len(family.Guardians) > 1 {
		page.HandsOver = family.Guardians[1].Username
	}
	page.Base = page.telling(wrong)
	page.Password = newInputs(page.Base, nil, wrong).currentPassword()
	return s.render(c, wrong.status, "account_delete", page)
}

package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// confirmPage is the data of templates/pages/confirm.html, which has one
// button.
type confirmPage struct {
	Base
	Username, Email string
	Life            string // after which an unconfirmed sign-up is deleted: "7 days"
	Token           string // the hidden field "token" of POST /confirm
}

// confirmForm answers GET /confirm, to which the mail about a new account leads. It shows a
// button and changes nothing, because mail scanners open links.
func (s *site) confirmForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkConfirm)
	if err != nil {
		return err
	}
	info, err := s.Store.Emails.LookConfirm(c.Request.Context(), token)
	if err != nil {
		return s.confirmedBefore(c, token, err)
	}
	base := s.base(c, "confirm")
	return s.render(c, http.StatusOK, "confirm", confirmPage{
		Base: base, Username: info.Username, Email: info.Email, Life: s.life(base.Locale, s.Lives.Confirm), Token: token,
	})
}

// confirm answers POST /confirm. The token may come in the form, so that it
// works in a browser that keeps no cookies.
func (s *site) confirm(c *gin.Context, f form) error {
	token := f["token"]
	if !isToken(token) {
		held, err := s.linkToken(c, linkConfirm)
		if err != nil {
			return err
		}
		token = held
	}
	if err := s.Store.Emails.Confirm(c.Request.Context(), token, caller(c)); err != nil {
		return s.confirmedBefore(c, token, err)
	}
	s.clearCookie(c, linkConfirm)
	s.clearCookie(c, cookiePending)
	return s.leave(c, "/signin", noticeConfirmed)
}

// confirmedBefore answers a request whose token was refused with err by
// [models.Emails.Confirm]. If the token is spent because it has confirmed the address
// before, the person did nothing wrong, and the answer leads to the sign-in. In all other
// cases it returns err, so that nobody without the exact token learns whether an address is
// confirmed.
func (s *site) confirmedBefore(c *gin.Context, token string, err error) error {
	err = s.spent(c, linkConfirm, err)
	if !errors.Is(err, models.ErrTokenSpent) {
		return err
	}
	did, failed := s.Store.Emails.DidConfirm(c.Request.Context(), token)
	if failed != nil {
		return failed
	}
	if !did {
		return err
	}
	return s.leave(c, "/signin", noticeConfirmedBefore)
}

package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// mailStopPage is the data of templates/pages/mail_stop.html. The link that stops invitations by mail
// leads there. The page has one button: POST /mail/stop, or POST /mail/stop/end if they are stopped.
type mailStopPage struct {
	Base
	Mailbox string
	Stopped bool
	Token   string // the hidden field "token" of both forms
}

// mailStopForm answers GET /mail/stop. It changes nothing, because mail scanners open links.
func (s *site) mailStopForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkMailStop)
	if err != nil {
		return err
	}
	return s.showMailStop(c, token)
}

// stopMails answers POST /mail/stop: the form of the page, or the form that a mail program posts to
// the address in the header List-Unsubscribe (RFC 8058). The form of a mail program has its token in
// the address and comes without cookies; the answer to it must not be a redirect.
func (s *site) stopMails(c *gin.Context) error {
	if token, ok := tokenInAddress(c.Request.URL.RawQuery); ok {
		if err := readOneClick(c); err != nil {
			return err
		}
		return s.setMailStop(c, token, s.Store.MailStops.Stop)
	}
	return s.setMailStopByForm(c, s.Store.MailStops.Stop)
}

// allowMails answers POST /mail/stop/end: the mails come again.
func (s *site) allowMails(c *gin.Context) error {
	return s.setMailStopByForm(c, s.Store.MailStops.Allow)
}

// setMailStopByForm takes the token from the form of the page, so that it works in a browser that
// keeps no cookies.
func (s *site) setMailStopByForm(c *gin.Context, set mailStopFunc) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	return s.setMailStop(c, f["token"], set)
}

// mailStopFunc is one of [models.MailStops.Stop] and [models.MailStops.Allow].
type mailStopFunc func(ctx context.Context, token string) error

// setMailStop changes which mails the mailbox of a token gets, and shows the page with the outcome.
// It can be repeated, so the answer need not be a redirect.
func (s *site) setMailStop(c *gin.Context, token string, set mailStopFunc) error {
	if err := set(c.Request.Context(), token); err != nil {
		return s.spent(c, linkMailStop, err)
	}
	return s.showMailStop(c, token)
}

func (s *site) showMailStop(c *gin.Context, token string) error {
	stop, err := s.Store.MailStops.Look(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkMailStop, err)
	}
	return s.render(c, http.StatusOK, "mail_stop", mailStopPage{
		Base: s.base(c, "mail_stop"), Mailbox: stop.Mailbox, Stopped: stop.Stopped, Token: token,
	})
}

// readOneClick reads the form of RFC 8058, which mail programs send in either form of the web. It
// returns an error for any other body.
func readOneClick(c *gin.Context) error {
	const name, value = "List-Unsubscribe", "One-Click"
	given := ""
	if strings.HasPrefix(c.GetHeader("Content-Type"), "multipart/form-data") {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
		if err := c.Request.ParseMultipartForm(maxBody); err != nil {
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				return err
			}
			return fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "bad_request"), err)
		}
		given = c.Request.PostFormValue(name)
	} else {
		f, err := readForm(c)
		if err != nil {
			return err
		}
		given = f[name]
	}
	if given != value {
		return refuse(http.StatusBadRequest, "bad_request")
	}
	return nil
}

// setInviteMails answers POST /account/invite-mails: the person decides whether invitations come by
// mail to the address of the account. The field "on" is "yes" or "no".
func (s *site) setInviteMails(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	said, known := map[string]notice{"yes": noticeInviteMailsOn, "no": noticeInviteMailsOff}[f["on"]]
	if !known {
		return refuse(http.StatusBadRequest, "bad_request")
	}
	if err := s.Store.MailStops.SetOfAccount(c.Request.Context(), session.AccountID, f["on"] == "no", caller(c)); err != nil {
		return err
	}
	return s.leave(c, accountPath, said)
}

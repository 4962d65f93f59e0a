package handlers

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// errorPage is the data of templates/pages/error.html.
type errorPage struct {
	Base
	Status        int
	Code          string // the stable code of the error, such as "token_expired"
	Heading, Text string // in the reader's language
	RequestID     string
	Action        string // the page that the button leads to, such as "/forgot"; "" for the landing page
	ActionText    string
}

// writeErrorPage answers with a page that says what happened and offers a page to go to.
func (s *site) writeErrorPage(c *gin.Context, f failure) {
	page := errorPage{Base: s.base(c, "error"), Status: f.status, Code: f.code, RequestID: visitOf(c).id}
	page.Heading = headingOf(page.Base, f)
	page.Text = s.errorText(page.Locale, f.code, f.params, f.retryAfter)
	switch c.FullPath() {
	case "/confirm":
		page.Text = confirmText(page.Base, f, page.Text)
	case "/invite", "/invite/signup", "/invite/accept", "/i":
		page.Text = inviteText(page.Base, f, page.Text)
	case "/servers/:id/join":
		page.Heading, page.Text = joinText(page.Base, f, page.Heading, page.Text)
	}
	page.Action, page.ActionText = wayOn(page.Base, c.FullPath(), f)
	if err := s.render(c, f.status, "error", page); err != nil {
		s.Log.ErrorContext(c.Request.Context(), "error page", slog.Any("err", err))
		c.Data(f.status, "text/plain; charset=utf-8", []byte(http.StatusText(f.status)))
	}
}

// confirmText returns the text of an error at the link that confirms a sign-up. It returns
// the parameter text if no other text fits better.
func confirmText(b Base, f failure, text string) string {
	switch f.status {
	case http.StatusGone: // most often because the link was opened again after it had confirmed the address
		return b.T("action.confirm_spent")
	case http.StatusConflict:
		return b.T("action.confirm_taken")
	default:
		return text
	}
}

// joinText returns the heading and the text of an error of /servers/ID/join, the address
// that the owner of a server gives to people. joinText returns the same texts for a server
// that does not exist and for a server whose owner has not allowed this page, so that
// nobody learns which servers exist.
func joinText(b Base, f failure, heading, text string) (string, string) {
	if f.status == http.StatusNotFound {
		return b.T("action.join_closed_title"), b.T("action.join_closed")
	}
	return heading, text
}

// headingOf returns the heading of an error page: the title of the error's
// code, or else the title of the code that stands for its status.
func headingOf(b Base, f failure) string {
	key := "error." + f.code + ".title"
	if heading := b.T(key); heading != key {
		return heading
	}
	return b.T("error." + plainCode(f.status) + ".title")
}

func plainCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "session_ended"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return "invalid"
	case http.StatusGone:
		return "token_expired"
	case http.StatusTooManyRequests:
		return "throttled"
	case http.StatusServiceUnavailable:
		return "unavailable"
	case http.StatusInternalServerError:
		return "internal"
	default:
		return "bad_request"
	}
}

// wayOn returns the page to which a person can go after an error at the route, and the text
// of the button. Both are "" if no page helps.
func wayOn(b Base, route string, f failure) (action, text string) {
	switch {
	case f.status == http.StatusUnauthorized:
		return "/signin", b.T("action.signin")
	case f.status == http.StatusGone, f.status == http.StatusConflict:
		return wayFromLink(b, route)
	case f.code == models.ErrPINNotSet.Code:
		return "/account/pin", b.T("page.account.set_pin")
	case f.code == models.ErrSwitched.Code, f.code == models.ErrSwitchNeedsPIN.Code:
		return householdPath, b.T("page.household.title")
	case f.code == models.ErrServerDisabled.Code:
		return "/servers", b.T("layout.back_servers")
	default:
		return "", ""
	}
}

// wayFromLink returns the page to go to after a mailed link did not work: the page that
// sends another mail, or the page to which the link would have led.
func wayFromLink(b Base, route string) (action, text string) {
	switch route {
	case "/reset":
		return "/forgot", b.T("action.reset")
	case "/account/pin/reset":
		return "/account/pin/forgot", b.T("action.pin_reset")
	case "/account/email/confirm", "/account/email/undo":
		return "/account/email", b.T("action.email_change")
	case "/account/sessions/not-me":
		return "/account/sessions", b.T("action.sessions")
	case "/invite/accept", "/invites/accept":
		return "/servers", b.T("layout.back_servers")
	case "/invite", "/invite/signup":
		return "/invitations", b.T("action.links")
	default:
		return "/signin", b.T("action.signin")
	}
}

// inviteText returns the text of an error at the link of an invite. It returns the
// parameter text if no other text fits better.
func inviteText(b Base, f failure, text string) string {
	if f.code == models.ErrTokenSpent.Code {
		return b.T("action.invite_spent")
	}
	return text
}

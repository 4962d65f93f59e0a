package handlers

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// errorPage is templates/pages/error.html.
type errorPage struct {
	Base
	Status        int
	Code          string // stable code of the error, "token_expired"
	Heading, Text string // in the reader's language
	RequestID     string
	Action        string // where to go on, "/forgot"; "" for the landing page
	ActionText    string
}

// writeErrorPage shows f as a page that says what happened and leads on.
func (s *site) writeErrorPage(c *gin.Context, f failure) {
	page := errorPage{Base: s.base(c, "error"), Status: f.status, Code: f.code, RequestID: visitOf(c).id}
	page.Heading = headingOf(page.Base, f)
	page.Text = s.errorText(page.Locale, f.code, f.params, f.retryAfter)
	switch c.FullPath() {
	case "/confirm":
		page.Text = confirmText(page.Base, f, page.Text)
	case "/invite", "/invite/signup":
		page.Text = inviteText(page.Base, f, page.Text)
	}
	page.Action, page.ActionText = wayOn(page.Base, c.FullPath(), f)
	if err := s.render(c, f.status, "error", page); err != nil {
		s.Log.ErrorContext(c.Request.Context(), "error page", slog.Any("err", err))
		c.Data(f.status, "text/plain; charset=utf-8", []byte(http.StatusText(f.status)))
	}
}

// confirmText says what became of a sign-up whose link did not confirm it, else
// is text.
func confirmText(b Base, f failure, text string) string {
	switch f.status {
	case http.StatusGone: // most often somebody opens it again after it has confirmed
		return b.T("action.confirm_spent")
	case http.StatusConflict:
		return b.T("action.confirm_taken")
	default:
		return text
	}
}

// headingOf says what happened in a few words: those of the code, or else those
// of the code that stands for its status.
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

// wayOn is where to go from an error at route.
func wayOn(b Base, route string, f failure) (action, text string) {
	switch {
	case f.status == http.StatusUnauthorized:
		return "/signin", b.T("action.signin")
	case f.status == http.StatusGone, f.status == http.StatusConflict:
		return wayFromLink(b, route)
	case f.code == models.ErrPINNotSet.Code:
		return "/account/pin", b.T("page.account.set_pin")
	case f.code == models.ErrServerDisabled.Code:
		return "/servers", b.T("layout.back_servers")
	default:
		return "", ""
	}
}

// wayFromLink leads from a mailed link that is of no use to where another can
// be had, or to where it would have led.
func wayFromLink(b Base, route string) (action, text string) {
	switch route {
	case "/reset":
		return "/forgot", b.T("action.forgot")
	case "/account/pin/reset":
		return "/account/pin/forgot", b.T("action.pin_forgot")
	case "/account/email/confirm", "/account/email/undo":
		return "/account/email", b.T("action.email")
	case "/account/sessions/not-me":
		return "/account/sessions", b.T("action.sessions")
	case "/invite", "/invite/signup":
		return "/invitations", b.T("action.invitations")
	default:
		return "/signin", b.T("action.signin")
	}
}

// inviteText says what became of an invite whose link is of no use, else is
// text.
func inviteText(b Base, f failure, text string) string {
	if f.status == http.StatusGone {
		return b.T("action.invite_spent")
	}
	return text
}

package handlers

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// signInPage is the data of templates/pages/signin.html.
type signInPage struct {
	Base
	NameOrEmail, Password Field
	ReturnTo              string    // the hidden field "return_to"
	RestoredAt            time.Time // when the service was restored from a backup and ended all sessions; zero if that is long ago
}

// restoredShown is the time for which the page says that a backup was restored.
const restoredShown = 7 * 24 * time.Hour

// signInForm answers GET /signin.
func (s *site) signInForm(c *gin.Context) error {
	if _, err := visitOf(c).session(); err == nil {
		return seeOther(c, returnTo(queryValue(c, "return_to")))
	}
	return s.showSignIn(c, form{"return_to": queryValue(c, "return_to")}, nil)
}

// signIn answers POST /signin. The session is always a new one: a session token that the
// browser sends is never used again, and its session ends.
func (s *site) signIn(c *gin.Context, f form) error {
	if err := missing(f, "name_or_email", "password"); err != nil {
		return s.showSignIn(c, f, err)
	}
	in, err := s.Store.Sessions.SignIn(c.Request.Context(), models.SignIn{
		NameOrEmail: f["name_or_email"],
		Password:    f["password"],
		DeviceMarks: s.deviceMarks(c),
		OldToken:    s.cookie(c, cookieSession),
		TimeZone:    f["time_zone"],
	}, caller(c))
	if errors.Is(err, models.ErrConfirmFirst) && in.PendingSecret != "" {
		s.setCookie(c, cookiePending, in.PendingSecret, s.Lives.Confirm)
		return s.leave(c, "/signup/sent", noticeConfirmFirst)
	}
	if err != nil {
		return s.showSignIn(c, f, err)
	}
	s.renewSession(c, in.Session, in.Token)
	s.keepDeviceMark(c, in.DeviceMark)
	return seeOther(c, s.afterSignIn(c, in.Session, f["return_to"]))
}

func (s *site) showSignIn(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := signInPage{Base: s.base(c, "signin")}
	page.Base = page.telling(wrong)
	if at := s.Store.Restores.Last(); s.Store.Now().Sub(at) < restoredShown {
		page.RestoredAt = at
	}
	if wish := f["return_to"]; wish != "" {
		page.ReturnTo = returnTo(wish)
	}
	in := newInputs(page.Base, f, wrong)
	page.NameOrEmail = in.nameOrEmail()
	page.Password = in.password()
	if cause == nil && page.ReturnTo == "" && page.RestoredAt.IsZero() {
		return s.renderShared(c, page.Base, func() spoken { return page })
	}
	return s.render(c, wrong.status, "signin", page)
}

// signOut answers POST /signout.
func (s *site) signOut(c *gin.Context, _ form) error {
	token := s.cookie(c, cookieSession)
	if token == "" {
		return seeOther(c, "/")
	}
	err := s.Store.Sessions.SignOut(c.Request.Context(), token, caller(c))
	if err != nil && !errors.Is(err, models.ErrNoSession) {
		return err
	}
	s.forgetSession(c)
	return s.leave(c, "/", noticeSignedOut)
}

// signOutEverywhere answers POST /signout/everywhere.
func (s *site) signOutEverywhere(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := s.Store.Sessions.EndAll(c.Request.Context(), session.AccountID, caller(c)); err != nil {
		return err
	}
	s.forgetSession(c)
	return s.leave(c, "/signin", noticeSignedOutAll)
}

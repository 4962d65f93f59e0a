package handlers

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// sessionsPage is the data of templates/pages/sessions.html.
type sessionsPage struct {
	Base
	Turns
	Sessions []sessionView     // the most recently used first
	Others   bool              // there is more than one session, on all pages together
	Before   string            // the cursor of this page; "" on the first one
	Devices  []quickDeviceView // that came in by Quick Connect, the newest first; on the first page only
	Events   []eventView       // the latest security events, the newest first; on the first page only
}

// sessionView is one signed-in browser or device.
type sessionView struct {
	ID         string // the hidden field "id" of POST /account/sessions/end
	Icon       string // an icon of partials/icon.html: "computer", "phone", "tablet", "tv" or "device"
	Name       string // such as "Firefox on Windows"
	Address    string
	CreatedAt  time.Time
	LastSeenAt time.Time
	Current    bool // this browser
	Switched   bool // the person was chosen on a shared device
	Unknown    bool // an app that did not say which device it is on, so that signing it out ends no local token
}

// sessionNotMePage is the data of templates/pages/session_not_me.html. POST
// /account/sessions/not-me ends the session that the mail was about.
type sessionNotMePage struct {
	Base
	Device, Address string
	At              time.Time
}

// shownEvents is the number of security events on the page of the sessions. The page of
// the history shows all events.
const shownEvents = 5

const (
	sessionsOnPage = 20 // browsers and devices on one page
	sessionsPath   = "/account/sessions"
)

// sessions answers GET /account/sessions. If a page of the list has become empty, it
// redirects to the first page.
func (s *site) sessions(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	asked, err := s.pageTurned(c, sessionsOnPage, sessionsList(session)...)
	if err != nil {
		return err
	}
	list, err := s.Store.Sessions.Page(c.Request.Context(), session.AccountID, sessionPlaceOf(asked.after), asked.limit)
	if err != nil {
		return err
	}
	first := asked.after == ""
	if len(list.Sessions) == 0 && !first {
		return seeOther(c, sessionsPath)
	}
	page := sessionsPage{Base: s.base(c, "sessions")}
	if first {
		if page.Devices, err = s.quickDevices(c, page.Base, session.AccountID); err != nil {
			return err
		}
		if page.Events, err = s.latestEvents(c, page.Base, session.AccountID); err != nil {
			return err
		}
	} else {
		page.Before = s.writeCursor(asked.list, asked.after)
	}
	page.Turns = turnsOf(sessionsPath, asked, s.nextSessions(asked, list))
	page.Others = len(list.Sessions) > 1 || page.First != "" || page.Next != ""
	for _, one := range list.Sessions {
		page.Sessions = append(page.Sessions, viewSession(page.Base, one, session.ID))
	}
	return s.render(c, http.StatusOK, "sessions", page)
}

// sessionsList names the list of the sessions of an account on the page.
func sessionsList(session models.Session) []string {
	return []string{"sessions page", idText(session.AccountID)}
}

// viewSession shows a session; currentID is the session of the reader.
func viewSession(base Base, one models.Session, currentID int64) sessionView {
	return sessionView{
		ID:         idText(one.ID),
		Icon:       cmp.Or(one.Icon, "device"),
		Name:       base.device(one.Device),
		Address:    cmp.Or(one.Address, base.T("address.unknown")),
		CreatedAt:  one.CreatedAt,
		LastSeenAt: one.LastSeenAt,
		Current:    one.ID == currentID,
		Switched:   one.Switched,
		Unknown:    one.DeviceUnknown(),
	}
}

// latestEvents returns the latest security events of an account.
func (s *site) latestEvents(c *gin.Context, base Base, accountID int64) ([]eventView, error) {
	events, err := s.Store.History.List(c.Request.Context(), accountID, shownEvents)
	if err != nil {
		return nil, err
	}
	return each(events, func(event models.Event) eventView { return viewEvent(base, event) }), nil
}

// endSession answers POST /account/sessions/end, and leads back to the page of the list
// that showed the session.
func (s *site) endSession(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(f["id"], 10, 64)
	if err != nil {
		return models.ErrNotFound
	}
	here := f[turnBefore]
	if _, err := s.turned(here, sessionsOnPage, sessionsList(session)...); err != nil {
		return err
	}
	if err := s.Store.Sessions.End(c.Request.Context(), session.AccountID, id, caller(c)); err != nil {
		return err
	}
	if id == session.ID {
		s.forgetSession(c)
		return s.leave(c, "/", noticeSignedOut)
	}
	return s.leave(c, turnTo(sessionsPath, here), noticeSessionEnded)
}

// endOtherSessions answers POST /account/sessions/end-others.
func (s *site) endOtherSessions(c *gin.Context, _ form) error {
	session, err := s.signedInRecently(c)
	if err != nil {
		return err
	}
	if err := s.Store.Sessions.EndOthers(c.Request.Context(), session, caller(c)); err != nil {
		return err
	}
	return s.leave(c, sessionsPath, noticeOtherSessionsOver)
}

// notMeForm answers GET /account/sessions/not-me, to which the mail about a new device
// leads.
func (s *site) notMeForm(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkNotMe)
	if err != nil {
		return err
	}
	seen, err := s.Store.Sessions.LookNotMe(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkNotMe, err)
	}
	page := sessionNotMePage{Base: s.base(c, "session_not_me"), At: seen.At}
	page.Device = page.device(seen.Device)
	page.Address = cmp.Or(seen.Address, page.T("address.unknown"))
	return s.render(c, http.StatusOK, "session_not_me", page)
}

// notMe answers POST /account/sessions/not-me. The stranger knew the password, so the next
// page is the page that changes the password.
func (s *site) notMe(c *gin.Context, _ form) error {
	token, err := s.linkToken(c, linkNotMe)
	if err != nil {
		return err
	}
	if err := s.Store.Sessions.NotMe(c.Request.Context(), token, caller(c)); err != nil {
		return s.spent(c, linkNotMe, err)
	}
	s.clearCookie(c, linkNotMe)
	return s.leave(c, "/account/password", noticeNotMe)
}

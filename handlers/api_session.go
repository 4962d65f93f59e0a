package handlers

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// sessionObject is a signed-in browser or device of the account.
type sessionObject struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current"` // the session of this request
	Kind       string    `json:"kind"`    // browser or device
	Device     string    `json:"device"`  // "" when unknown
	Client     string    `json:"client"`  // the app; "" for a browser
	Unknown    bool      `json:"device_unknown"`
	Switched   bool      `json:"switched"` // chosen on a shared device
	Address    string    `json:"address"`  // where it signed in from; "" when unknown
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// sessionPageObject is one page of the sessions of an account.
type sessionPageObject struct {
	Sessions []sessionObject `json:"sessions"`
	Next     *string         `json:"next"` // the cursor of the next page; null on the last one
}

// sessionPlaceText returns the text for a cursor that means a place in the list of
// sessions, or "" for the beginning of the list.
func sessionPlaceText(p models.SessionPlace) string {
	if p == (models.SessionPlace{}) {
		return ""
	}
	return fmt.Sprintf("%d %d %d", p.Begun.UnixMilli(), p.LastUse.UnixMilli(), p.After)
}

// sessionPlaceOf reads what [sessionPlaceText] wrote. Cursors are signed, so the text of a
// cursor always has this form. A text of another form gives the beginning of the list.
func sessionPlaceOf(text string) models.SessionPlace {
	var begun, lastUse, after int64
	if _, err := fmt.Sscanf(text, "%d %d %d", &begun, &lastUse, &after); err != nil {
		return models.SessionPlace{}
	}
	return models.SessionPlace{Begun: time.UnixMilli(begun).UTC(), LastUse: time.UnixMilli(lastUse).UTC(), After: after}
}

// nextSessions returns the cursor of the page after the page list, or "" if list is the
// last page.
func (s *site) nextSessions(asked pageAsked, list models.SessionPage) string {
	place := sessionPlaceText(list.Next)
	if place == "" {
		return ""
	}
	return s.writeCursor(asked.list, place)
}

// sessionObjectOf shows a session; currentID is the session of the request.
func sessionObjectOf(one models.Session, currentID int64) sessionObject {
	return sessionObject{
		ID: idText(one.ID), Current: one.ID == currentID, Kind: one.Kind, Device: one.Device, Client: one.Client, Unknown: one.DeviceUnknown(), Switched: one.Switched, Address: one.Address,
		CreatedAt: one.CreatedAt.UTC(), LastSeenAt: one.LastSeenAt.UTC(), ExpiresAt: one.ExpiresAt.UTC(),
	}
}

// apiSessions answers GET /api/v1/sessions, the session that was used last
// first.
func (s *site) apiSessions(c *gin.Context, session models.Session) error {
	asked, err := s.pageAsked(c, "sessions", idText(session.AccountID))
	if err != nil {
		return err
	}
	list, err := s.Store.Sessions.Page(c.Request.Context(), session.AccountID, sessionPlaceOf(asked.after), asked.limit)
	if err != nil {
		return err
	}
	page := sessionPageObject{Sessions: each(list.Sessions, func(one models.Session) sessionObject { return sessionObjectOf(one, session.ID) })}
	if next := s.nextSessions(asked, list); next != "" {
		page.Next = &next
	}
	return answerJSON(c, http.StatusOK, page)
}

// apiEndSession answers DELETE /api/v1/sessions/{id}.
func (s *site) apiEndSession(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Sessions.End(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiEndOtherSessions answers POST /api/v1/sessions/end-others.
func (s *site) apiEndOtherSessions(c *gin.Context, session models.Session) error {
	if err := s.proved(session); err != nil {
		return err
	}
	return done(c, s.Store.Sessions.EndOthers(c.Request.Context(), session, caller(c)))
}

// apiEndAllSessions answers POST /api/v1/sessions/end-all, which signs the
// person out everywhere.
func (s *site) apiEndAllSessions(c *gin.Context, session models.Session) error {
	return done(c, s.Store.Sessions.EndAll(c.Request.Context(), session.AccountID, caller(c)))
}

// apiNotMe answers POST /api/v1/sessions/not-me.
func (s *site) apiNotMe(c *gin.Context) error {
	token, err := readToken(c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Sessions.NotMe(c.Request.Context(), token, caller(c)))
}

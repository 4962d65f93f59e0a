package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// televisionPage is the data of templates/pages/television.html, on which an owner signs a television in for a person:
// first the digits, then the question who it is for.
type televisionPage struct {
	Base
	ID, LinkID string
	Server     string
	Person     string // by name
	Username   string // "" if the name is the same
	LocalUser  string // "" when only the agent knows
	Refused    string // why it does not work; "" if it works
	Code       Field
	Digits     string // as they are shown in the second step; "" in the first
}

// televisionWaitPage is the data of templates/pages/television_wait.html: the outcome of the digits.
type televisionWaitPage struct {
	Base
	ID, LinkID, TryID string
	Server, Person    string
	State             string // asked, done or failed
	Reason            string // why it failed, see quickConnectWaitPage
}

// televisionPath returns the page on which an owner signs a television in for the person of a link.
func televisionPath(serverID, linkID string) string {
	return "/servers/" + serverID + "/televisions/" + linkID
}

// televisionOf reads the session of an owner and the person of the link in the path.
func (s *site) televisionOf(c *gin.Context, check func(*gin.Context) (models.Session, error)) (models.Session, models.TelevisionPlace, error) {
	session, err := check(c)
	if err != nil {
		return session, models.TelevisionPlace{}, err
	}
	serverID, linkID, err := televisionIDs(c, "link_id")
	if err != nil {
		return session, models.TelevisionPlace{}, err
	}
	place, err := s.Store.Televisions.Place(c.Request.Context(), session.AccountID, serverID, linkID)
	return session, place, err
}

// television answers GET /servers/ID/televisions/LINK.
func (s *site) television(c *gin.Context) error {
	_, place, err := s.televisionOf(c, s.signedInRecently)
	if err != nil {
		return err
	}
	return s.showTelevision(c, place, nil, nil)
}

func (s *site) showTelevision(c *gin.Context, place models.TelevisionPlace, f form, cause error) error {
	if refused, ok := errors.AsType[*models.Error](cause); ok && errors.Is(cause, models.ErrTelevisionRefused) {
		place.Refused, cause = refused.Params["Reason"], nil // the page says why in the place of the form
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := televisionPage{
		Base: s.base(c, "television").telling(wrong), ID: idText(place.ServerID), LinkID: idText(place.LinkID), Server: place.ServerName,
		Person: place.DisplayName, LocalUser: place.LocalUser, Refused: place.Refused,
	}
	if place.Username != place.DisplayName {
		page.Username = place.Username
	}
	if cause == nil && f["code"] != "" {
		page.Digits = showDigits(f["code"])
	}
	in := newInputs(page.Base, f, wrong)
	page.Code = in.add(Field{Name: "code", Type: "text", Autocomplete: "off", InputMode: "numeric"}, "television_code")
	return s.render(c, wrong.status, "television", page)
}

// signTelevisionIn answers POST /servers/ID/televisions/LINK: with the digits alone it asks who they are for, and with
// "for", the id of the link, it signs the television in.
func (s *site) signTelevisionIn(c *gin.Context, f form) error {
	session, place, err := s.televisionOf(c, s.signedInRecently)
	if err != nil {
		return err
	}
	if !models.IsQuickCode(f["code"]) {
		return s.showTelevision(c, place, f, oneMistake("code", "quick_code_invalid"))
	}
	if f["for"] != idText(place.LinkID) {
		return s.showTelevision(c, place, f, nil)
	}
	asked, err := s.Store.Televisions.SignIn(c.Request.Context(), session, place.ServerID, place.LinkID, f["code"], caller(c))
	if err != nil {
		return s.showTelevision(c, place, f, err)
	}
	return seeOther(c, televisionPath(idText(place.ServerID), idText(place.LinkID))+"/"+idText(asked.ID))
}

// televisionTryOf reads the try in the path, and the person whom it is for.
func (s *site) televisionTryOf(c *gin.Context) (models.QuickConnect, models.TelevisionPlace, error) {
	session, place, err := s.televisionOf(c, s.signedIn)
	if err != nil {
		return models.QuickConnect{}, place, err
	}
	id, err := idOf(c.Param("try"))
	if err != nil {
		return models.QuickConnect{}, place, err
	}
	found, err := s.Store.Televisions.Get(c.Request.Context(), session.AccountID, place.ServerID, id)
	if err == nil && found.LinkID != place.LinkID {
		err = models.ErrNotFound
	}
	return found, place, err
}

// televisionWait answers GET /servers/ID/televisions/LINK/TRY.
func (s *site) televisionWait(c *gin.Context) error {
	found, place, err := s.televisionTryOf(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "television_wait", televisionWaitPage{
		Base: s.base(c, "television_wait"), ID: idText(place.ServerID), LinkID: idText(place.LinkID), TryID: idText(found.ID), Server: place.ServerName,
		Person: place.DisplayName, State: found.State, Reason: found.Reason,
	})
}

// televisionState answers GET /servers/ID/televisions/LINK/TRY/state. The page that waits asks for it.
func (s *site) televisionState(c *gin.Context) error {
	found, _, err := s.televisionTryOf(c)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		State string `json:"state"`
	}{found.State})
}

package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// localPasswordPage is the data of templates/pages/local_password.html: a person gives their local
// user on a server a password, for an app that wants one. static/js/local_password.js makes the
// password and seals it to the key of the agent.
type localPasswordPage struct {
	Base
	ID, Server, LocalUser string // LocalUser is "" while only the agent knows
	Media                 string // which media server it is; "" if nobody said
	Guest                 bool
	Refused               string // why not: linked, no_key, administrator, not_allowed, disabled or gone; "" for nothing
	Key, LinkID           string // what the browser seals with
	Try, State, Reason    string // what became of the last one; Try is "" if none was chosen
	MinLength             int
}

// localPasswordLeast is the length below which the agent takes no password.
const localPasswordLeast = 8

// localPassword answers GET /servers/ID/password. The password of the account must have been given
// recently: a person who finds an unattended browser must not get a way in that stays.
func (s *site) localPassword(c *gin.Context) error {
	session, err := s.signedInRecently(c)
	if err != nil {
		return err
	}
	return s.showLocalPassword(c, session, nil)
}

// giveLocalPassword answers POST /servers/ID/password with the password that the browser has
// sealed.
func (s *site) giveLocalPassword(c *gin.Context, f form) error {
	session, err := s.signedInRecently(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	asked, err := s.Store.LocalPasswords.Ask(c.Request.Context(), session, id, f["sealed"], caller(c))
	if err != nil {
		return s.showLocalPassword(c, session, err)
	}
	return seeOther(c, localPasswordPath(id)+"?try="+idText(asked.ID))
}

// localPasswordPath returns the address of the page for the password of a local user.
func localPasswordPath(serverID int64) string { return "/servers/" + idText(serverID) + "/password" }

func (s *site) showLocalPassword(c *gin.Context, session models.Session, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	place, err := s.Store.LocalPasswords.Place(c.Request.Context(), session.AccountID, id)
	if errors.Is(err, models.ErrNotFound) {
		return s.notToOpen(c, session, id)
	}
	if err != nil {
		return err
	}
	if wrong.problem == "" { // the field is hidden
		wrong.problem = wrong.fields["sealed"]
	}
	page := localPasswordPage{
		Base: s.base(c, "local_password").telling(wrong), ID: idText(id), Server: place.ServerName, LocalUser: place.LocalUser, Media: place.Media, Guest: place.Guest,
		Refused: place.Refused, Key: place.Key, LinkID: idText(place.LinkID), MinLength: localPasswordLeast,
	}
	tried, err := s.localPasswordTry(c, session, id)
	if err != nil {
		return err
	}
	if tried.ID != 0 {
		page.Try, page.State, page.Reason = idText(tried.ID), tried.State, tried.Reason
	}
	return s.render(c, wrong.status, "local_password", page)
}

// localPasswordTry returns the try that the address of the page names, or the zero value.
func (s *site) localPasswordTry(c *gin.Context, session models.Session, serverID int64) (models.LocalPassword, error) {
	id, err := idOf(queryValue(c, "try"))
	if err != nil {
		return models.LocalPassword{}, nil //nolint:nilerr // none was chosen
	}
	tried, err := s.Store.LocalPasswords.Get(c.Request.Context(), session.AccountID, id)
	if errors.Is(err, models.ErrNotFound) || err == nil && tried.ServerID != serverID {
		return models.LocalPassword{}, nil
	}
	return tried, err
}

// localPasswordState answers GET /servers/ID/password/state. The page that waits asks for it, and
// loads itself again when the state has changed.
func (s *site) localPasswordState(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	tried, err := s.localPasswordTry(c, session, id)
	if err == nil && tried.ID == 0 {
		err = models.ErrNotFound
	}
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		State string `json:"state"`
	}{tried.State})
}

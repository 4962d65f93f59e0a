package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// quickConnectPage is the data of templates/pages/quick_connect.html: POST
// /link/quick-connect. A person who has typed the six digits of Quick Connect
// chooses the server and says that they see the digits now.
type quickConnectPage struct {
	Base
	Code         string                   // the hidden field "code", which the page also shows
	Servers      []quickConnectServerView // radio buttons "server_id"; without servers, the page says what to do
	ServersError string
}

// quickConnectServerView is a server on which a device can be signed in by
// Quick Connect.
type quickConnectServerView struct {
	ID, Name  string
	LocalUser string // the local user that the device will be signed in as; "" when only the agent knows
	Chosen    bool
	Focus     bool
}

// quickConnectWaitPage is the data of templates/pages/quick_connect_wait.html,
// which shows the outcome of the code.
type quickConnectWaitPage struct {
	Base
	ID, Server string
	State      string // asked, done or failed
	Reason     string // why it failed: code_wrong, not_allowed, no_local_user, too_many, unavailable, expired or replaced
}

// digitsAgain is the page on which a person types the six digits again after
// signing in or giving the password. An address never carries them.
const digitsAgain = "/link?digits=again"

// lookQuickConnect answers GET /link/code with the page that follows the six digits of Quick Connect.
// It asks for the server, and whether the digits are on a screen in front of
// the person now. Only the media server knows the device, so there is nothing
// to look up.
func (s *site) lookQuickConnect(c *gin.Context, f form) error {
	if _, err := s.codeTyper(c, f["user_code"], s.signedInRecently); err != nil {
		return err
	}
	return s.showQuickConnect(c, form{"code": f["user_code"]}, nil)
}

// quickConnect answers POST /link/quick-connect. As with the code of a TV, the password
// must have been given recently.
func (s *site) quickConnect(c *gin.Context, f form) error {
	session, err := s.codeTyper(c, f["code"], s.signedInRecently)
	if err != nil {
		return err
	}
	if !models.IsQuickCode(f["code"]) {
		return s.showDevice(c, form{"user_code": f["code"]}, oneMistake("user_code", "quick_code_invalid"))
	}
	serverID, err := idOf(f["server_id"])
	if err != nil {
		return s.showQuickConnect(c, f, oneMistake("server_id", "quick_server_missing"))
	}
	asked, err := s.Store.QuickConnects.Ask(c.Request.Context(), session, serverID, f["code"], caller(c))
	if err != nil {
		return s.showQuickConnect(c, f, err)
	}
	s.clearCookie(c, cookieCode)
	return seeOther(c, "/link/quick-connect/"+idText(asked.ID))
}

func (s *site) showQuickConnect(c *gin.Context, f form, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	servers, err := s.Store.QuickConnects.Servers(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := quickConnectPage{Base: s.base(c, "quick_connect"), Code: showDigits(f["code"]), ServersError: wrong.fields["server_id"]}
	page.Base = page.telling(wrong)
	for i, server := range servers {
		id := idText(server.ID)
		page.Servers = append(page.Servers, quickConnectServerView{
			ID: id, Name: server.Name, LocalUser: server.LocalUser,
			Chosen: len(servers) == 1 || f["server_id"] == id, Focus: i == 0 && page.ServersError != "",
		})
	}
	return s.render(c, wrong.status, "quick_connect", page)
}

// showDigits writes the six digits so that they are easy to read: 123 456.
func showDigits(typed string) string {
	digits, _ := models.ParseQuickCode(typed)
	if half := len(digits) / 2; half > 0 {
		return digits[:half] + " " + digits[half:]
	}
	return digits
}

// quickConnectOf returns the Quick Connect request in the path, if it belongs
// to the person.
func (s *site) quickConnectOf(c *gin.Context) (models.QuickConnect, error) {
	session, err := s.signedIn(c)
	if err != nil {
		return models.QuickConnect{}, err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return models.QuickConnect{}, err
	}
	return s.Store.QuickConnects.Get(c.Request.Context(), session.AccountID, id)
}

// quickConnectWait answers GET /link/quick-connect/ID with the state of the sign-in at the agent.
func (s *site) quickConnectWait(c *gin.Context) error {
	found, err := s.quickConnectOf(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "quick_connect_wait", quickConnectWaitPage{
		Base: s.base(c, "quick_connect_wait"), ID: idText(found.ID), Server: found.ServerName, State: found.State, Reason: found.Reason,
	})
}

// quickConnectState answers GET /link/quick-connect/ID/state. The page that
// waits asks for it, and loads itself again when the state has changed.
func (s *site) quickConnectState(c *gin.Context) error {
	found, err := s.quickConnectOf(c)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, struct {
		State string `json:"state"`
	}{found.State})
}

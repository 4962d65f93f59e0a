package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverOpenAllowPage is the data of templates/pages/server_open_allow.html. It asks a
// person who was sent here by the server's page, but has not pressed Open before.
type serverOpenAllowPage struct {
	Base
	ID, Name         string
	Address          string // the address to which the button leads
	State, Challenge string // hidden fields
}

// openAsked are the parameters that the agent of a server sends with a browser, in the
// words of OAuth 2.0 (RFC 6749) and PKCE (RFC 7636).
type openAsked struct{ state, challenge string }

// The length of a state. The agent makes it of random bytes.
const (
	openStateMin = 16
	openStateMax = 128
)

// readOpenAsked returns the parameters of a request. It reports false unless each has the
// form that it can have.
func readOpenAsked(get func(string) string) (openAsked, bool) {
	asked := openAsked{state: get("state"), challenge: get("code_challenge")}
	ok := len(asked.state) >= openStateMin && len(asked.state) <= openStateMax && isBase64URL(asked.state) &&
		get("code_challenge_method") == "S256" && len(asked.challenge) <= openStateMax && isBase64URL(asked.challenge)
	return asked, ok
}

// isBase64URL reports whether all characters of text are allowed in base64url.
func isBase64URL(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// path returns the address of the page that asks for a server.
func (a openAsked) path(serverID int64) string {
	return "/servers/" + idText(serverID) + "/authorize?" + url.Values{
		"state": {a.state}, "code_challenge": {a.challenge}, "code_challenge_method": {"S256"},
	}.Encode()
}

// openVisitor returns the session, the server and the parameters of a request. Somebody
// who is not signed in comes back here with the same parameters.
func (s *site) openVisitor(c *gin.Context, get func(string) string) (session models.Session, serverID int64, asked openAsked, err error) {
	asked, whole := readOpenAsked(get)
	serverID, unknown := idOf(c.Param("id"))
	session, err = s.signedIn(c)
	switch _, detoured := errors.AsType[*detour](err); {
	case detoured && whole && unknown == nil:
		err = &detour{to: withReturn("/signin", asked.path(serverID))}
	case err != nil:
	case unknown != nil:
		err = unknown
	case !whole:
		err = refuse(http.StatusBadRequest, "bad_request")
	}
	return session, serverID, asked, err
}

// authorizeOpen answers GET /servers/ID/authorize, to which the agent of a server sends
// the browser. If the person has just pressed Open, the browser goes back with a code.
// Otherwise the page asks first, because any site can send a browser here.
func (s *site) authorizeOpen(c *gin.Context) error {
	session, id, asked, err := s.openVisitor(c, func(name string) string { return queryValue(c, name) })
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		code, err := s.Store.Opens.Authorize(c.Request.Context(), session, id, asked.challenge, s.secure)
		if err == nil {
			return sendOpenCode(c, id, code, asked)
		}
		if !errors.Is(err, models.ErrOpenNotNoted) {
			return err
		}
	}
	return s.askOpen(c, session, id, asked)
}

// askOpen shows the page that asks.
func (s *site) askOpen(c *gin.Context, session models.Session, id int64, asked openAsked) error {
	to, opens, err := s.opensAt(c, session, id)
	if err != nil {
		return err
	}
	if !opens {
		return s.notToOpen(c, session, id)
	}
	located, err := s.locate(c, session)
	if err != nil {
		return err
	}
	page := serverOpenAllowPage{
		Base: s.base(c, "server_open_allow"), ID: idText(id), Name: located.Server.Name, Address: to.Short(),
		State: asked.state, Challenge: asked.challenge,
	}
	page.Path = asked.path(id)
	allow(c, allowances{forms: []string{to.Origin()}})
	return s.render(c, http.StatusOK, "server_open_allow", page)
}

// allowOpen answers POST /servers/ID/authorize: the person has said yes.
func (s *site) allowOpen(c *gin.Context, f form) error {
	session, id, asked, err := s.openVisitor(c, func(name string) string { return f[name] })
	if err != nil {
		return err
	}
	code, err := s.Store.Opens.Allow(c.Request.Context(), session, id, asked.challenge, s.secure)
	if err != nil {
		return err
	}
	return sendOpenCode(c, id, code, asked)
}

// sendOpenCode leads the browser back to the server. The code stands in the fragment, which
// no browser sends to a server, and the address is the registered one.
func sendOpenCode(c *gin.Context, serverID int64, code models.OpenCode, asked openAsked) error {
	hideReferrer(c)
	return seeOther(c, openPage(code.To, serverID)+"#"+url.Values{"code": {code.Code}, "state": {asked.state}}.Encode())
}

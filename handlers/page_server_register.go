package handlers

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverRegisterPage is the data of templates/pages/server_register.html. POST
// /servers/new makes a claim code; POST /servers/claim takes an Id and an
// AccessKey.
type serverRegisterPage struct {
	Base
	Code                string // "" for none that is still valid
	Until               time.Time
	ServerID, AccessKey Field
}

// serverRegisterForm answers GET /servers/new, which offers two ways to become
// the owner of a server.
func (s *site) serverRegisterForm(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	page := s.serverRegisterPageOf(c)
	if code := s.cookie(c, cookieClaim); code != "" {
		until, err := s.Store.Registrations.ClaimCodeUntil(c.Request.Context(), session.AccountID, code)
		switch {
		case err == nil:
			page.Code, page.Until = code, until
		case errors.Is(err, models.ErrClaimCodeWrong): // it was used, or it is over
			s.clearCookie(c, cookieClaim)
		default:
			return err
		}
	}
	return s.showServerRegister(c, page, nil, nil)
}

// makeClaimCode answers POST /servers/new. Only the browser that made the code shows it: a
// cookie carries the code, because the database has only its hash.
func (s *site) makeClaimCode(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	code, _, err := s.Store.Registrations.NewClaimCode(c.Request.Context(), session.AccountID)
	if err != nil {
		return s.showServerRegister(c, s.serverRegisterPageOf(c), nil, err)
	}
	s.setCookie(c, cookieClaim, code, codeLife)
	return seeOther(c, "/servers/new")
}

// claimServer answers POST /servers/claim. The Id and the AccessKey of a server
// that registered by itself prove that the person runs it.
func (s *site) claimServer(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	if err := missing(f, "server_id", "access_key"); err != nil {
		return s.showServerRegister(c, s.serverRegisterPageOf(c), f, err)
	}
	id, err := typedID(f["server_id"])
	if err == nil {
		err = s.Store.Registrations.Claim(c.Request.Context(), session.AccountID, id, f["access_key"], caller(c))
	}
	if errors.Is(err, models.ErrServerClaimed) && s.ownsServer(c, session, id) { // the form was sent twice
		err = nil
	}
	if errors.Is(err, models.ErrNotFound) {
		err = oneMistake("access_key", "server_pair_wrong")
	}
	if err != nil {
		return s.showServerRegister(c, s.serverRegisterPageOf(c), f, err)
	}
	return s.leave(c, "/servers/"+idText(id), noticeServerClaimed)
}

func (s *site) serverRegisterPageOf(c *gin.Context) serverRegisterPage {
	return serverRegisterPage{Base: s.base(c, "server_register")}
}

func (s *site) showServerRegister(c *gin.Context, page serverRegisterPage, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the first field does not take the focus, because the other way to register stands above it
	page.ServerID = in.serverID()
	page.AccessKey = in.accessKey()
	return s.render(c, wrong.status, "server_register", page)
}

func (in *inputs) serverID() Field {
	return in.add(Field{
		Name: "server_id", Type: "text", Hint: in.hint("server_id"),
		Autocomplete: "off", InputMode: "numeric", Required: true,
	}, "server_id")
}

func (in *inputs) accessKey() Field {
	return in.add(Field{
		Name: "access_key", Type: "password", Hint: in.hint("access_key"),
		Autocomplete: "off", Required: true, Reveal: true,
	}, "access_key")
}

package handlers

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// holdPage is the data of templates/pages/hold.html: what the PIN of the reader, or of the guardian of a member,
// protects at one server.
type holdPage struct {
	Base
	ID, Server string
	Member     string // the id of the member; "" for the reader
	Back       string // the page on which things are unlocked
	NoPIN      bool
	Stopped    bool
	Holds      bool   // something lies behind the PIN now
	Means      string // what is left every day
	Level      levelView
	PIN        Field
}

// holdPath returns the address of the page of a server. member is "" for the reader.
func holdPath(serverID, member string) string {
	path := "/servers/" + serverID + "/hold"
	if member != "" {
		path += "?member=" + url.QueryEscape(member)
	}
	return path
}

// hold answers GET /servers/ID/hold.
func (s *site) hold(c *gin.Context) error { return s.showHold(c, nil, nil) }

func (s *site) showHold(c *gin.Context, f form, cause error) error {
	of, err := s.readBehindPIN(c, f, cause)
	if err != nil {
		return err
	}
	serverID, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	member, wrong := of.member, of.wrong
	found, err := s.Store.Holds.Get(c.Request.Context(), of.session.AccountID, of.accountID, serverID)
	if err != nil {
		return err
	}
	page := holdPage{
		Base: s.base(c, "hold").telling(wrong), ID: idText(serverID), Server: found.ServerName, Member: member, Back: unlockPage{Member: member}.here(),
		NoPIN: !found.HasPIN, Stopped: found.Stopped, Holds: found.Hold != nil,
	}
	page.Means = page.levelMeans(found.Everyday, found.Libraries)
	level := models.Level{}
	if found.Hold != nil {
		level = *found.Hold
	}
	if f != nil {
		level = readLevel(f, "hold")
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false
	page.Level = levelInputs{in: in, id: "hold", level: level, libraries: found.Libraries, choices: found.Choices}.view()
	page.PIN = in.add(Field{Name: "pin", Type: "password", Autocomplete: "off", InputMode: "numeric", Reveal: true}, "unlock_pin")
	return s.render(c, wrong.status, "hold", page)
}

// setHold answers POST /servers/ID/hold with "do", which is "set" or "remove".
func (s *site) setHold(c *gin.Context, f form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	serverID, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	accountID, err := whose(f["member"], session)
	if err != nil {
		return err
	}
	var level *models.Level
	if f["do"] != doRemove {
		level = new(readLevel(f, "hold"))
	}
	if err := s.Store.Holds.Set(c.Request.Context(), session.AccountID, accountID, serverID, level, f["pin"], caller(c)); err != nil {
		return s.showHold(c, f, err)
	}
	return s.leave(c, holdPath(idText(serverID), f["member"]), noticeHoldSaved)
}

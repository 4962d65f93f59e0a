package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverSettingsPage is the data of templates/pages/server_settings.html: what an owner can change at a server
// itself.
type serverSettingsPage struct {
	Base
	Parts                  serverParts
	ID, Name, ReportedName string
	Face                   face
	Agent                  bool            // whether the server runs our agent
	NewKey                 string          // shown once, in the answer to POST /servers/ID/key
	Keys                   []serverKeyView // the newest first
	FormerKey              bool            // a former owner may know one of them
	ReplacedKey            bool            // one of them was replaced
	Rename                 Field           // the field "name"
	StartNote              Field           // the field "start_note"
	LinkedPasswords        bool            // linked people may give their local user a password
	Addresses              []addressView
	NewAddress             Field // the field "address"
	SelfService            bool
	JoinURL                string // the page on which people prove which local user they are
	HandOver               Field  // the field "username"
}

// serverSettings answers GET /servers/ID/settings.
func (s *site) serverSettings(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showServerSettings(c, own, "", nil, nil)
}

// showServerSettings shows the settings with a new key, with the mistakes in a form, or with neither.
func (s *site) showServerSettings(c *gin.Context, own owned, key string, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	server, err := s.Store.Servers.Summary(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	page := serverSettingsPage{
		Base: s.base(c, "server_settings").telling(wrong), ID: idText(server.ID), Name: server.Name, ReportedName: server.ReportedName,
		Face: faceOf(server.Name, server.ID, pictureAddress(server.Picture)), Agent: server.Kind == models.ServerAgent, NewKey: key,
		SelfService: server.SelfService, JoinURL: s.origin + own.to + "/join", LinkedPasswords: server.LinkedPasswords,
	}
	page.Parts = partsOf(page.Base, own, "settings")
	page.Addresses = addressViews(page.Base, server.Addresses)
	if err := s.fillKeys(c, own, &page); err != nil {
		return err
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the page has more to show than these forms
	page.NewAddress = in.address()
	page.HandOver = in.heir()
	in.show("name", server.OwnName)
	page.Rename = in.serverName()
	in.show("start_note", server.StartNote)
	page.StartNote = in.startNote()
	return s.render(c, wrong.status, "server_settings", page)
}

func (in *inputs) serverName() Field {
	return in.add(Field{
		Name: "name", Type: "text", Hint: in.hint("server_name"), Autocomplete: "off",
	}, "server_name")
}

func (in *inputs) startNote() Field {
	return in.add(Field{Name: "start_note", Hint: in.hint("start_note")}, "start_note")
}

func (in *inputs) heir() Field {
	return in.add(Field{
		Name: "username", Type: "text", Hint: in.hint("heir"), Autocomplete: "off", Required: true,
	}, "heir")
}

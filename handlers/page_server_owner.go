package handlers

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverOwnerPage is the data of templates/pages/server_owner.html: a server,
// as its owner sees it.
type serverOwnerPage struct {
	Base
	ID, Name, ReportedName string
	Face                   face
	Agent                  bool // whether the server runs our agent
	Emby                   bool // people sign in there with a name and a password alone
	Version                string
	LastSeenAt             time.Time
	Disabled               bool
	NewKey                 string          // shown once, in the answer to POST /servers/ID/key
	Keys                   []serverKeyView // the newest first
	FormerKey              bool            // a former owner may know one of them
	ReplacedKey            bool            // one of them was replaced
	Rename                 Field           // the field "name"
	StartNote              Field           // the field "start_note"
	LinkedPasswords        bool            // linked people may give their local user a password
	Addresses              []addressView
	NewAddress             Field             // the field "address"
	GoneLibraries          []goneLibraryView // the gone libraries that may have another name now
	People                 []personView
	More                   string // the parameter people of the address that shows more people; "" for no more
	Invites                []sentInviteView
	LocalUsers             []localUserView
	NotAllowed             bool // there is a local user as whom the agent does not let people in yet
	SelfService            bool
	JoinURL                string // the page on which people prove which local user they are
	HandOver               Field  // the field "username"
}

// owned is the server in the path of a request, with the session of the person who should
// own it.
type owned struct {
	session  models.Session
	serverID int64
	to       string // the address of its page
}

// ownServer reads the session and the id of the server from the request. If recently is
// true, the password must have been given recently. The operation that follows decides
// whether the person owns the server: for the server of another owner it returns the same
// error as for a server that does not exist.
func (s *site) ownServer(c *gin.Context, recently bool) (owned, error) {
	check := s.signedIn
	if recently {
		check = s.signedInRecently
	}
	session, err := check(c)
	if err != nil {
		return owned{}, err
	}
	id, err := idOf(c.Param("id"))
	return owned{session: session, serverID: id, to: "/servers/" + idText(id)}, err
}

// serverOwner answers GET /servers/ID.
func (s *site) serverOwner(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showServerOwner(c, own, "", nil, nil)
}

// renameServer answers POST /servers/ID/rename. An empty name brings back the
// name that the server reports.
func (s *site) renameServer(c *gin.Context, f form) error {
	return s.onServer(c, f, noticeServerRenamed, func(ctx context.Context, own owned) error {
		name := f["name"]
		return s.Store.Servers.Change(ctx, own.session.AccountID, own.serverID, models.ServerChange{OwnName: &name})
	})
}

// setStartNote answers POST /servers/ID/start-note: what people read on the page about
// getting in.
func (s *site) setStartNote(c *gin.Context, f form) error {
	return s.onServer(c, f, noticeStartNoteSaved, func(ctx context.Context, own owned) error {
		note := f["start_note"]
		return s.Store.Servers.Change(ctx, own.session.AccountID, own.serverID, models.ServerChange{StartNote: &note})
	})
}

// setLinkedPasswords answers POST /servers/ID/linked-passwords: whether linked people, too, may give
// their local user a password.
func (s *site) setLinkedPasswords(c *gin.Context, f form) error {
	on, said := f["do"] == "on", noticePasswordsOff
	if on {
		said = noticePasswordsOn
	}
	return s.onServer(c, f, said, func(ctx context.Context, own owned) error {
		return s.Store.Servers.Change(ctx, own.session.AccountID, own.serverID, models.ServerChange{LinkedPasswords: &on})
	})
}

// onPart calls the function do for the part of the server whose id the form has. If the
// server itself does not exist, its page shows that error.
func (s *site) onPart(c *gin.Context, f form, n notice, do func(ctx context.Context, own owned, id int64) error) error {
	return s.onServer(c, f, n, func(ctx context.Context, own owned) error {
		id, err := idOf(f["id"])
		if err == nil {
			err = do(ctx, own, id)
		}
		return orGone(err)
	})
}

// onServer calls the function do for the server and goes back to its page, which shows the
// notice n.
func (s *site) onServer(c *gin.Context, f form, n notice, do func(ctx context.Context, own owned) error) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if err := do(c.Request.Context(), own); err != nil {
		return s.showServerOwner(c, own, "", f, err)
	}
	return s.leave(c, own.to, n)
}

// handServerOver answers POST /servers/ID/hand-over.
func (s *site) handServerOver(c *gin.Context, f form) error {
	own, err := s.ownServer(c, true)
	if err != nil {
		return err
	}
	err = missing(f, "username")
	if err == nil {
		err = s.Store.Servers.HandOver(c.Request.Context(), own.session.AccountID, own.serverID, f["username"], caller(c))
	}
	if errors.Is(err, models.ErrNotFound) {
		return s.showServers(c, own.session, errGone)
	}
	if err != nil {
		return s.showServerOwner(c, own, "", f, err)
	}
	return s.leave(c, "/servers", noticeServerHandedOver)
}

// removeServer answers POST /servers/ID/remove.
func (s *site) removeServer(c *gin.Context, _ form) error {
	own, err := s.ownServer(c, true)
	if err != nil {
		return err
	}
	if err := s.Store.Servers.Remove(c.Request.Context(), own.session.AccountID, own.serverID, caller(c)); err != nil {
		return s.showServers(c, own.session, orGone(err))
	}
	return s.leave(c, "/servers", noticeServerRemoved)
}

func (s *site) showServerOwner(c *gin.Context, own owned, key string, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	server, err := s.Store.Servers.Get(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	page := serverOwnerPage{
		Base: s.base(c, "server_owner"), ID: idText(server.ID), Name: server.Name, ReportedName: server.ReportedName,
		Face:  faceOf(server.Name, server.ID, pictureAddress(server.Picture)),
		Agent: server.Kind == models.ServerAgent, Emby: server.Media == models.MediaEmby, Version: server.Version, LastSeenAt: server.LastSeenAt,
		Disabled: !server.DisabledAt.IsZero(), NewKey: key,
	}
	page.Base = page.telling(wrong)
	page.Addresses = addressViews(page.Base, server.Addresses)
	if err := s.fillKeys(c, own, &page); err != nil {
		return err
	}
	if err := s.fillGoneLibraries(c, own, &page); err != nil {
		return err
	}
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // the page has more to show than these forms
	if err := s.fillPeople(c, own, server.Server, &page, in); err != nil {
		return err
	}
	page.NewAddress = in.address()
	page.HandOver = in.heir()
	in.show("name", server.OwnName)
	page.Rename = in.serverName()
	in.show("start_note", server.StartNote)
	page.StartNote, page.LinkedPasswords = in.startNote(), server.LinkedPasswords
	return s.render(c, wrong.status, "server_owner", page)
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

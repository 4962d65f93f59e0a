package handlers

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverOwnerPage is templates/pages/server_owner.html: a server, for who runs it.
type serverOwnerPage struct {
	Base
	ID, Name, ReportedName string
	Agent                  bool // runs our agent
	Version                string
	LastSeenAt             time.Time
	Disabled               bool
	NewKey                 string // shown once, after POST /servers/ID/key
	Rename                 Field  // "name"
	Addresses              []addressView
	NewAddress             Field // "address"
	People                 []personView
	More                   string // of GET /servers/ID?people=…: there are more people; "" for no more
	Invites                []sentInviteView
	LocalUsers             []localUserView
	SelfService            bool
	JoinURL                string // where people prove by themselves which local user they are
	HandOver               Field  // "username"
}

// owned is a server of the person who asks, as the path names it.
type owned struct {
	session  models.Session
	serverID int64
	to       string // its page
}

// ownServer reads whose server the request is about. lately asks for a recent
// proof of the password. Whether the person runs that server, the operation
// decides: somebody else's is like one that does not exist.
func (s *site) ownServer(c *gin.Context, lately bool) (owned, error) {
	check := s.signedIn
	if lately {
		check = s.signedInLately
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

// renameServer answers POST /servers/ID/rename. No name brings back the
// server's own.
func (s *site) renameServer(c *gin.Context, f form) error {
	return s.onServer(c, f, noticeServerRenamed, func(ctx context.Context, own owned) error {
		return s.Store.Servers.Rename(ctx, own.session.AccountID, own.serverID, f["name"])
	})
}

// onPart is onServer for a part of it that the form names by its id. When it is
// the server that is not there, showing it finds that out.
func (s *site) onPart(c *gin.Context, f form, n notice, do func(ctx context.Context, own owned, id int64) error) error {
	return s.onServer(c, f, n, func(ctx context.Context, own owned) error {
		id, err := idOf(f["id"])
		if err == nil {
			err = do(ctx, own, id)
		}
		return orGone(err)
	})
}

// onServer does something to a server and goes back to its page, which says n.
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

// rotateServerKey answers POST /servers/ID/key. The new key is in this answer
// alone.
func (s *site) rotateServerKey(c *gin.Context, f form) error {
	own, err := s.ownServer(c, true)
	if err != nil {
		return err
	}
	key, err := s.Store.ServerKeys.Rotate(c.Request.Context(), own.session.AccountID, own.serverID, caller(c))
	return s.showServerOwner(c, own, key, f, err)
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
		Agent: server.Kind == models.ServerAgent, Version: server.Version, LastSeenAt: server.LastSeenAt,
		Disabled: !server.DisabledAt.IsZero(), NewKey: key,
	}
	page.Base = page.telling(wrong)
	page.Addresses = addressViews(page.Base, server.Addresses)
	in := newInputs(page.Base, f, wrong)
	in.fresh = false // there is more to see than these forms
	if err := s.fillPeople(c, own, server.Server, &page, in); err != nil {
		return err
	}
	page.NewAddress = in.address()
	page.HandOver = in.heir()
	in.show("name", server.OwnName)
	page.Rename = in.serverName()
	return s.render(c, wrong.status, "server_owner", page)
}

func (in *inputs) serverName() Field {
	return in.add(Field{
		Name: "name", Type: "text", Hint: in.hint("server_name"), Autocomplete: "off",
	}, "server_name")
}

func (in *inputs) heir() Field {
	return in.add(Field{
		Name: "username", Type: "text", Hint: in.hint("heir"), Autocomplete: "off", Required: true,
	}, "heir")
}

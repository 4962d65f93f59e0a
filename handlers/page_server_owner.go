package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverOwnerPage is the data of templates/pages/server_owner.html: the most important facts about a server for
// its owner.
type serverOwnerPage struct {
	Base
	Parts         serverParts
	ID, Name      string
	Face          face
	Agent         bool // whether the server runs our agent
	Emby          bool // people sign in there with a name and a password alone
	Version       string
	AgentVersion  string // "" while the agent has not told it
	Away          bool
	LastSeenAt    time.Time
	UpSince       time.Time // zero while it is not known
	People, Free  int
	Pending       int
	Invites       int
	KeptOut       int
	Address       string // where people reach the server from outside; "" for nowhere
	Troubles      []serverTroubleView
	GoneLibraries []goneLibraryView // the gone libraries that may have another name now
}

// serverTroubleView is something that is wrong with a server, with what to do about it. Texts are in the reader's
// language.
type serverTroubleView struct {
	Text, Do   string
	Command    string // to be typed at the machine of the media server; "" for none
	Href, Link string // a page that helps, and the text of the link; "" for none
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
	return s.showServerOwner(c, own, nil)
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

// onServer calls the function do for the server and goes back to the page of its settings, which
// shows the notice n.
func (s *site) onServer(c *gin.Context, f form, n notice, do func(ctx context.Context, own owned) error) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	if err := do(c.Request.Context(), own); err != nil {
		return s.showServerSettings(c, own, "", f, err)
	}
	return s.leave(c, own.settings(), n)
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
		return s.showServerSettings(c, own, "", f, err)
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

func (s *site) showServerOwner(c *gin.Context, own owned, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	sum, err := s.Store.Servers.Summary(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	page := serverOwnerPage{
		Base: s.base(c, "server_owner").telling(wrong), ID: idText(sum.ID), Name: sum.Name, Face: faceOf(sum.Name, sum.ID, pictureAddress(sum.Picture)),
		Agent: sum.Kind == models.ServerAgent, Emby: sum.Media == models.MediaEmby, Version: sum.Version, AgentVersion: sum.AgentVersion, Away: sum.Away, LastSeenAt: sum.LastSeenAt, UpSince: sum.UpSince,
		People: sum.People, Free: sum.Free, Pending: sum.Pending, Invites: sum.Invites, KeptOut: sum.KeptOut,
	}
	page.Parts = partsOf(page.Base, own, "summary")
	if page.GoneLibraries, err = s.goneLibraries(c, own, page.Base); err != nil {
		return err
	}
	for _, a := range sum.Addresses {
		if !a.Hidden && a.Kind != models.AddressLAN && page.Address == "" {
			page.Address = a.URL()
			if text, ok := a.Spoken(); ok {
				page.Address = text
			}
		}
	}
	page.Troubles, err = s.serverTroubles(c, own, page.Base, &sum)
	if err != nil {
		return err
	}
	return s.render(c, wrong.status, "server_owner", page)
}

// serverTroubles returns what is wrong with a server, the worst first.
func (s *site) serverTroubles(c *gin.Context, own owned, b Base, sum *models.ServerSummary) ([]serverTroubleView, error) {
	keys, err := s.Store.ServerKeys.List(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return nil, err
	}
	var list []serverTroubleView
	for _, name := range sum.Troubles() {
		list = append(list, b.serverTrouble(own, name))
	}
	if slices.ContainsFunc(keys, func(k models.WorkingKey) bool { return k.HandedOver }) {
		do := b.T("trouble.former.emby")
		if sum.Kind == models.ServerAgent {
			do = b.T("trouble.former.agent")
		}
		list = append(list, serverTroubleView{Text: b.T("trouble.former"), Do: do, Href: own.settings() + "#keys", Link: b.T("trouble.former.keys")})
	}
	return list, nil
}

// serverTrouble returns the text of a trouble, with advice for the owner.
func (b Base) serverTrouble(own owned, name string) serverTroubleView {
	switch name {
	case models.TroubleDisabled:
		return serverTroubleView{Text: b.T("page.server_owner.disabled"), Do: b.T("trouble.disabled.text")}
	case models.TroubleAway:
		return serverTroubleView{Text: b.T("trouble.away"), Do: b.T("trouble.away.do"), Command: "sudo latchkey agent status"}
	case models.TroubleNotAllowed:
		return serverTroubleView{
			Text: b.T("trouble.not_allowed"), Do: b.T("trouble.not_allowed.do"), Command: "sudo latchkey agent allow --listed",
			Href: own.people() + "?status=" + models.RosterOut, Link: b.T("trouble.kept_out.link"),
		}
	case models.TroubleKeptOut:
		return serverTroubleView{
			Text: b.T("trouble.kept_out"), Do: b.T("trouble.kept_out.do"),
			Href: own.people() + "?status=" + models.RosterOut, Link: b.T("trouble.kept_out.link"),
		}
	case models.TroubleChecks:
		return serverTroubleView{Text: b.T("trouble.checks"), Do: b.T("trouble.checks.do"), Href: own.to + "/checks", Link: b.T("trouble.checks.link")}
	case models.TroubleWarnings:
		return serverTroubleView{Text: b.T("trouble.warnings"), Do: b.T("trouble.warnings.do"), Href: own.to + "/checks", Link: b.T("trouble.checks.link")}
	case models.TroubleQuickConnect:
		return serverTroubleView{Text: b.T("trouble.quick_connect"), Do: b.T("trouble.quick_connect.do")}
	case models.TroubleNoAddress:
		return serverTroubleView{
			Text: b.T("trouble.no_address"), Do: b.T("trouble.address.do"),
			Href: own.settings() + "#addresses", Link: b.T("trouble.address.link"),
		}
	default:
		return serverTroubleView{
			Text: b.T("trouble.only_home"), Do: b.T("trouble.address.do"),
			Href: own.settings() + "#addresses", Link: b.T("trouble.address.link"),
		}
	}
}

package handlers

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteUsePage is the data of templates/pages/invite_use.html: the invites to a server, with the
// people who accepted them.
type inviteUsePage struct {
	Base
	Parts            serverParts
	ServerID, Server string
	Life             string // how long an invite is kept after its last day
	Open             []sentInviteView
	OpenTurns        turnsView
	Ended            []endedInviteView
	EndedTurns       turnsView
	EndedShown       bool // the folded part is open
}

// turnsView is the data of partials/turns.html for one of several lists of a page.
type turnsView struct {
	Base
	Turns
}

// endedInviteView is an invite that nobody can accept any longer.
type endedInviteView struct {
	sentInviteView

	State string    // accepted, declined, withdrawn or expired
	At    time.Time // when it came to that state
}

// inviteUseView is a person who has accepted an invite.
type inviteUseView struct {
	Name string // a username
	At   time.Time
}

const (
	invitesOnPage = 30
	turnOpen      = "open" // the parameter with the cursor of the open invites
)

// inviteUses answers GET /servers/ID/invites.
func (s *site) inviteUses(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	server, err := s.Store.Servers.Summary(c.Request.Context(), own.session.AccountID, own.serverID)
	if err != nil {
		return err
	}
	page := inviteUsePage{Base: s.base(c, "invite_use"), ServerID: idText(own.serverID), Server: server.Name}
	page.Parts = partsOf(page.Base, own, "invites")
	page.Life = s.life(page.Locale, s.Lives.History)
	open, turns, err := s.invitesOf(c, own, false, turnOpen)
	if err != nil {
		return err
	}
	page.OpenTurns = turnsView{page.Base, turns}
	for _, one := range open {
		page.Open = append(page.Open, newSentInviteView(page.Base, one, own.serverID))
	}
	ended, turns, err := s.invitesOf(c, own, true, turnBefore)
	if err != nil {
		return err
	}
	page.EndedTurns, page.EndedShown = turnsView{page.Base, turns}, turns.First != ""
	for _, one := range ended {
		page.Ended = append(page.Ended, newEndedInviteView(page.Base, one, own.serverID))
	}
	return s.render(c, http.StatusOK, "invite_use", page)
}

// invitesOf reads a page of the open or the ended invites to a server. The parameter of the query
// has the cursor.
func (s *site) invitesOf(c *gin.Context, own owned, ended bool, parameter string) ([]models.Invite, Turns, error) {
	asked, err := s.turned(queryValue(c, parameter), invitesOnPage, "invites page "+parameter, idText(own.serverID))
	if err != nil {
		return nil, Turns{}, err
	}
	found, err := s.Store.Invites.ListOfServer(c.Request.Context(), own.session.AccountID, own.serverID, ended, asked.afterID(), asked.more())
	if err != nil {
		return nil, Turns{}, err
	}
	var turns Turns
	path := own.to + "/invites"
	if asked.after != "" {
		turns.First = path
	}
	if len(found) > asked.limit {
		found = found[:asked.limit]
		turns.Next = path + "?" + url.Values{parameter: {s.writeCursor(asked.list, idText(found[len(found)-1].ID))}}.Encode()
	}
	return found, turns, nil
}

// newEndedInviteView returns an invite that is over at the server.
func newEndedInviteView(b Base, one models.Invite, serverID int64) endedInviteView {
	view := endedInviteView{sentInviteView: newSentInviteView(b, one, serverID), State: one.State, At: one.AnsweredAt}
	switch {
	case one.State == models.InvitePending && len(one.UsedBy) > 0: // accepted here alone; its other servers still wait
		view.State = models.InviteAccepted
	case one.State == models.InvitePending:
		view.State = models.InviteExpired
	}
	if view.State == models.InviteExpired {
		view.At = one.ExpiresAt
		if !view.EndsAt.IsZero() && view.EndsAt.Before(view.At) {
			view.At = view.EndsAt
		}
	}
	return view
}

// withdrawInvite answers POST /servers/ID/invites/withdraw. An invite to several servers is
// withdrawn from all of them. The hidden field "list" leads back to the list of invites.
func (s *site) withdrawInvite(c *gin.Context, f form) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	id, err := idOf(f["id"])
	if err == nil {
		err = s.Store.Invites.Withdraw(c.Request.Context(), own.session.AccountID, id, caller(c))
	}
	if err != nil {
		return s.showServerOwner(c, own, orGone(err))
	}
	to := own.to
	if f["list"] != "" {
		to += "/invites"
	}
	return s.leave(c, to, noticeInviteWithdrawn)
}

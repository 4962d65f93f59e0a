package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteLinkPage is the data of templates/pages/invite_link.html: the link of an invite, which its
// owner gives to other people.
type inviteLinkPage struct {
	Base
	ServerID, Server string
	URL              string
	QR               qrView
	Invite           sentInviteView
}

// inviteOpenPage is the data of templates/pages/invite_open.html, to which the link of an invite
// leads: POST /i.
type inviteOpenPage struct {
	Base
	Link Field
}

// inviteLink answers GET /servers/ID/invites/INVITE: the link to copy again, and its QR code.
func (s *site) inviteLink(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("invite"))
	if err != nil {
		return err
	}
	ctx, ownerID := c.Request.Context(), own.session.AccountID
	secret, err := s.Store.InviteLinks.Secret(ctx, ownerID, id)
	if err != nil {
		return err
	}
	invites, err := s.Store.Invites.OfServer(ctx, ownerID, own.serverID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(invites, func(one models.Invite) bool { return one.ID == id })
	if at < 0 {
		return models.ErrNotFound
	}
	page := inviteLinkPage{Base: s.base(c, "invite_link"), ServerID: idText(own.serverID), URL: s.inviteURL(secret)}
	page.Invite = newSentInviteView(page.Base, invites[at], own.serverID)
	for _, offer := range invites[at].Servers {
		if offer.ServerID == own.serverID {
			page.Server = offer.ServerName
		}
	}
	page.QR = page.qr(page.URL, page.T("page.invite_link.qr"))
	return s.render(c, http.StatusOK, "invite_link", page)
}

// inviteOpenForm answers GET /i. It is the same page for everybody, because the secret does not
// reach the service: a script takes it out of the address and sends the form.
func (s *site) inviteOpenForm(c *gin.Context) error { return s.showInviteOpen(c, nil, nil) }

// openInvite answers POST /i: it moves the secret of a link into a cookie and goes on to the
// invite. Nothing is spent.
func (s *site) openInvite(c *gin.Context, f form) error {
	text := f["link"]
	if at := strings.LastIndexByte(text, '#'); at >= 0 {
		text = text[at+1:]
	}
	text = cleanToken(text)
	if !models.IsInviteLink(text) {
		return s.showInviteOpen(c, f, oneMistake("link", "invite_link_wrong"))
	}
	if _, _, err := s.Store.Invites.Look(c.Request.Context(), text, caller(c)); err != nil {
		return err
	}
	s.setCookie(c, linkInvite, text, linkLife)
	return seeOther(c, "/invite")
}

func (s *site) showInviteOpen(c *gin.Context, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := inviteOpenPage{Base: s.base(c, "invite_open")}
	page.Base = page.telling(wrong)
	in := newInputs(page.Base, f, wrong)
	page.Link = in.add(Field{Name: "link", Type: "text", Hint: in.hint("invite_link"), Autocomplete: "off", Required: true}, "invite_link")
	return s.render(c, wrong.status, "invite_open", page)
}

// acceptInviteLink answers POST /invite/accept: the person who is signed in accepts the invite
// whose link this browser keeps.
func (s *site) acceptInviteLink(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	who, err := s.invitedHere(c)
	if err != nil {
		return err
	}
	if err := s.Store.InviteLinks.Accept(c.Request.Context(), session.AccountID, who.token, caller(c)); err != nil {
		return s.spent(c, linkInvite, err)
	}
	s.clearCookie(c, linkInvite)
	return s.leave(c, startOf(who.invite), noticeInvitationAccepted)
}

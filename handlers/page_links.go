package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// InvitationsPage is templates/pages/invitations.html.
type InvitationsPage struct {
	Base
	Invitations []InvitationView
	Invites     []ReceivedInvite
}

// InvitationView is a link that waits for the person's answer.
type InvitationView struct {
	ID          string // hidden field "id"
	Server      string
	Owner       string // username; "" for a server that nobody has claimed
	RequestedBy string // as the server says; "" when it does not
	Guest       bool
	AskedAt     time.Time
}

// invitations answers GET /invitations: invites, and links that servers have
// asked for, that wait for an answer.
func (s *site) invitations(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return s.showInvitations(c, session, nil)
}

func (s *site) showInvitations(c *gin.Context, session models.Session, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	waiting, err := s.Store.Links.List(c.Request.Context(), session.AccountID, models.LinkPending)
	if err != nil {
		return err
	}
	invites, err := s.Store.Invites.Received(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := InvitationsPage{Base: s.base(c, "links").telling(wrong)}
	for _, one := range invites {
		page.Invites = append(page.Invites, receivedInvite(page.Base, one))
	}
	for _, one := range waiting {
		if one.ServerDisabled {
			continue // nobody is led to it
		}
		page.Invitations = append(page.Invitations, InvitationView{
			ID: idText(one.ID), Server: one.ServerName, Owner: one.OwnerUsername, RequestedBy: one.RequestedBy,
			Guest: one.Type == models.LinkGuest, AskedAt: one.CreatedAt,
		})
	}
	return s.render(c, wrong.status, "links", page)
}

// acceptInvitation answers POST /invitations/accept. Accepting once more what is
// accepted changes nothing.
func (s *site) acceptInvitation(c *gin.Context, f form) error {
	session, err := s.onLink(c, f, s.Store.Links.Accept)
	if errors.Is(err, errGone) && s.mayUse(c, session, f["id"]) {
		err = nil
	}
	if err != nil {
		return s.showInvitations(c, session, err)
	}
	return s.leave(c, "/servers", noticeInvitationAccepted)
}

// mayUse reports whether a link is one that the person has accepted.
func (s *site) mayUse(c *gin.Context, session models.Session, id string) bool {
	usable, err := s.Store.Links.List(c.Request.Context(), session.AccountID, models.LinkAccepted)
	return err == nil && slices.ContainsFunc(usable, func(one models.Link) bool { return idText(one.ID) == id })
}

// declineInvitation answers POST /invitations/decline.
func (s *site) declineInvitation(c *gin.Context, f form) error {
	session, err := s.onLink(c, f, s.Store.Links.Decline)
	if err != nil {
		return s.showInvitations(c, session, err)
	}
	return s.leave(c, "/invitations", noticeInvitationDeclined)
}

// onLink does something to the link that a form names by its id. It returns
// [errGone] for a link that is not there, or not the person's.
func (s *site) onLink(c *gin.Context, f form,
	do func(ctx context.Context, accountID, linkID int64, caller models.Caller) error,
) (models.Session, error) {
	session, err := s.signedIn(c)
	if err != nil {
		return session, err
	}
	id, err := idOf(f["id"])
	if err == nil {
		err = do(c.Request.Context(), session.AccountID, id, caller(c))
	}
	return session, orGone(err)
}

package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// linksPage is the data of templates/pages/links.html.
type linksPage struct {
	Base
	Waiting waitingView
}

// waitingView is the data of partials/waiting.html: the invites and links that wait for the answer of a
// person, or of the guardian of a member.
type waitingView struct {
	Base
	InvitePath, LinkPath string // the answers go to /accept and /decline below them
	Links                []pendingLinkView
	Invites              []receivedInviteView
}

// Any reports whether something waits.
func (v waitingView) Any() bool { return len(v.Links)+len(v.Invites) > 0 }

// Buttons returns the buttons that answer a link or an invite.
func (v waitingView) Buttons(path, id, suffix, heading string) answerButtons {
	return answerButtons{Base: v.Base, Path: path, ID: id, Suffix: suffix, Heading: heading}
}

// with returns the view with the invites, and those of the links that wait for an answer. A person is not asked about a
// disabled server.
func (v waitingView) with(links []models.Link, invites []models.Invite) waitingView {
	for _, one := range invites {
		v.Invites = append(v.Invites, newReceivedInviteView(v.Base, one))
	}
	for _, one := range links {
		if one.State != models.LinkPending || one.ServerDisabled {
			continue
		}
		v.Links = append(v.Links, pendingLinkView{
			ID: idText(one.ID), Server: one.Server.Name, Owner: one.OwnerUsername, RequestedBy: one.RequestedBy,
			Guest: one.Type == models.LinkGuest, AskedAt: one.CreatedAt,
		})
	}
	return v
}

// answerButtons is the data of partials/accept_decline.html: the two buttons
// that answer a link or an invite.
type answerButtons struct {
	Base
	Path    string // the forms go to Path/accept and Path/decline
	ID      string // of the link or invite
	Suffix  string // of the ids of the buttons
	Heading string // the id of the heading that names the link or invite
}

// pendingLinkView is a link that waits for the answer of the person.
type pendingLinkView struct {
	ID          string // hidden field "id"
	Server      string
	Owner       string // a username; "" for a server that nobody has claimed
	RequestedBy string // as the server tells it; "" if it does not
	Guest       bool
	AskedAt     time.Time
}

// links answers GET /invitations with the invites and the requests of servers for links
// that wait for an answer.
func (s *site) links(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return s.showLinks(c, session, nil)
}

func (s *site) showLinks(c *gin.Context, session models.Session, cause error) error {
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
	base := s.base(c, "links").telling(wrong)
	page := linksPage{Base: base, Waiting: waitingView{Base: base, InvitePath: "/invites", LinkPath: "/invitations"}}
	page.Waiting = page.Waiting.with(waiting, invites)
	for i, one := range invites {
		if page.Waiting.Invites[i].Family, err = s.mayChoose(c, session.AccountID, one); err != nil {
			return err
		}
	}
	return s.render(c, wrong.status, "links", page)
}

// acceptLink answers POST /invitations/accept. If the link is accepted already, nothing
// changes.
func (s *site) acceptLink(c *gin.Context, f form) error {
	session, err := s.onLink(c, f, s.Store.Links.Accept)
	to := home
	if err == nil || errors.Is(err, errGone) {
		usable, found := s.usableLink(c, session, f["id"])
		if found {
			to, err = startPath(usable.ServerID), nil
		}
	}
	if err != nil {
		return s.showLinks(c, session, err)
	}
	return s.leave(c, to, noticeInvitationAccepted)
}

// usableLink returns a link that the person has accepted. It reports false for any other
// link.
func (s *site) usableLink(c *gin.Context, session models.Session, id string) (models.Link, bool) {
	usable, err := s.Store.Links.List(c.Request.Context(), session.AccountID, models.LinkAccepted)
	at := slices.IndexFunc(usable, func(one models.Link) bool { return idText(one.ID) == id })
	if err != nil || at < 0 {
		return models.Link{}, false
	}
	return usable[at], true
}

// declineLink answers POST /invitations/decline.
func (s *site) declineLink(c *gin.Context, f form) error {
	session, err := s.onLink(c, f, s.Store.Links.Decline)
	if err != nil {
		return s.showLinks(c, session, err)
	}
	return s.leave(c, "/invitations", noticeInvitationDeclined)
}

// onLink calls the function do for the link whose id the form has. It returns errGone for a
// link that does not exist or that belongs to another person.
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

package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// invitePage is the data of templates/pages/invite.html, which the mail of an
// invite leads to.
type invitePage struct {
	Base
	Invite    receivedInviteView
	Mine      bool   // the invite is for the account that is signed in
	Email     string // the address that the invite was sent to; "" for an invite to an account
	MaySignUp bool
}

// receivedInviteView is an invite as the invited person sees it.
type receivedInviteView struct {
	Base
	ID, From, Note       string
	Offers               []offerView
	CreatedAt, ExpiresAt time.Time
}

// offerView is the offer of an invite on one server.
type offerView struct {
	Server    string
	LocalUser string   // "" for a guest
	Libraries []string // empty if the server decides
	EndsAt    time.Time
}

// invite answers GET /invite, which the mail of an invite leads to. Opening it
// does not answer the invite.
func (s *site) invite(c *gin.Context) error {
	token, err := s.arriveByLink(c, linkInvite)
	if err != nil {
		return err
	}
	one, email, err := s.Store.Invites.Look(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkInvite, err)
	}
	page := invitePage{Base: s.base(c, "invite"), Email: email, MaySignUp: email != "" && s.SignUp != models.SignUpClosed}
	page.Invite = newReceivedInviteView(page.Base, one)
	if session, err := visitOf(c).session(); err == nil {
		mine, err := s.Store.Invites.Received(c.Request.Context(), session.AccountID)
		if err != nil {
			return err
		}
		page.Mine = slices.ContainsFunc(mine, func(other models.Invite) bool { return other.ID == one.ID })
	}
	return s.render(c, http.StatusOK, "invite", page)
}

// newReceivedInviteView returns the invite as the invited person sees it.
func newReceivedInviteView(b Base, one models.Invite) receivedInviteView {
	view := receivedInviteView{
		Base: b, ID: idText(one.ID), From: one.OwnerUsername, Note: one.Note, CreatedAt: one.CreatedAt, ExpiresAt: one.ExpiresAt,
	}
	for _, offer := range one.Servers {
		view.Offers = append(view.Offers, offerView{
			Server: offer.ServerName, LocalUser: offer.LocalUserName, Libraries: b.libraryNames(offer.Libraries), EndsAt: offer.EndsAt,
		})
	}
	return view
}

// invitedHere returns the address and the token of the invite that this browser
// keeps.
func (s *site) invitedHere(c *gin.Context) (invited, error) {
	token, err := s.linkToken(c, linkInvite)
	if err != nil {
		return invited{}, err
	}
	_, email, err := s.Store.Invites.Look(c.Request.Context(), token)
	if err == nil && email == "" { // the invite is for a person who has an account
		err = models.ErrTokenSpent
	}
	return invited{email: email, token: token}, s.spent(c, linkInvite, err)
}

// inviteSignUpForm answers GET /invite/signup. The email address is the one
// that the invite was sent to.
func (s *site) inviteSignUpForm(c *gin.Context) error {
	who, err := s.invitedHere(c)
	if err != nil {
		return err
	}
	if _, err := visitOf(c).session(); err == nil {
		return seeOther(c, "/invite")
	}
	if s.SignUp == models.SignUpClosed {
		return s.showSignUpClosed(c, http.StatusOK)
	}
	return s.showSignUp(c, nil, who, nil)
}

// inviteSignUp answers POST /invite/signup. The token comes from the cookie and
// the address from the invite, whatever the form says.
func (s *site) inviteSignUp(c *gin.Context, f form) error {
	who, err := s.invitedHere(c)
	if err != nil {
		return err
	}
	if s.SignUp == models.SignUpClosed {
		return s.showSignUpClosed(c, http.StatusForbidden)
	}
	return s.signUpAs(c, f, who)
}

// afterSignIn returns the page to go to after signing in: wish, or the page of
// links and invites if no page was wished for and an invite waits.
func (s *site) afterSignIn(c *gin.Context, session models.Session, wish string) string {
	if wish == "" {
		if n, err := s.Store.Invites.Waiting(c.Request.Context(), session.AccountID); err == nil && n > 0 {
			return "/invitations"
		}
	}
	return returnTo(wish)
}

// acceptInvite answers POST /invites/accept.
func (s *site) acceptInvite(c *gin.Context, f form) error {
	return s.answerInvite(c, f, "/servers", noticeInvitationAccepted, s.Store.Invites.Accept)
}

// declineInvite answers POST /invites/decline.
func (s *site) declineInvite(c *gin.Context, f form) error {
	return s.answerInvite(c, f, "/invitations", noticeInvitationDeclined, s.Store.Invites.Decline)
}

func (s *site) answerInvite(c *gin.Context, f form, to string, said notice,
	do func(ctx context.Context, accountID, inviteID int64, caller models.Caller) error,
) error {
	session, err := s.onLink(c, f, do)
	if _, ok := errors.AsType[*detour](err); ok {
		return err
	}
	if err != nil {
		return s.showLinks(c, session, err)
	}
	s.clearCookie(c, linkInvite)
	return s.leave(c, to, said)
}

package handlers

import (
	"cmp"
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
	Invite receivedInviteView
	Mine   bool   // the invite is for the account that is signed in
	ByLink bool   // this browser came by the link of the invite, so any account may accept it
	Email  string // the address that the invite was sent to; "" for an invite to an account
	Closed bool   // nobody can sign up
	Member bool   // the account that is signed in may use all servers of the invite already
	Start  string // the page about getting in, for a member
}

// inviteSignUpPage is the data of templates/pages/invite_signup.html: the invite, and the one
// form that makes an account, accepts the invite and signs in (POST /invite/signup).
type inviteSignUpPage struct {
	Base
	Invite                            receivedInviteView
	Email                             string // the address that the invite was sent to; "" for the link of an invite
	Address                           Field  // for a person who came by a link: the address to confirm later
	Username, Password, PasswordAgain Field  // the last is shown only where scripts are off
}

// receivedInviteView is an invite as the invited person sees it.
type receivedInviteView struct {
	Base
	ID, From, Note       string
	Greeting             string // the name that the owner gave; "" for none
	Family               bool   // the reader chooses who of the family gets a link
	Offers               []offerView
	Circle               string // the name of the circle to which it invites; "" for an invite to servers alone
	SignUp               bool   // it lets somebody sign up, and offers nothing else
	CreatedAt, ExpiresAt time.Time
}

// offerView is the offer of an invite on one server.
type offerView struct {
	Server    string
	Face      face
	Owner     string   // of a server of a circle, with State; else ""
	State     string   // in words; "" for an open door
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
	one, email, err := s.Store.Invites.Look(c.Request.Context(), token, caller(c))
	if err != nil {
		return s.spent(c, linkInvite, err)
	}
	session, notSignedIn := visitOf(c).session()
	has, err := s.Store.Invites.HasAccount(c.Request.Context(), token)
	if err != nil {
		return s.spent(c, linkInvite, err)
	}
	byLink := models.IsInviteLink(token)
	newcomer := notSignedIn != nil && (email != "" && !has || byLink)
	if newcomer && s.SignUp != models.SignUpClosed {
		return s.showInviteSignUp(c, nil, invited{one, email, token}, nil)
	}
	page := invitePage{Base: s.base(c, "invite"), Email: email, Closed: newcomer, ByLink: byLink}
	page.Invite = newReceivedInviteView(page.Base, one)
	if notSignedIn != nil {
		return s.render(c, http.StatusOK, "invite", page)
	}
	if choose, err := s.fillInvite(c, session, one, &page); err != nil {
		return err
	} else if choose {
		return seeOther(c, familyInvitePath(idText(one.ID)))
	}
	return s.render(c, http.StatusOK, "invite", page)
}

// fillInvite writes into the page whether the invite is for the signed-in person, and whether that person already
// has its links. It reports whether that person must choose who of the family gets a link; there is another page for
// that choice.
func (s *site) fillInvite(c *gin.Context, session models.Session, one models.Invite, page *invitePage) (choose bool, err error) {
	mine, err := s.Store.Invites.Received(c.Request.Context(), session.AccountID)
	if err != nil {
		return false, err
	}
	page.Mine = slices.ContainsFunc(mine, func(other models.Invite) bool { return other.ID == one.ID })
	if page.Mine {
		if choose, err = s.mayChoose(c, session.AccountID, one); choose || err != nil {
			return choose, err
		}
	}
	page.Member, err = s.Store.Invites.IsMember(c.Request.Context(), session.AccountID, one.ID)
	page.Member, page.Start = page.Member && (page.Mine || page.ByLink || one.SignUp), startOf(one)
	return false, err
}

// newReceivedInviteView returns the invite as the invited person sees it.
func newReceivedInviteView(b Base, one models.Invite) receivedInviteView {
	view := receivedInviteView{
		Base: b, ID: idText(one.ID), From: one.OwnerUsername, Note: one.Note, CreatedAt: one.CreatedAt, ExpiresAt: one.ExpiresAt,
		Greeting: one.Greeting, SignUp: one.SignUp,
	}
	if one.Circle != nil {
		view.Circle = one.Circle.Name
		for _, server := range one.Circle.Servers {
			offer := offerView{Server: server.Name, Face: faceOf(server.Name, server.ServerID, pictureAddress(server.Picture)), Owner: server.OwnerUsername}
			if server.State != models.CircleOpen {
				offer.State = b.circleState(server.State)
			}
			view.Offers = append(view.Offers, offer)
		}
		return view
	}
	for _, offer := range one.Servers {
		view.Offers = append(view.Offers, offerView{
			Server: offer.ServerName, Face: faceOf(offer.ServerName, offer.ServerID, pictureAddress(offer.Picture)), LocalUser: offer.LocalUserName, Libraries: b.libraryNames(offer.Libraries), EndsAt: offer.EndsAt,
		})
	}
	return view
}

// invited is an invite whose mail or link this browser has followed. email is "" after a link.
type invited struct {
	invite       models.Invite
	email, token string
}

// invitedHere returns the invite whose token this browser keeps.
func (s *site) invitedHere(c *gin.Context) (invited, error) {
	token, err := s.linkToken(c, linkInvite)
	if err != nil {
		return invited{}, err
	}
	invite, email, err := s.Store.Invites.Look(c.Request.Context(), token, caller(c))
	if err == nil && email == "" && !models.IsInviteLink(token) { // the invite is for a person who has an account
		err = models.ErrTokenSpent
	}
	return invited{invite, email, token}, s.spent(c, linkInvite, err)
}

// inviteSignUp answers POST /invite/signup. The token comes from the cookie and the address
// from the invite, whatever the form says. No captcha is asked for: a program would need a
// new invite for each account.
func (s *site) inviteSignUp(c *gin.Context, f form) error {
	who, err := s.invitedHere(c)
	if err != nil {
		return err
	}
	if s.SignUp == models.SignUpClosed {
		return s.showSignUpClosed(c, http.StatusForbidden)
	}
	in := models.SignUp{Username: f["username"], Email: who.email, Password: f["password"], Locale: s.locale(c), Invite: who.token}
	in.Session.TimeZone = f["time_zone"]
	if who.email == "" {
		in.Email = f["email"]
	}
	err = s.Store.Accounts.CheckSignUp(in)
	if _, twice := f["password_again"]; twice { // only where scripts are off, because the password cannot be shown there
		err = joinMistakes(err, differ(f, "password", "passwords_differ"))
	}
	if err != nil {
		return s.showInviteSignUp(c, f, who, err)
	}
	if who.invite.SignUp && who.email == "" {
		return s.signUpByLink(c, f, who, in)
	}
	out, err := s.Store.Invites.SignUp(c.Request.Context(), in, caller(c))
	if errors.Is(err, models.ErrEmailTaken) {
		s.setCookie(c, cookieNotice, string(noticeHaveAccount), noticeLife)
		return seeOther(c, withReturn("/signin", "/invite"))
	}
	if err != nil {
		return s.showInviteSignUp(c, f, who, s.spent(c, linkInvite, err))
	}
	s.renewSession(c, out.Session, out.Token)
	s.keepDeviceMark(c, out.DeviceMark)
	s.clearCookie(c, linkInvite)
	return s.leave(c, startOf(who.invite), noticeWelcome)
}

// signUpByLink makes the account of a person who has the link of an invite to sign up. It waits for its mail, as every
// sign-up does whose address nothing has proved.
func (s *site) signUpByLink(c *gin.Context, f form, who invited, in models.SignUp) error {
	pending, err := s.Store.Accounts.SignUp(c.Request.Context(), in, caller(c))
	if err != nil {
		return s.showInviteSignUp(c, f, who, s.spent(c, linkInvite, err))
	}
	s.setCookie(c, cookiePending, pending, s.Lives.Confirm)
	s.clearCookie(c, linkInvite)
	return seeOther(c, "/signup/sent")
}

func (s *site) showInviteSignUp(c *gin.Context, f form, who invited, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := inviteSignUpPage{Base: s.base(c, "invite_signup"), Email: who.email}
	page.Base = page.telling(wrong)
	page.Path = "/invite"
	page.Invite = newReceivedInviteView(page.Base, who.invite)
	in := newInputs(page.Base, f, wrong)
	if f == nil {
		in.show("username", s.Store.Invites.ProposeUsername(cmp.Or(who.email, who.invite.Greeting)))
	}
	page.Username = in.username()
	switch {
	case who.email != "":
	case who.invite.SignUp:
		page.Address = in.email("email")
	default:
		page.Address = in.email("invite_email")
	}
	page.Password = in.newPassword("password", s.PasswordMinLength)
	page.PasswordAgain = in.newPasswordAgain("password")
	return s.render(c, wrong.status, "invite_signup", page)
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
	return s.answerInvite(c, f, s.startOfInvite(c, f["id"]), noticeInvitationAccepted, s.Store.Invites.Accept)
}

// declineInvite answers POST /invites/decline.
func (s *site) declineInvite(c *gin.Context, f form) error {
	return s.answerInvite(c, f, "/invitations", noticeInvitationDeclined, s.Store.Invites.Decline)
}

func (s *site) answerInvite(c *gin.Context, f form, to string, said notice,
	do func(ctx context.Context, accountID, inviteID int64, caller models.Caller) error,
) error {
	session, err := s.onLink(c, f, do)
	if _, ok := errors.AsType[*detour](err); ok || errors.Is(err, models.ErrAlreadyMember) {
		return err
	}
	if err != nil {
		return s.showLinks(c, session, err)
	}
	s.clearCookie(c, linkInvite)
	return s.leave(c, to, said)
}

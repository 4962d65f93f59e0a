package handlers

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// familyMemberPage is the data of templates/pages/family_member.html. Its forms go to paths below Path.
type familyMemberPage struct {
	Base
	Path     string
	Member   memberView
	Leaving  string // the address that waits for its confirmation
	Sessions []sessionView
	Servers  []memberServerView // accepted links
	Waiting  waitingView
	Ceiling  ceilingView
	Unlock   string // the page on which a guardian unlocks for the member

	Password, PIN Field
	Email         Field // of the form that lets the member go
}

// memberServerView is a server that a member uses.
type memberServerView struct {
	ID       string // of the link
	Name     string
	HoldPath string // the page on which things are put behind the PIN
}

// ofMember is the member in the path of a request, with the session of the person who should be its
// guardian. The operation that follows decides whether they are.
type ofMember struct {
	guardianID, memberID int64
	to                   string // the address of its page
}

// member reads the session and the id of the member from the request. If recently is true, the password
// must have been given recently.
func (s *site) member(c *gin.Context, recently bool) (ofMember, error) {
	check := s.signedIn
	if recently {
		check = s.signedInRecently
	}
	session, err := check(c)
	if err != nil {
		return ofMember{}, err
	}
	id, err := idOf(c.Param("id"))
	return ofMember{guardianID: session.AccountID, memberID: id, to: memberPath(idText(id))}, err
}

// familyMember answers GET /family/members/ID.
func (s *site) familyMember(c *gin.Context) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	return s.showMember(c, who, nil, nil)
}

func (s *site) showMember(c *gin.Context, who ofMember, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	found, err := s.Store.Members.Get(c.Request.Context(), who.guardianID, who.memberID)
	if err != nil {
		return err
	}
	page := viewMemberPage(s.base(c, "family_member").telling(wrong), who.to, found)
	in := newInputs(page.Base, f, wrong)
	in.fresh = false
	page.Ceiling = viewCeiling(page.Base, found.Ceiling, wrong)
	page.Password = in.newPassword("member_password", s.PasswordMinLength)
	page.PIN = in.pin()
	page.Email = in.email("new_email")
	page.Email.Hint = page.T("field.member_email.hint")
	return s.render(c, wrong.status, "family_member", page)
}

// viewMemberPage returns the page without its fields.
func viewMemberPage(base Base, path string, found models.MemberDetail) familyMemberPage {
	page := familyMemberPage{Base: base, Path: path, Member: viewMember(found.Member), Leaving: found.Leaving}
	page.Unlock = unlockPage{Member: page.Member.ID}.here()
	for _, one := range found.Sessions {
		page.Sessions = append(page.Sessions, viewSession(base, one, 0))
	}
	for _, one := range found.Links {
		if one.State == models.LinkAccepted {
			page.Servers = append(page.Servers, memberServerView{ID: idText(one.ID), Name: one.Server.Name, HoldPath: holdPath(idText(one.ServerID), page.Member.ID)})
		}
	}
	page.Waiting = waitingView{Base: base, InvitePath: path + "/invites", LinkPath: path + "/links"}
	page.Waiting = page.Waiting.with(found.Links, found.Invites)
	return page
}

// endMemberSession answers POST /family/members/ID/sessions/end.
func (s *site) endMemberSession(c *gin.Context, f form) error {
	return s.onPartOfMember(c, f, s.Store.Members.EndSession)
}

// endMemberSessions answers POST /family/members/ID/sessions/end-all.
func (s *site) endMemberSessions(c *gin.Context, _ form) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	if err := s.Store.Members.EndSessions(c.Request.Context(), who.guardianID, who.memberID, caller(c)); err != nil {
		return err
	}
	return s.leave(c, who.to, noticeMemberSaved)
}

// setMemberPassword answers POST /family/members/ID/password with "do", which is "set" or "remove".
func (s *site) setMemberPassword(c *gin.Context, f form) error {
	return s.setSecret(c, f, "password", s.Store.Members.SetPassword)
}

// setMemberPIN answers POST /family/members/ID/pin with "do", which is "set" or "remove".
func (s *site) setMemberPIN(c *gin.Context, f form) error {
	return s.setSecret(c, f, "pin", s.Store.Members.SetPIN)
}

// setSecret sets the secret in a field of the form by the function set, or removes it.
func (s *site) setSecret(c *gin.Context, f form, field string,
	set func(ctx context.Context, guardianID, memberID int64, secret string, caller models.Caller) error,
) error {
	who, err := s.member(c, true)
	if err != nil {
		return err
	}
	chosen := f[field]
	switch f["do"] {
	case doSet, "":
		err = missing(f, field)
	case doRemove:
		chosen = ""
	default:
		return refuse(http.StatusBadRequest, "bad_request")
	}
	if err == nil {
		err = set(c.Request.Context(), who.guardianID, who.memberID, chosen, caller(c))
	}
	if err != nil {
		return s.showMember(c, who, f, err)
	}
	return s.leave(c, who.to, noticeMemberSaved)
}

// letMemberGo answers POST /family/members/ID/let-go.
func (s *site) letMemberGo(c *gin.Context, f form) error {
	who, err := s.member(c, true)
	if err != nil {
		return err
	}
	if err = missing(f, "email"); err == nil {
		err = s.Store.Members.LetGo(c.Request.Context(), who.guardianID, who.memberID, f["email"], caller(c))
	}
	if err != nil {
		return s.showMember(c, who, f, err)
	}
	return s.leave(c, who.to, noticeMemberLetGo)
}

// takeBackLetGo answers POST /family/members/ID/let-go/back.
func (s *site) takeBackLetGo(c *gin.Context, _ form) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	if err := s.Store.Members.TakeBackLetGo(c.Request.Context(), who.guardianID, who.memberID, caller(c)); err != nil {
		return s.showMember(c, who, nil, orGone(err))
	}
	return s.leave(c, who.to, noticeMemberLetGoBack)
}

// deleteMember answers POST /family/members/ID/delete.
func (s *site) deleteMember(c *gin.Context, _ form) error {
	who, err := s.member(c, true)
	if err != nil {
		return err
	}
	if err := s.Store.Members.Delete(c.Request.Context(), who.guardianID, who.memberID); err != nil {
		return err
	}
	return s.leave(c, familyPath, noticeMemberDeleted)
}

// acceptMemberLink answers POST /family/members/ID/links/accept.
func (s *site) acceptMemberLink(c *gin.Context, f form) error {
	return s.onPartOfMember(c, f, s.Store.Members.AcceptLink)
}

// removeMemberLink answers POST /family/members/ID/links/decline: it declines a link or leaves a server.
func (s *site) removeMemberLink(c *gin.Context, f form) error {
	return s.onPartOfMember(c, f, s.Store.Members.RemoveLink)
}

// acceptMemberInvite answers POST /family/members/ID/invites/accept.
func (s *site) acceptMemberInvite(c *gin.Context, f form) error {
	return s.onPartOfMember(c, f, s.Store.Members.AcceptInvite)
}

// declineMemberInvite answers POST /family/members/ID/invites/decline.
func (s *site) declineMemberInvite(c *gin.Context, f form) error {
	return s.onPartOfMember(c, f, s.Store.Members.DeclineInvite)
}

// onPartOfMember calls do with the id in the form, which names a session, a link or an invite of the member.
func (s *site) onPartOfMember(c *gin.Context, f form,
	do func(ctx context.Context, guardianID, memberID, id int64, caller models.Caller) error,
) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	id, err := idOf(f["id"])
	if err == nil {
		err = do(c.Request.Context(), who.guardianID, who.memberID, id, caller(c))
	}
	if err != nil {
		return s.showMember(c, who, nil, orGone(err))
	}
	return s.leave(c, who.to, noticeMemberSaved)
}

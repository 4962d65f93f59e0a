package handlers

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// memberDetailObject has everything that guardians see of a member.
type memberDetailObject struct {
	memberObject

	Leaving  *string         `json:"leaving"` // the address that waits for its confirmation; null for none
	Ceiling  *ceilingObject  `json:"ceiling"` // null for every age
	Sessions []sessionObject `json:"sessions"`
	Links    []linkObject    `json:"links"`
	Invites  []inviteObject  `json:"invites"`
}

// apiMember answers GET /api/v1/family/members/{id}.
func (s *site) apiMember(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Members.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	out := memberDetailObject{
		memberObject: memberOf(found.Member), Ceiling: ceilingOrNull(found.Ceiling),
		Sessions: each(found.Sessions, func(one models.Session) sessionObject { return sessionObjectOf(one, 0) }),
		Links:    each(found.Links, linkOf), Invites: each(found.Invites, inviteOf),
	}
	if found.Leaving != "" {
		out.Leaving = &found.Leaving
	}
	return answerJSON(c, http.StatusOK, out)
}

// apiDeleteMember answers DELETE /api/v1/family/members/{id}.
func (s *site) apiDeleteMember(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err == nil {
		err = noBody(c)
	}
	if err != nil {
		return err
	}
	return done(c, s.Store.Members.Delete(c.Request.Context(), session.AccountID, id))
}

// apiEndMemberSessions answers POST /api/v1/family/members/{id}/sessions/end-all.
func (s *site) apiEndMemberSessions(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Members.EndSessions(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiSetMemberPassword answers PUT /api/v1/family/members/{id}/password. An empty password removes it.
func (s *site) apiSetMemberPassword(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Password *string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	return s.setMember(c, session, "password", in.Password, s.Store.Members.SetPassword)
}

// apiSetMemberPIN answers PUT /api/v1/family/members/{id}/pin. An empty PIN removes it.
func (s *site) apiSetMemberPIN(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		PIN *string `json:"pin"`
	}](c)
	if err != nil {
		return err
	}
	return s.setMember(c, session, "pin", in.PIN, s.Store.Members.SetPIN)
}

// apiLetMemberGo answers POST /api/v1/family/members/{id}/let-go.
func (s *site) apiLetMemberGo(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Email *string `json:"email"`
	}](c)
	if err != nil {
		return err
	}
	return s.setMember(c, session, "email", in.Email, s.Store.Members.LetGo)
}

// apiTakeBackLetGo answers DELETE /api/v1/family/members/{id}/let-go.
func (s *site) apiTakeBackLetGo(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Members.TakeBackLetGo(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiSetMemberPicture answers PUT /api/v1/family/members/{id}/picture, whose body is the file of a picture.
func (s *site) apiSetMemberPicture(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	file, err := s.readPicture(c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Members.SetPicture(c.Request.Context(), session.AccountID, id, file, caller(c)))
}

// apiRemoveMemberPicture answers DELETE /api/v1/family/members/{id}/picture.
func (s *site) apiRemoveMemberPicture(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Members.RemovePicture(c.Request.Context(), session.AccountID, id, caller(c)))
}

// setMember calls set with the value of a member of the body, which must be there.
func (s *site) setMember(c *gin.Context, session models.Session, name string, value *string,
	set func(ctx context.Context, guardianID, memberID int64, value string, caller models.Caller) error,
) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	if value == nil {
		return needed(name, "")
	}
	return done(c, set(c.Request.Context(), session.AccountID, id, *value, caller(c)))
}

// apiEndMemberSession answers DELETE /api/v1/family/members/{id}/sessions/{session_id}.
func (s *site) apiEndMemberSession(c *gin.Context, session models.Session) error {
	return s.partOfMember(c, session, "session_id", s.Store.Members.EndSession)
}

// apiAcceptMemberLink answers POST /api/v1/family/members/{id}/links/{link_id}/accept.
func (s *site) apiAcceptMemberLink(c *gin.Context, session models.Session) error {
	return s.partOfMember(c, session, "link_id", s.Store.Members.AcceptLink)
}

// apiRemoveMemberLink answers DELETE /api/v1/family/members/{id}/links/{link_id}.
func (s *site) apiRemoveMemberLink(c *gin.Context, session models.Session) error {
	return s.partOfMember(c, session, "link_id", s.Store.Members.RemoveLink)
}

// apiAcceptMemberInvite answers POST /api/v1/family/members/{id}/invites/{invite_id}/accept.
func (s *site) apiAcceptMemberInvite(c *gin.Context, session models.Session) error {
	return s.partOfMember(c, session, "invite_id", s.Store.Members.AcceptInvite)
}

// apiDeclineMemberInvite answers POST /api/v1/family/members/{id}/invites/{invite_id}/decline.
func (s *site) apiDeclineMemberInvite(c *gin.Context, session models.Session) error {
	return s.partOfMember(c, session, "invite_id", s.Store.Members.DeclineInvite)
}

// partOfMember calls do with the id of the member and the id of a session, a link or an invite in the path.
func (s *site) partOfMember(c *gin.Context, session models.Session, name string,
	do func(ctx context.Context, guardianID, memberID, id int64, caller models.Caller) error,
) error {
	id, partID, err := part(c, name)
	if err != nil {
		return err
	}
	return done(c, do(c.Request.Context(), session.AccountID, id, partID, caller(c)))
}

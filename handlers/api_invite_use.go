package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// sentInvite is an invite as its owner sees it: with the people who have accepted it.
type sentInvite struct {
	inviteObject
	AnsweredAt *time.Time  `json:"answered_at"` // null while nobody has answered or withdrawn it
	UsedBy     []inviteUse `json:"used_by"`
}

// inviteUse is a person who has accepted an invite.
type inviteUse struct {
	Username string    `json:"username"`
	UsedAt   time.Time `json:"used_at"`
}

func sentInviteOf(i models.Invite) sentInvite {
	return sentInvite{
		inviteObject: inviteOf(i), AnsweredAt: moment(i.AnsweredAt),
		UsedBy: each(i.UsedBy, func(u models.InviteUse) inviteUse { return inviteUse{u.Username, u.At} }),
	}
}

// apiInvites answers GET /api/v1/invites, the newest invite first.
func (s *site) apiInvites(c *gin.Context, session models.Session) error {
	asked, err := s.pageAsked(c, "invites", idText(session.AccountID))
	if err != nil {
		return err
	}
	found, err := s.Store.Invites.Sent(c.Request.Context(), session.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, sentInviteOf, func(i models.Invite) string { return idText(i.ID) })
}

// apiInvitesOfServer answers GET /api/v1/servers/{id}/invites with the invites that can be accepted
// there, or, if ended=true, with all other invites to the server. The newest is the first.
func (s *site) apiInvitesOfServer(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	text, given, err := parameter(c, "ended")
	if err != nil {
		return err
	}
	ended := text == "true"
	if given && !ended && text != "false" {
		return oneMistake("ended", "parameter_invalid")
	}
	asked, err := s.pageAsked(c, "invites of a server", idText(id), idText(session.AccountID), text)
	if err != nil {
		return err
	}
	found, err := s.Store.Invites.ListOfServer(c.Request.Context(), session.AccountID, id, ended, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, sentInviteOf, func(i models.Invite) string { return idText(i.ID) })
}

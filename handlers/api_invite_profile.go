package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteProfileObject is a ready set of choices for the invites to a server.
type inviteProfileObject struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Libraries  []libraryObject `json:"libraries"` // null if the server decides
	Uses       int             `json:"uses"`
	InviteDays int             `json:"invite_days"`
	LinkDays   int             `json:"link_days"` // 0 for no end
}

func inviteProfileOf(p models.InviteProfile) inviteProfileObject {
	return inviteProfileObject{
		ID: idText(p.ID), Name: p.Name, Libraries: choiceOf(p.Libraries), Uses: p.Uses, InviteDays: p.InviteDays, LinkDays: p.LinkDays,
	}
}

// apiInviteProfiles answers GET /api/v1/servers/{id}/invite-profiles.
func (s *site) apiInviteProfiles(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.InviteProfiles.List(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerList(c, "profiles", found, inviteProfileOf)
}

// usualInviteDays is the number of days for which an invite can be accepted if it does not say
// another number. The rule itself is in models.
const usualInviteDays = 14

// readInviteProfile reads the choices of a profile. An absent member gets the value that an invite
// without this member has.
func readInviteProfile(c *gin.Context) (models.InviteProfile, error) {
	in, err := readJSON[struct {
		Name       string   `json:"name"`
		Libraries  []string `json:"libraries"`
		Uses       *int     `json:"uses"`
		InviteDays *int     `json:"invite_days"`
		LinkDays   int      `json:"link_days"`
	}](c)
	if err != nil {
		return models.InviteProfile{}, err
	}
	libraries, err := chosenLibraries(in.Libraries)
	return models.InviteProfile{
		Name: in.Name, Libraries: libraries, Uses: given(in.Uses, 1), InviteDays: given(in.InviteDays, usualInviteDays), LinkDays: in.LinkDays,
	}, err
}

// apiMakeInviteProfile answers POST /api/v1/servers/{id}/invite-profiles.
func (s *site) apiMakeInviteProfile(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readInviteProfile(c)
	if err != nil {
		return err
	}
	in.ServerID = id
	made, err := s.Store.InviteProfiles.Make(c.Request.Context(), session.AccountID, in)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, inviteProfileOf(made))
}

// apiChangeInviteProfile answers PUT /api/v1/servers/{id}/invite-profiles/{profile_id}: all choices
// are replaced.
func (s *site) apiChangeInviteProfile(c *gin.Context, session models.Session) error {
	id, profileID, err := part(c, "profile_id")
	if err != nil {
		return err
	}
	in, err := readInviteProfile(c)
	if err != nil {
		return err
	}
	in.ServerID, in.ID = id, profileID
	saved, err := s.Store.InviteProfiles.Change(c.Request.Context(), session.AccountID, in)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, inviteProfileOf(saved))
}

// apiDeleteInviteProfile answers DELETE /api/v1/servers/{id}/invite-profiles/{profile_id}.
func (s *site) apiDeleteInviteProfile(c *gin.Context, session models.Session) error {
	id, profileID, err := part(c, "profile_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.InviteProfiles.Delete(c.Request.Context(), session.AccountID, id, profileID))
}

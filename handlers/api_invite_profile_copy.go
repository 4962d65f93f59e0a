package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiCopyInviteProfile answers POST /api/v1/servers/{id}/invite-profiles/{profile_id}/copy: the profile is
// saved for another server of the owner, too.
func (s *site) apiCopyInviteProfile(c *gin.Context, session models.Session) error {
	id, profileID, err := part(c, "profile_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		ServerID string `json:"server_id"`
	}](c)
	if err != nil {
		return err
	}
	to, err := idOf(in.ServerID)
	if err != nil {
		return err
	}
	made, err := s.Store.InviteProfiles.Copy(c.Request.Context(), session.AccountID, id, profileID, to)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		Profile inviteProfileObject `json:"profile"`
		Missing []libraryObject     `json:"missing"`
	}{inviteProfileOf(made.Profile), each(made.Missing, libraryOf)})
}

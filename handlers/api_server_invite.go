package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiServerInvite answers POST /api/v1/server/invites: an invite in the name of
// the owner, to this server alone.
func (s *site) apiServerInvite(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		To        string     `json:"to"`
		Type      string     `json:"type"`
		Note      string     `json:"note"`
		LocalUser string     `json:"local_user"` // the id that the media server uses
		Libraries []string   `json:"libraries"`
		EndsAt    *time.Time `json:"ends_at"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	wanted := models.ServerInvite{To: in.To, Type: in.Type, Note: in.Note, LocalUserID: in.LocalUser, IdempotencyKey: key}
	if wanted.Libraries, err = chosenLibraries(in.Libraries); err != nil {
		return err
	}
	if wanted.EndsAt, err = endOf(in.EndsAt); err != nil {
		return err
	}
	made, err := s.Store.Agents.InviteHere(c.Request.Context(), this, wanted, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, inviteOf(made))
}

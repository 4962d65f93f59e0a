package handlers

import (
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// agentLink is a link as the agent of its server sees it.
type agentLink struct {
	ID              string          `json:"id"`
	AccountID       string          `json:"account_id"`
	Username        string          `json:"username"`
	DisplayName     string          `json:"display_name"`
	LocalUser       *localUserRef   `json:"local_user"` // with the id that the media server uses
	Type            string          `json:"type"`
	Status          string          `json:"status"`
	Active          bool            `json:"active"`
	Libraries       []libraryObject `json:"libraries"` // null if the server decides
	EndsAt          *time.Time      `json:"ends_at"`
	AccessKeySHA256 string          `json:"access_key_sha256"` // "" while the link is pending
	DeviceKeys      bool            `json:"device_keys"`       // each session has a key of its own
	SessionMark     *string         `json:"session_mark"`      // above the ids of all sessions so far; null without device keys
	Levels          *agentLevels    `json:"levels"`            // null if nothing limits the link
	Pause           *agentPause     `json:"pause"`             // null for a link that is not paused
	HandResetAt     *time.Time      `json:"hand_reset_at"`
}

func (s *site) agentLinkOf(l models.AgentLink) agentLink {
	out := agentLink{
		ID: idText(l.ID), AccountID: idText(l.AccountID), Username: l.Username, DisplayName: l.DisplayName, Type: l.Type, Status: l.State,
		Active: l.Active, Libraries: choiceOf(l.Libraries), EndsAt: moment(l.EndsAt),
		Levels: s.agentLevelsOf(l.Levels), DeviceKeys: l.DeviceKeys, SessionMark: idOrNull(l.SessionMark),
		Pause: agentPauseOf(l.Pause), HandResetAt: moment(l.HandResetAt),
	}
	if l.LocalUserID != "" {
		out.LocalUser = &localUserRef{l.LocalUserID, l.LocalUserName}
	}
	if l.State == models.LinkAccepted {
		out.AccessKeySHA256 = hex.EncodeToString(l.AccessKeyHash[:])
	}
	return out
}

// apiAgentLinks answers GET /api/v1/server/links.
func (s *site) apiAgentLinks(c *gin.Context, this models.Server) error {
	found, err := s.Store.Agents.LinksOf(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerList(c, "links", found, s.agentLinkOf)
}

// apiAskForLink answers POST /api/v1/server/links.
func (s *site) apiAskForLink(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		To          string `json:"to"`
		LocalUser   string `json:"local_user"`
		Type        string `json:"type"`
		RequestedBy string `json:"requested_by"`
	}](c)
	if err != nil {
		return err
	}
	err = needed("to", in.To)
	if in.Type != models.LinkLinked && in.Type != models.LinkGuest {
		err = joinMistakes(err, oneMistake("type", "type_invalid"))
	}
	if err != nil {
		return err
	}
	link, err := s.Store.Agents.AskFor(c.Request.Context(), this, models.AskLink{
		Username: in.To, LocalUserID: in.LocalUser, Type: in.Type, RequestedBy: in.RequestedBy,
	})
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, s.agentLinkOf(link))
}

// apiEndLink answers DELETE /api/v1/server/links/{id}.
func (s *site) apiEndLink(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Agents.RemoveLink(c.Request.Context(), this, id))
}

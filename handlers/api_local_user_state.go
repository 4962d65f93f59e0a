package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// agentProgram is the beginning of the User-Agent header of an agent. The version of the agent
// follows.
const agentProgram = "latchkey-agent/"

// toldLocalUser is the state of a local user as an agent tells it.
type toldLocalUser struct {
	ID      string     `json:"id"` // the id that the media server uses
	SeenAt  *time.Time `json:"seen_at"`
	Devices int        `json:"devices"`
	KeptOut []string   `json:"kept_out"`
}

func (u toldLocalUser) read() models.LocalUserState {
	state := models.LocalUserState{ExternalID: u.ID, Devices: u.Devices, KeptOut: u.KeptOut}
	if u.SeenAt != nil {
		state.SeenAt = *u.SeenAt
	}
	return state
}

// apiTellLocalUsers answers PUT /api/v1/server/local-users.
func (s *site) apiTellLocalUsers(c *gin.Context, this models.Server) error {
	in, err := readJSONUpTo[struct {
		NeedsQuickConnect bool            `json:"needs_quick_connect"`
		LocalUsers        []toldLocalUser `json:"local_users"`
	}](c, maxReport)
	if err != nil {
		return err
	}
	version, _ := strings.CutPrefix(c.Request.UserAgent(), agentProgram)
	if version == c.Request.UserAgent() {
		version = "" // another program
	}
	facts := models.AgentFacts{Version: version, NeedsQuickConnect: in.NeedsQuickConnect}
	if err := s.Store.Agents.TellLocalUserStates(c.Request.Context(), this, facts, each(in.LocalUsers, toldLocalUser.read)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

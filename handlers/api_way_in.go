package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// wayInObject says why a person cannot get in.
type wayInObject struct {
	Broken     *wayStepObject  `json:"broken"` // null if nothing that is known keeps the person out
	Steps      []wayStepObject `json:"steps"`
	LastSeenAt time.Time       `json:"last_seen_at"` // when the server called last
	StatesAt   *time.Time      `json:"states_at"`    // when its agent told the states of local users last
}

// wayStepObject is one of the steps that a person needs to get in.
type wayStepObject struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func wayStepOf(s models.WayStep) wayStepObject { return wayStepObject(s) }

// apiWayIn answers GET /api/v1/servers/{id}/roster/{entry_id}/way-in.
func (s *site) apiWayIn(c *gin.Context, session models.Session) error {
	id, entryID, err := part(c, "entry_id")
	if err != nil {
		return err
	}
	way, err := s.Store.Roster.WayIn(c.Request.Context(), session.AccountID, id, entryID)
	if err != nil {
		return err
	}
	out := wayInObject{Steps: each(way.Steps, wayStepOf), LastSeenAt: way.Server.LastSeenAt, StatesAt: moment(way.StatesAt)}
	if broken := way.Broken(); broken.Name != "" {
		out.Broken = &wayStepObject{broken.Name, broken.State, broken.Reason}
	}
	return answerJSON(c, http.StatusOK, out)
}

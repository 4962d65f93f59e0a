package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// pauseObject says for how long the owner of a server has paused a link.
type pauseObject struct {
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until"` // null if it lasts until the owner ends it
}

// pauseOf returns a pause, or nil for a link that is not paused.
func pauseOf(p models.Pause) *pauseObject {
	if !p.On() {
		return nil
	}
	return &pauseObject{p.Since, moment(p.Until)}
}

// agentPause is a pause as an agent sees it.
type agentPause struct {
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"`
	Active bool       `json:"active"` // what active of the link is without the pause
}

func agentPauseOf(p *models.AgentPause) *agentPause {
	if p == nil {
		return nil
	}
	return &agentPause{p.Since, moment(p.Until), p.Active}
}

// stayObject has the facts and the choices of the owner of a server about the stay of one person.
type stayObject struct {
	LinkID   string       `json:"link_id"`
	Username string       `json:"username"`
	Type     string       `json:"type"`
	EndsAt   *time.Time   `json:"ends_at"`
	Pause    *pauseObject `json:"pause"`
	Hand     []string     `json:"hand"` // what was changed by hand at the media server
	HandKept bool         `json:"hand_kept"`
}

// apiStay answers GET /api/v1/servers/{id}/people/{link_id}/stay.
func (s *site) apiStay(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	found, err := s.Store.Stays.Get(c.Request.Context(), session.AccountID, id, linkID)
	if err != nil {
		return err
	}
	kind := models.LinkLinked
	if found.Guest {
		kind = models.LinkGuest
	}
	return answerJSON(c, http.StatusOK, stayObject{
		LinkID: idText(found.LinkID), Username: found.Username, Type: kind, EndsAt: moment(found.EndsAt), Pause: pauseOf(found.Pause),
		Hand: notNull(found.Hand), HandKept: found.HandKept,
	})
}

// apiPause answers PUT /api/v1/servers/{id}/people/{link_id}/pause.
func (s *site) apiPause(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Until *time.Time `json:"until"`
	}](c)
	if err != nil {
		return err
	}
	var until time.Time
	if in.Until != nil {
		until = in.Until.Add(time.Nanosecond) // so that the zero time is a time that is over
	}
	return done(c, s.Store.Stays.Pause(c.Request.Context(), session.AccountID, id, linkID, until))
}

// apiResume answers DELETE /api/v1/servers/{id}/people/{link_id}/pause.
func (s *site) apiResume(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.Stays.Resume(c.Request.Context(), session.AccountID, id, linkID))
}

// stayEndObject is the new end of a stay that was prolonged.
type stayEndObject struct {
	EndsAt time.Time `json:"ends_at"`
}

// apiExtend answers POST /api/v1/servers/{id}/people/{link_id}/extend.
func (s *site) apiExtend(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	end, err := s.Store.Stays.Extend(c.Request.Context(), session.AccountID, id, linkID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, stayEndObject{end})
}

// apiAnswerHand answers POST /api/v1/servers/{id}/people/{link_id}/hand.
func (s *site) apiAnswerHand(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Keep *bool `json:"keep"`
	}](c)
	if err != nil {
		return err
	}
	if in.Keep == nil {
		return oneMistake("keep", "field_required")
	}
	return done(c, s.Store.Stays.AnswerHand(c.Request.Context(), session.AccountID, id, linkID, *in.Keep))
}

// apiExtendByMail answers POST /api/v1/stays/extend.
func (s *site) apiExtendByMail(c *gin.Context) error {
	token, err := readToken(c)
	if err != nil {
		return err
	}
	offer, err := s.Store.Stays.ExtendByMail(c.Request.Context(), token, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, stayEndObject{offer.Until})
}

// apiTellHand answers PUT /api/v1/server/hand.
func (s *site) apiTellHand(c *gin.Context, this models.Server) error {
	in, err := readJSONUpTo[struct {
		Links []struct {
			LinkID string   `json:"link_id"`
			Hand   []string `json:"hand"`
		} `json:"links"`
	}](c, maxReport)
	if err != nil {
		return err
	}
	if in.Links == nil {
		return oneMistake("links", "field_required")
	}
	states := make([]models.HandState, 0, len(in.Links))
	for _, one := range in.Links {
		if one.LinkID == "" {
			return oneMistake("links", "field_required")
		}
		if id := models.ParseID(one.LinkID); id != 0 {
			states = append(states, models.HandState{LinkID: id, Hand: one.Hand})
		}
	}
	return done(c, s.Store.Agents.TellHand(c.Request.Context(), this, states))
}

package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverSummaryObject has the facts that an owner has to know about a server.
type serverSummaryObject struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Kind         string     `json:"kind"`
	Version      string     `json:"version"`
	AgentVersion string     `json:"agent_version"`
	Away         bool       `json:"away"`
	LastSeenAt   time.Time  `json:"last_seen_at"`
	UpSince      *time.Time `json:"up_since"`
	StatesAt     *time.Time `json:"states_at"`
	People       int        `json:"people"`
	Pending      int        `json:"pending"`
	KeptOut      int        `json:"kept_out"`
	NotAllowed   int        `json:"not_allowed"`
	Free         int        `json:"free"`
	Invites      int        `json:"invites"`
	Troubles     []string   `json:"troubles"`
}

// apiServerSummary answers GET /api/v1/servers/{id}/summary.
func (s *site) apiServerSummary(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	sum, err := s.Store.Servers.Summary(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, serverSummaryObject{
		ID: idText(sum.ID), Name: sum.Name, Kind: sum.Kind, Version: sum.Version, AgentVersion: sum.AgentVersion, Away: sum.Away,
		LastSeenAt: sum.LastSeenAt, UpSince: moment(sum.UpSince), StatesAt: moment(sum.StatesAt),
		People: sum.People, Pending: sum.Pending, KeptOut: sum.KeptOut, NotAllowed: sum.NotAllowed, Free: sum.Free, Invites: sum.Invites,
		Troubles: append([]string{}, sum.Troubles()...),
	})
}

package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// thisServer is a server as its agent sees it.
type thisServer struct {
	ID              string          `json:"id"`
	SystemID        string          `json:"system_id"`
	Name            string          `json:"name"`
	OwnName         string          `json:"own_name"` // the name that the owner gave it; "" if the owner gave none
	Owner           *string         `json:"owner"`    // a username; null while nobody has claimed the server
	TimeZone        string          `json:"time_zone"`
	Version         string          `json:"version"`
	SelfService     bool            `json:"self_service"`
	ChangeSeq       int64           `json:"change_seq"`
	AcknowledgedSeq int64           `json:"acknowledged_seq"`
	KeyExpiresAt    *time.Time      `json:"key_expires_at"`  // when the key of this request expires; null unless it has been replaced
	KeyHandedOver   bool            `json:"key_handed_over"` // a former owner may know that key: the agent fetches one of its own
	Addresses       []addressObject `json:"addresses"`
	SeenAs          string          `json:"seen_as"`
}

// seenAs returns the address that the request came from, or "" if it is
// unknown.
func seenAs(c *gin.Context) string { return addressText(visitOf(c).address) }

// apiThisServer answers GET /api/v1/server.
func (s *site) apiThisServer(c *gin.Context, this models.Server) error {
	state, err := s.Store.Agents.State(c.Request.Context(), this)
	if err != nil {
		return err
	}
	out := thisServer{
		ID: idText(this.ID), SystemID: this.SystemID, Name: this.Name, OwnName: this.OwnName, Version: this.Version,
		SelfService: this.SelfService, ChangeSeq: this.ChangeSeq, AcknowledgedSeq: this.AckedSeq, KeyExpiresAt: moment(this.KeyExpiresAt),
		KeyHandedOver: this.KeyHandedOver, TimeZone: state.TimeZone,
		Addresses: []addressObject{}, SeenAs: seenAs(c),
	}
	if state.Owner != "" {
		out.Owner = &state.Owner
	}
	for _, a := range state.Addresses {
		if !a.Hidden {
			out.Addresses = append(out.Addresses, addressObject{a.Kind, a.URL()})
		}
	}
	return answerJSON(c, http.StatusOK, out)
}

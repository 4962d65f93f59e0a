package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// linkObject is a link as its person sees it. Only the list of servers has its
// access key.
type linkObject struct {
	ID          string       `json:"id"`
	Status      string       `json:"status"` // pending or accepted
	Type        string       `json:"type"`   // linked or guest
	Server      linkServer   `json:"server"`
	RequestedBy string       `json:"requested_by"` // as the server tells it
	CreatedAt   time.Time    `json:"created_at"`
	AcceptedAt  *time.Time   `json:"accepted_at"`
	EndsAt      *time.Time   `json:"ends_at"`
	Pause       *pauseObject `json:"pause"`     // null for a link that is not paused
	WaitsFor    string       `json:"waits_for"` // why the agent does not create the local user of a guest
}

type linkServer struct {
	ID       string `json:"id"`
	SystemID string `json:"system_id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Disabled bool   `json:"disabled"` // the server cannot be opened, but a person can still leave it
}

func linkOf(l models.Link) linkObject {
	return linkObject{
		ID: idText(l.ID), Status: l.State, Type: l.Type, RequestedBy: l.RequestedBy,
		Server: linkServer{
			ID: idText(l.ServerID), SystemID: l.Server.SystemID, Name: l.Server.Name, Kind: l.Server.Kind, Disabled: l.ServerDisabled,
		},
		CreatedAt: l.CreatedAt.UTC(), AcceptedAt: moment(l.AcceptedAt), EndsAt: moment(l.EndsAt), WaitsFor: l.WaitsFor, Pause: pauseOf(l.Pause),
	}
}

// apiLinks answers GET /api/v1/links: pending links, accepted ones, or both
// without the parameter status. Links to disabled servers are included, so that
// people can leave them.
func (s *site) apiLinks(c *gin.Context, session models.Session) error {
	states, err := linkStates(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	links := []linkObject{}
	for _, state := range states {
		found, err := s.Store.Links.List(c.Request.Context(), session.AccountID, state)
		if err != nil {
			return err
		}
		for _, one := range found {
			links = append(links, linkOf(one))
		}
	}
	return answerJSON(c, http.StatusOK, struct {
		Links []linkObject `json:"links"`
	}{links})
}

// linkStates reads the parameter status. A misspelled value is refused: if it were ignored,
// the list would be longer than the program expects.
func linkStates(query string) ([]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", refuse(http.StatusBadRequest, "bad_request"), err)
	}
	given, found := values["status"]
	switch {
	case found && len(values) > 1 || !found && len(values) > 0:
		return nil, refuse(http.StatusBadRequest, "bad_request")
	case !found:
		return []string{models.LinkPending, models.LinkAccepted}, nil
	case len(given) == 1 && (given[0] == models.LinkPending || given[0] == models.LinkAccepted):
		return given, nil
	default:
		return nil, oneMistake("status", "status_invalid")
	}
}

// apiAcceptLink answers POST /api/v1/links/{id}/accept.
func (s *site) apiAcceptLink(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Links.Accept(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiDeclineLink answers POST /api/v1/links/{id}/decline. A link that is no longer pending
// gets the error of a link that does not exist.
func (s *site) apiDeclineLink(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Links.Decline(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiRemoveLink answers DELETE /api/v1/links/{id}.
func (s *site) apiRemoveLink(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Links.Remove(c.Request.Context(), session.AccountID, id, caller(c)))
}

package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// linkObject is a link as its person sees it. The access key is told with the
// list of servers alone.
type linkObject struct {
	ID          string     `json:"id"`
	Status      string     `json:"status"` // pending or accepted
	Type        string     `json:"type"`   // linked or guest
	Server      linkServer `json:"server"`
	RequestedBy string     `json:"requested_by"` // as the server says
	CreatedAt   time.Time  `json:"created_at"`
	AcceptedAt  *time.Time `json:"accepted_at"`
	EndsAt      *time.Time `json:"ends_at"`
}

type linkServer struct {
	ID       string `json:"id"`
	SystemID string `json:"system_id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Disabled bool   `json:"disabled"` // nobody is led to it, but a link to it can be left
}

func linkOf(l models.Link) linkObject {
	return linkObject{
		ID: idText(l.ID), Status: l.State, Type: l.Type, RequestedBy: l.RequestedBy,
		Server: linkServer{
			ID: idText(l.ServerID), SystemID: l.SystemID, Name: l.ServerName, Kind: l.ServerKind, Disabled: l.ServerDisabled,
		},
		CreatedAt: l.CreatedAt.UTC(), AcceptedAt: moment(l.AcceptedAt), EndsAt: moment(l.EndsAt),
	}
}

// apiLinks answers GET /api/v1/links: with status=pending the invitations, with
// status=accepted what was accepted, without it both. Links to servers that are
// shut out are among them: they can be left.
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

// linkStates reads which links a query asks for. What is misspelled is refused:
// it would ask for more than was meant.
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

// apiDeclineLink answers POST /api/v1/links/{id}/decline. A link that is not
// pending any more is not found.
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

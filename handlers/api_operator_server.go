package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatedServer is a server as operators see it in the list.
type operatedServer struct {
	ID           string     `json:"id"`
	SystemID     string     `json:"system_id"`
	Name         string     `json:"name"`
	ReportedName string     `json:"reported_name"`
	Kind         string     `json:"kind"`
	Version      string     `json:"version"`
	Owner        *string    `json:"owner"` // a username; null while nobody has claimed the server
	CreatedAt    time.Time  `json:"created_at"`
	ClaimedAt    *time.Time `json:"claimed_at"`
	LastSeenAt   time.Time  `json:"last_seen_at"`
	DisabledAt   *time.Time `json:"disabled_at"`
}

// operatedServerDetail is one server as operators see it. The answer does not have the
// names of the server's people, because these concern only the owner and the people
// themselves.
type operatedServerDetail struct {
	operatedServer
	Addresses []operatedAddress `json:"addresses"`
	People    int               `json:"people"`
	Pending   int               `json:"pending"`
	Invites   int               `json:"invites"`
}

type operatedAddress struct {
	Kind    string `json:"kind"`
	URL     string `json:"url"`
	Hidden  bool   `json:"hidden"`
	ByOwner bool   `json:"by_owner"`
}

func operatedServerOf(o models.OperatedServer) operatedServer {
	out := operatedServer{
		ID: idText(o.ID), SystemID: o.SystemID, Name: o.Name, ReportedName: o.ReportedName, Kind: o.Kind, Version: o.Version,
		CreatedAt: o.CreatedAt.UTC(), ClaimedAt: moment(o.ClaimedAt), LastSeenAt: o.LastSeenAt.UTC(), DisabledAt: moment(o.DisabledAt),
	}
	if o.Owner != "" {
		out.Owner = &o.Owner
	}
	return out
}

// apiOperatedServers answers GET /api/v1/operator/servers, in the order of
// registration. With the parameter state it lists those in one state.
func (s *site) apiOperatedServers(c *gin.Context) error {
	state, err := stateAsked(c, models.ServerStates())
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "servers", state)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedServers.List(c.Request.Context(), models.ServersAsk{State: state, After: asked.afterID(), Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, operatedServerOf, func(o models.OperatedServer) string { return idText(o.ID) })
}

// apiOperatedServer answers GET /api/v1/operator/servers/{id}.
func (s *site) apiOperatedServer(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedServers.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	out := operatedServerDetail{
		operatedServer: operatedServerOf(found), Invites: found.Invites,
		Addresses: each(found.Addresses, func(a models.Address) operatedAddress {
			return operatedAddress{Kind: a.Kind, URL: a.URL(), Hidden: a.Hidden, ByOwner: a.ByOwner}
		}),
	}
	for _, link := range found.Links {
		if link.State == models.LinkAccepted {
			out.People++
		} else {
			out.Pending++
		}
	}
	return answerJSON(c, http.StatusOK, out)
}

// apiOperatorServerRoutes registers the operations of operators on servers.
func (s *site) apiOperatorServerRoutes(r *gin.Engine, servers string) {
	s.get(r, servers, nil, s.withOperator(s.apiOperatedServers))
	s.get(r, servers+"/:id", nil, s.withOperator(s.apiOperatedServer))
	r.POST(servers+"/:id/disable", s.operating(func(store *models.Store) operation { return store.OperatedServers.Disable }))
	r.POST(servers+"/:id/enable", s.operating(func(store *models.Store) operation { return store.OperatedServers.Enable }))
	r.DELETE(servers+"/:id", s.operating(func(store *models.Store) operation { return store.OperatedServers.Remove }))
}

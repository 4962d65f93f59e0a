package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorServersPage is the data of templates/pages/operator_servers.html.
type operatorServersPage struct {
	operatorPage
	State   string // what the list is filtered by; "" for all
	Filters []serverPart
	Servers []operatedServerView
	Turns   turnsView
}

// operatedServerView is a server as operators see it.
type operatedServerView struct {
	Href, Name, ReportedName string
	Face                     face
	Owner                    string // username; "" while nobody has claimed it
	OwnerHref                string
	Agent                    bool
	Version                  string
	Away, Disabled           bool
	SeenAt, CreatedAt        time.Time
	People                   int
}

// operatorServerPage is the data of templates/pages/operator_server.html. It does not say who the people of a server
// are: that concerns them and the owner.
type operatorServerPage struct {
	operatorPage
	Of               operatedServerView
	SystemID         string
	Addresses        []operatedAddressView
	Pending, Invites int
	List             operatorActList
}

// operatedAddressView is an address of a server.
type operatedAddressView struct {
	URL    string
	Hidden bool
}

const operatorServersOnPage = 20

func operatedServerPath(id string) string { return operatorPath + "/servers/" + id }

// operatorServers answers GET /admin/servers.
func (s *site) operatorServers(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	ask := models.ServersAsk{State: queryValue(c, "state")}
	if ask.State != "" && !slices.Contains(models.ServerStates(), ask.State) {
		return models.ErrNotFound
	}
	asked, err := s.pageTurned(c, operatorServersOnPage, "servers of operators", ask.State)
	if err != nil {
		return err
	}
	ask.After, ask.Most = asked.afterID(), asked.more()
	found, err := s.Store.OperatedServers.List(c.Request.Context(), ask)
	if err != nil {
		return err
	}
	page := operatorServersPage{operatorPage: s.operatorBase(c, "operator_servers", "servers", mistakes{status: http.StatusOK}), State: ask.State}
	page.Filters = operatorFilters("servers", ask.State, nil, append([]string{""}, models.ServerStates()...), []string{
		page.T("operator.filter.all"), page.T("operator.filter.away"), page.T("operator.filter.unclaimed"), page.T("operator.filter.disabled"),
	})
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = operatorTurns(page.Base, "servers", map[string]string{"state": ask.State}, asked, next)
	for i := range found {
		page.Servers = append(page.Servers, s.operatedServerView(&found[i]))
	}
	return s.render(c, http.StatusOK, "operator_servers", page)
}

func (s *site) operatedServerView(one *models.OperatedServer) operatedServerView {
	view := operatedServerView{
		Href: operatedServerPath(idText(one.ID)), Name: one.Name, ReportedName: one.ReportedName, Face: faceOf(one.Name, one.ID, pictureAddress(one.Picture)),
		Owner: one.Owner, Agent: one.Kind == models.ServerAgent, Version: one.Version, Disabled: !one.DisabledAt.IsZero(),
		SeenAt: one.LastSeenAt, CreatedAt: one.CreatedAt, People: one.People,
	}
	view.Away = view.Agent && !view.Disabled && s.Store.Now().Sub(one.LastSeenAt) >= models.AwayAfter
	if one.Owner != "" {
		view.OwnerHref = operatedAccountPath(idText(one.OwnerID))
	}
	return view
}

// operatorServer answers GET /admin/servers/ID.
func (s *site) operatorServer(c *gin.Context) error { return s.showOperatorServer(c, nil) }

func (s *site) showOperatorServer(c *gin.Context, cause error) error {
	_, id, wrong, err := s.operatorRecord(c, cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := s.Store.OperatedServers.Get(ctx, id)
	if err != nil {
		return err
	}
	const actsShown = 10
	acts, err := s.Store.Console.Acts(ctx, models.ActsAsk{ServerID: id, Most: actsShown})
	if err != nil {
		return err
	}
	page := operatorServerPage{
		operatorPage: s.operatorBase(c, "operator_server", "servers", wrong), Of: s.operatedServerView(&found), SystemID: found.SystemID,
		Invites: found.Invites,
	}
	for _, link := range found.Links {
		if link.State == models.LinkAccepted {
			page.Of.People++
		} else {
			page.Pending++
		}
	}
	for _, address := range found.Addresses {
		page.Addresses = append(page.Addresses, operatedAddressView{address.URL(), address.Hidden})
	}
	page.List = page.actList(acts)
	return s.render(c, wrong.status, "operator_server", page)
}

// operatorServerActs returns the acts on servers, by the end of their addresses.
func operatorServerActs() map[string]operatorAct {
	return map[string]operatorAct{
		"disable": {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedServers.Disable }},
		"enable":  {pick: func(store *models.Store) operation { return store.OperatedServers.Enable }},
		"remove":  {dangerous: true, pick: func(store *models.Store) operation { return store.OperatedServers.Remove }, leads: operatorPath + "/servers"},
	}
}

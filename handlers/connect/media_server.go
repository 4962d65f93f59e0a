package connect

import (
	"errors"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// registeredServer is the answer to a registration (§3.2). No other answer has
// the key.
type registeredServer struct {
	ID        string `json:"Id"`
	URL       string `json:"Url"`
	Name      string
	AccessKey string `json:",omitempty"`
}

// registerServer registers a media server, or updates it if the request has an id (§3.2,
// §3.3). If the answer says that the id is unknown or the key is wrong, a server registers
// again, so a fault of this service must not have the same answer.
func registerServer(c *call) (any, error) {
	in := models.Registration{
		Name: c.params["name"], SystemID: c.params["systemid"], Version: c.client(), Kind: models.ServerEmby,
		WAN: []string{c.params["url"]}, LAN: []string{c.params["localaddress"]}, ClaimCode: c.params["claimcode"],
	}
	if c.params["id"] != "" {
		return updateServer(c, in)
	}
	done, err := c.Store.Registrations.Register(c.request.Context(), in, c.caller())
	if err != nil {
		return nil, err
	}
	return registeredServer{ID: models.FormatID(done.Server.ID), URL: c.params["url"], Name: done.Server.ReportedName, AccessKey: done.Key}, nil
}

func updateServer(c *call, in models.Registration) (any, error) {
	server, err := c.server()
	switch {
	case errors.Is(err, models.ErrNoServer) && c.one("X-Connect-Token") != "":
		return nil, models.ErrNotFound
	case err != nil:
		return nil, err
	case c.params["id"] != models.FormatID(server.ID):
		return nil, models.ErrNotFound
	}
	done, err := c.Store.Registrations.Update(c.request.Context(), server, in)
	if err != nil {
		return nil, err
	}
	return registeredServer{ID: models.FormatID(server.ID), URL: c.params["url"], Name: done.Server.ReportedName}, nil
}

// authorizationObject is a link as its server sees it (§3.4).
type authorizationObject struct {
	ID           string `json:"Id"`
	ServerID     string `json:"ServerId"`
	UserID       string `json:"UserId"`
	AccessToken  string
	DateCreated  string
	IsActive     bool
	AcceptStatus string
	UserType     string
	UserImageURL string `json:"UserImageUrl"`
	UserName     string
}

func (c *call) authorization(a models.Authorization) authorizationObject {
	status := "waiting"
	if a.State == models.LinkAccepted {
		status = "accepted"
	}
	return authorizationObject{
		ID: models.FormatID(a.ID), ServerID: models.FormatID(a.ServerID), UserID: models.FormatID(a.AccountID), AccessToken: a.AccessKey,
		DateCreated: a.CreatedAt.Format(time.RFC3339), IsActive: a.Active, AcceptStatus: status,
		UserType: typeOf(a.Type), UserName: a.Username, UserImageURL: c.Picture(a.Picture),
	}
}

// authorizations lists the links of a server, pending and accepted (§3.4). If
// anything goes wrong it returns an error: a server removes the links, and
// deletes the users, that are missing from a list.
func authorizations(c *call) (any, error) {
	server, err := c.server()
	if err != nil {
		return nil, err
	}
	ctx := c.request.Context()
	links, err := c.Store.EmbyServers.Links(ctx, server)
	if err != nil {
		return nil, err
	}
	if err := c.Store.Agents.Touch(ctx, server); err != nil {
		return nil, err
	}
	entries := make([]authorizationObject, 0, len(links))
	for _, link := range links {
		entries = append(entries, c.authorization(link))
	}
	return taggedList{entries: entries}, nil
}

// authorize asks a person for a link (§3.5).
func authorize(c *call) (any, error) {
	server, err := c.server()
	if err != nil {
		return nil, err
	}
	in := models.AskLink{
		AccountID: models.ParseID(c.params["userid"]), Type: models.LinkLinked, AccessKey: c.params["accesstoken"],
		RequestedBy: c.params["requesterusername"], Caller: c.caller(),
	}
	if strings.EqualFold(c.params["usertype"], "guest") {
		in.Type = models.LinkGuest
	}
	link, err := c.Store.EmbyServers.Ask(c.request.Context(), server, in)
	if err != nil {
		return nil, err
	}
	return c.authorization(link), nil
}

// deauthorize removes a link for the server (§3.6), or a link or an invite for the
// person (§2.10).
func deauthorize(c *call) (any, error) {
	ctx := c.request.Context()
	if c.one("X-Connect-Token") != "" {
		server, err := c.server()
		if err != nil {
			return nil, err
		}
		return struct{}{}, c.Store.EmbyServers.Cancel(ctx, server, models.ParseID(c.params["userid"]))
	}
	session, err := c.self()
	if err != nil {
		return nil, err
	}
	return struct{}{}, c.Store.Invites.DeclineServer(ctx, session.AccountID, models.ParseID(c.params["serverid"]), c.caller())
}

// invite sends a mail to a person without an account (§3.7). The answer is
// always the same.
func invite(c *call) (any, error) {
	err := c.Store.EmbyServers.Invite(c.request.Context(), c.params["email"], c.params["requesterusername"], c.caller())
	return struct{}{}, err
}

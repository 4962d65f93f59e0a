package connect

import (
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// serverEntry is a server in the list of a person (§2.8). Every member is a
// text and never null. LocalAddres is the name that some clients have for
// LocalAddress.
type serverEntry struct {
	ID           string `json:"Id"`
	URL          string `json:"Url"`
	Name         string
	SystemID     string `json:"SystemId"`
	AccessKey    string
	LocalAddress string
	LocalAddres  string
	UserType     string
	SupporterKey string
}

// servers lists the servers that a person may use. With status=Waiting it lists the
// servers that ask the person for a link, or that the person is invited to. If anything
// goes wrong, it returns an error and never a part of the list, because clients forget
// a server that is missing from it.
func servers(c *call) (any, error) {
	session, err := c.self()
	if err != nil {
		return nil, err
	}
	located, err := c.located(session.AccountID)
	if err != nil {
		return nil, err
	}
	entries := make([]serverEntry, 0, len(located))
	for _, one := range located {
		far, near := bestAddresses(one.Addresses)
		entries = append(entries, serverEntry{
			ID: models.FormatID(one.ServerID), URL: far, Name: one.Server.Name, SystemID: one.Server.SystemID, AccessKey: one.AccessKey,
			LocalAddress: near, LocalAddres: near, UserType: typeOf(one.Type),
		})
	}
	return taggedList{entries}, nil
}

// located returns the servers to which the account has an accepted link. If the parameter
// status is "waiting", in any letter case, it returns the servers of pending links and of
// invites instead.
func (c *call) located(accountID int64) ([]models.Located, error) {
	ctx := c.request.Context()
	if !strings.EqualFold(c.params["status"], "waiting") {
		return c.Store.Links.Locate(ctx, accountID, models.LinkAccepted)
	}
	links, err := c.Store.Links.Locate(ctx, accountID, models.LinkPending)
	if err != nil {
		return nil, err
	}
	invites, err := c.Store.Invites.Offered(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return append(links, invites...), nil
}

// bestAddresses returns the first address that works from afar, or else the
// first address, and the first address that works at home.
func bestAddresses(addresses []models.Address) (far, near string) {
	for _, a := range addresses {
		if a.Kind == models.AddressLAN {
			if near == "" {
				near = a.URL()
			}
			continue
		}
		if far == "" {
			far = a.URL()
		}
	}
	if far == "" {
		far = near
	}
	return far, near
}

func typeOf(linkType string) string {
	if linkType == models.LinkGuest {
		return "Guest"
	}
	return "Linked"
}

// accept accepts a link or an invite (§2.9). Most clients use GET for it. This is
// safe, because the session token must be in a header: an image or a link on the page
// of a stranger makes a browser send GET, but cannot add a header.
func accept(c *call) (any, error) {
	session, err := c.self()
	if err != nil {
		return nil, err
	}
	ctx := c.request.Context()
	if c.params["serverid"] != "" {
		return struct{}{}, c.Store.Invites.AcceptServer(ctx, session.AccountID, models.ParseID(c.params["serverid"]), c.caller())
	}
	// Clients of 2014 send the id of the link instead.
	return struct{}{}, c.Store.Links.Accept(ctx, session.AccountID, models.ParseID(c.params["id"]), c.caller())
}

package connect

import (
	"strings"

	"github.com/latchkey-media/latchkey/models"
)

// serverEntry is a server in the list of a person (§2.8): all texts, none null.
// LocalAddres is how one generation of clients spells LocalAddress.
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

// servers lists the servers that a person may use, or with status=Waiting the
// ones that ask. On any trouble it fails: clients forget what a short list
// leaves out.
func servers(c *call) (any, error) {
	session, err := c.self()
	if err != nil {
		return nil, err
	}
	state := models.LinkAccepted
	if strings.EqualFold(c.params["status"], "waiting") {
		state = models.LinkPending
	}
	located, err := c.Store.Links.Locate(c.request.Context(), session.AccountID, state)
	if err != nil {
		return nil, err
	}
	entries := make([]serverEntry, 0, len(located))
	for _, one := range located {
		far, near := bestAddresses(one.Addresses)
		entries = append(entries, serverEntry{
			ID: id(one.ServerID), URL: far, Name: one.ServerName, SystemID: one.SystemID, AccessKey: one.AccessKey,
			LocalAddress: near, LocalAddres: near, UserType: typeOf(one.Type),
		})
	}
	return taggedList{entries}, nil
}

// bestAddresses are the first address from afar, or failing that the first of
// all, and the first in the home.
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

// accept accepts a link (§2.9), to most clients with a GET: the header's token is
// all that can make it, for no picture and no link sends one.
func accept(c *call) (any, error) {
	session, err := c.self()
	if err != nil {
		return nil, err
	}
	ctx := c.request.Context()
	linkID := parseID(c.params["id"]) // of 2014's clients
	if c.params["serverid"] != "" {
		link, err := c.Store.Links.ByServer(ctx, session.AccountID, parseID(c.params["serverid"]))
		if err != nil {
			return nil, err
		}
		if link.State == models.LinkAccepted {
			return struct{}{}, nil
		}
		linkID = link.ID
	}
	return struct{}{}, c.Store.Links.Accept(ctx, session.AccountID, linkID, c.caller)
}

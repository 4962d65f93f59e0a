package connect

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/latchkey-media/latchkey/models"
)

// serverEntry is a server in the list of a person (§2.8). Every member is a text and never
// null. LocalAddres is the name by which some clients read LocalAddress.
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
	if strings.EqualFold(c.params["status"], "waiting") {
		return waitingServers(c)
	}
	session, unchanged, err := c.serversUnchanged()
	if err != nil || unchanged != "" {
		return sameList{unchanged}, err
	}
	located, tag, err := c.Store.Links.LocateTagged(c.request.Context(), session)
	if err != nil {
		return nil, err
	}
	if tag != "" {
		tag = serversForm() + tag
	}
	return taggedList{entriesOf(located), tag}, nil
}

// serversUnchanged finds the session of the request. If the client has sent a tag of its list
// of servers and the list is still the same, it returns the tag as well. Both need only one
// statement.
func (c *call) serversUnchanged() (session models.Session, unchanged string, err error) {
	if c.request.Header.Get("If-None-Match") == "" {
		if session, err = c.watcher(); err == nil {
			err = c.mine(session.AccountID)
		}
		return session, "", err
	}
	session, tag, err := c.Store.Sessions.LookTag(c.open(), c.one("X-Connect-UserToken"))
	if err == nil {
		err = c.mine(session.AccountID)
	}
	if err != nil || tag == "" || !c.holds(serversForm()+tag) {
		return session, "", err
	}
	return session, serversForm() + tag, nil
}

// serversForm returns a digest of the form of the list. A release that writes the same list
// in another form has other tags.
var serversForm = sync.OnceValue(func() string { //nolint:gochecknoglobals // a constant that is computed once
	var sample any = entriesOf([]models.Located{{
		Addresses: []models.Address{{Kind: models.AddressWAN, Scheme: "https", Host: "::1", Port: 8096, Path: "/path"}},
	}})
	body, err := json.Marshal(sample)
	if err != nil {
		panic(fmt.Errorf("connect: a server has no form: %w", err)) // a mistake in serverEntry
	}
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:3])
})

// waitingServers lists the servers of pending links and of invites.
func waitingServers(c *call) (any, error) {
	session, err := c.self()
	if err != nil {
		return nil, err
	}
	links, err := c.Store.Links.Locate(c.request.Context(), session.AccountID, models.LinkPending)
	if err != nil {
		return nil, err
	}
	invites, err := c.Store.Invites.Offered(c.request.Context(), session.AccountID)
	if err != nil {
		return nil, err
	}
	return taggedList{entries: entriesOf(append(links, invites...))}, nil
}

func entriesOf(located []models.Located) []serverEntry {
	entries := make([]serverEntry, 0, len(located))
	for _, one := range located {
		far, near := bestAddresses(one.Addresses)
		entries = append(entries, serverEntry{
			ID: models.FormatID(one.ServerID), URL: far, Name: one.Server.Name, SystemID: one.Server.SystemID, AccessKey: one.AccessKey,
			LocalAddress: near, LocalAddres: near, UserType: typeOf(one.Type),
		})
	}
	return entries
}

// bestAddresses returns far, the first address that works from outside, or else the first
// address, and near, the first address that works at home.
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

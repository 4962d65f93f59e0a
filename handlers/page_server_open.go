package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverOpenPage is the data of templates/pages/server_open.html: the addresses
// of a server as links. static/js/server_open.js tries them in this order.
type serverOpenPage struct {
	Base
	Name, SystemID string
	Addresses      []openAddressView
}

// openAddressView is one address to try.
type openAddressView struct {
	URL    string
	Kind   string // where the address works, in the reader's language
	Secure bool   // whether the address is https
	Probe  bool   // whether browsers let our page try the address
}

// openServer answers GET /servers/ID/open for a person who may use the server.
// The page has the addresses as links; a script tries them and opens the first
// that responds.
func (s *site) openServer(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	usable, err := s.Store.Links.Locate(c.Request.Context(), session.AccountID, models.LinkAccepted)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(usable, func(one models.Located) bool { return one.ServerID == id })
	if at < 0 {
		return s.notToOpen(c, session, id)
	}
	page := serverOpenPage{Base: s.base(c, "server_open"), Name: usable[at].Server.Name, SystemID: usable[at].Server.SystemID}
	var probes []string
	for _, address := range secureFirst(usable[at].Addresses) {
		shown := openAddressView{URL: address.URL(), Kind: addressKind(page.Base, address), Secure: address.Scheme == "https"}
		if shown.Probe = s.mayProbe(address); shown.Probe {
			probes = append(probes, probeSource(address))
		}
		page.Addresses = append(page.Addresses, shown)
	}
	allowProbes(c, probes)
	return s.render(c, http.StatusOK, "server_open", page)
}

// notToOpen returns the error for a server that the person cannot open.
func (s *site) notToOpen(c *gin.Context, session models.Session, serverID int64) error {
	links, err := s.Store.Links.List(c.Request.Context(), session.AccountID, models.LinkAccepted)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(links, func(l models.Link) bool { return l.ServerID == serverID && l.ServerDisabled }) {
		return refuse(http.StatusForbidden, "server_disabled")
	}
	return models.ErrNotFound
}

// secureFirst puts the https addresses before the others and keeps the order
// otherwise.
func secureFirst(addresses []models.Address) []models.Address {
	sorted := slices.Clone(addresses)
	rank := func(a models.Address) int {
		if a.Scheme == "https" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(sorted, func(a, b models.Address) int { return rank(a) - rank(b) })
	return sorted
}

// probeSource returns the source of a content security policy that allows all paths below
// an address. A policy compares a path without a slash at its end as a whole.
func probeSource(a models.Address) string {
	if a.Path == "" {
		return a.URL()
	}
	return a.URL() + "/"
}

// mayProbe reports whether browsers let our page try an address. A page of
// https may not ask over http, and a content security policy can name neither
// IPv6 addresses nor names with underscores.
func (s *site) mayProbe(a models.Address) bool {
	return (a.Scheme == "https" || !s.secure) && !strings.ContainsAny(a.Host, ":_")
}

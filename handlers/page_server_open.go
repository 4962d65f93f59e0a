package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serverOpenPage is the data of templates/pages/server_open.html: a button that signs the
// person in at the server, if the server can do that, and its addresses as links.
// static/js/server_open.js tries them in this order.
type serverOpenPage struct {
	Base
	ID, Name, SystemID string
	SignsIn            string // the address at which the button ends, without the usual port; "" without a button
	Digits             *Field // "user_code", sent to /link; nil where no code of Quick Connect can be approved
	Addresses          []openAddressView
}

// openAddressView is one address to try.
type openAddressView struct {
	URL    string
	Shown  string // as people write it
	Kind   string // where the address works, in the reader's language
	Home   bool   // it works at home only
	Secure bool   // whether the address is https
	Probe  bool   // whether browsers let our page try the address
}

// openPath is where the agent of a server answers browsers, below the server's address.
const openPath = "/latchkey/open"

// openPage returns the address at which the agent of a server answers browsers. It names the server,
// because one agent may work for several services, with a server at each.
func openPage(at models.Address, serverID int64) string {
	return at.URL() + openPath + "?server=" + idText(serverID)
}

// openServer answers GET /servers/ID/open for a person who may use the server.
// The page has the addresses as links; a script tries them.
func (s *site) openServer(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	located, err := s.locate(c, session)
	if err != nil {
		return err
	}
	to, opens, err := s.opensAt(c, session, located.ServerID)
	if err != nil {
		return err
	}
	page := serverOpenPage{
		Base: s.base(c, "server_open"), ID: idText(located.ServerID), Name: located.Server.Name, SystemID: located.Server.SystemID,
	}
	if !session.Switched { // it signs no other device in
		if page.Digits, err = s.digitsField(c, page.Base, session, located.ServerID); err != nil {
			return err
		}
	}
	var also allowances
	if opens {
		page.SignsIn, also.forms = to.Short(), []string{to.Origin()}
	}
	for _, address := range secureFirst(located.Addresses) {
		if strings.Contains(address.Host, ":") {
			continue // an address in brackets is on no screen, and nobody can type it
		}
		shown := openAddressView{
			URL: address.URL(), Shown: address.Short(), Kind: addressKind(page.Base, address), Home: address.Kind == models.AddressLAN,
			Secure: address.Scheme == "https",
		}
		if shown.Probe = s.mayProbe(address); shown.Probe {
			also.probes = append(also.probes, probeSource(address))
		}
		page.Addresses = append(page.Addresses, shown)
	}
	allow(c, also)
	return s.render(c, http.StatusOK, "server_open", page)
}

// locate returns the server in the path. It returns models.ErrNotFound unless
// the person may use it.
func (s *site) locate(c *gin.Context, session models.Session) (models.Located, error) {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return models.Located{}, err
	}
	link, err := s.Store.Links.ByServer(c.Request.Context(), session.AccountID, id)
	if err == nil && link.Pause.On() {
		err = models.ErrStayPaused
	}
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return models.Located{}, err
	}
	usable, err := s.Store.Links.Locate(c.Request.Context(), session.AccountID, models.LinkAccepted)
	if err != nil {
		return models.Located{}, err
	}
	at := slices.IndexFunc(usable, func(one models.Located) bool { return one.ServerID == id })
	if at < 0 {
		return models.Located{}, s.notToOpen(c, session, id)
	}
	return usable[at], nil
}

// opensAt returns the address at which Open signs the person in, and false for
// a server that cannot do that.
func (s *site) opensAt(c *gin.Context, session models.Session, serverID int64) (models.Address, bool, error) {
	found, err := s.Store.Opens.Addresses(c.Request.Context(), session.AccountID, s.secure)
	to, opens := found[serverID]
	return to, opens, err
}

// digitsField returns the field for the six digits of Quick Connect, or nil if the
// server cannot take them.
func (s *site) digitsField(c *gin.Context, b Base, session models.Session, serverID int64) (*Field, error) {
	servers, err := s.Store.QuickConnects.Servers(c.Request.Context(), session.AccountID)
	if err != nil || !slices.ContainsFunc(servers, func(one models.QuickServer) bool { return one.ID == serverID }) {
		return nil, err
	}
	return &Field{
		Name: "user_code", Type: "text", Label: b.T("field.quick_digits"), Hint: b.T("field.open_digits.hint"),
		Autocomplete: "off", InputMode: "numeric", Code: true,
	}, nil
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

// startOpen answers POST /servers/ID/open: it notes that the person pressed the button,
// and leads the browser to the server, where the agent begins. The page of the form has
// to allow this origin, because browsers apply the content security policy of the page
// also to the redirects of its forms.
func (s *site) startOpen(c *gin.Context, _ form) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	to, err := s.Store.Opens.Note(c.Request.Context(), session, id, s.secure)
	if models.KindOf(err) == models.KindNotFound {
		return seeOther(c, "/servers/"+idText(id)+"/open") // this page shows the other ways in
	}
	if err != nil {
		return err
	}
	return seeOther(c, openPage(to, id))
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
// https may not ask over http.
func (s *site) mayProbe(a models.Address) bool {
	return (a.Scheme == "https" || !s.secure) && a.Nameable()
}

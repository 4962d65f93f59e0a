package handlers

import (
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// rosterPage is the data of templates/pages/roster.html: the people and local users of a server in one list.
type rosterPage struct {
	Base
	Parts        serverParts
	ID, Server   string
	Agent        bool
	Status, Name string // what the list is filtered by; "" for all
	Filters      []serverPart
	Entries      []rosterEntryView
	Turns        turnsView
}

// rosterEntryView is one row of the list.
type rosterEntryView struct {
	Href          string
	Face          face
	Name          string // of the person; of the local user if nobody is linked
	Also          string // the local user of a person; "" if it has the same name or is not known
	Status        string // in, out, waiting or free
	State         string // what keeps the person out; "" for nothing
	Administrator bool
	Disabled      bool // nobody is linked, and the local user is disabled on the media server
	Gone          bool
	SeenAt        time.Time // zero if it is not known
	Devices       int
	End           time.Time // zero for none
}

// rosterOnPage is the number of entries on a page. Most of the time for the page goes into its rows, so it is little
// more than the ten rows of a small server: the page of a large one takes as long.
const rosterOnPage = 12

// rosterStatuses returns the filters of the list, in their order.
func rosterStatuses() []string {
	return []string{"", models.RosterIn, models.RosterOut, models.RosterWaiting, models.RosterFree}
}

// roster answers GET /servers/ID/people.
func (s *site) roster(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	return s.showRoster(c, own, nil)
}

func (s *site) showRoster(c *gin.Context, own owned, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ask := models.RosterAsk{Status: queryValue(c, "status"), Name: queryValue(c, "name"), Most: rosterOnPage + 1}
	if !slices.Contains(rosterStatuses(), ask.Status) {
		return models.ErrNotFound
	}
	asked, err := s.pageTurned(c, rosterOnPage, "roster", idText(own.serverID), ask.Status, ask.Name)
	if err != nil {
		return err
	}
	ask.After = asked.after
	server, found, err := s.Store.Roster.List(c.Request.Context(), own.session.AccountID, own.serverID, ask)
	if err != nil {
		return err
	}
	page := rosterPage{
		Base: s.base(c, "roster").telling(wrong), ID: idText(own.serverID), Server: server.Name, Agent: server.Kind == models.ServerAgent,
		Status: ask.Status, Name: ask.Name,
	}
	page.Parts = partsOf(page.Base, own, "people")
	page.Filters = page.rosterFilters(own, ask)
	var turns Turns
	if asked.after != "" {
		turns.First = rosterAddress(own, ask, "")
	}
	if len(found) > rosterOnPage {
		found = found[:rosterOnPage]
		turns.Next = rosterAddress(own, ask, s.writeCursor(asked.list, found[rosterOnPage-1].Position))
	}
	page.Turns = turnsView{page.Base, turns}
	for i := range found {
		page.Entries = append(page.Entries, newRosterEntryView(own, &found[i]))
	}
	return s.render(c, wrong.status, "roster", page)
}

// rosterFilters returns the links to the list with each of its filters.
func (b Base) rosterFilters(own owned, ask models.RosterAsk) []serverPart {
	texts := []string{
		b.T("roster.filter.all"), b.T("roster.filter.in"), b.T("roster.filter.out"), b.T("roster.filter.waiting"),
		b.T("roster.filter.free"),
	}
	filters := make([]serverPart, len(texts))
	for i, status := range rosterStatuses() {
		filters[i] = serverPart{rosterAddress(own, models.RosterAsk{Status: status, Name: ask.Name}, ""), texts[i], status == ask.Status}
	}
	return filters
}

// rosterAddress returns the address of a page of the list with its filters.
func rosterAddress(own owned, ask models.RosterAsk, cursor string) string {
	query := url.Values{}
	for name, value := range map[string]string{"status": ask.Status, "name": ask.Name, turnBefore: cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return own.people()
	}
	return own.people() + "?" + query.Encode()
}

func newRosterEntryView(own owned, one *models.RosterEntry) rosterEntryView {
	view := rosterEntryView{
		Href: own.person(one.EntryID), Name: one.DisplayName, Also: one.LocalUser.Name, Status: one.Status, State: one.Person.LocalUserState,
		SeenAt: one.SeenAt, Devices: one.Devices, End: one.EndsAt, Administrator: one.LocalUser.Administrator,
	}
	if one.ID == 0 {
		view.Name, view.Also = one.LocalUser.Name, ""
		view.Disabled, view.Gone = one.LocalUser.Disabled, !one.LocalUser.GoneAt.IsZero()
	}
	if view.Also == view.Name {
		view.Also = ""
	}
	view.Face = faceOf(view.Name, one.EntryID, pictureAddress(one.Picture))
	return view
}

// rosterEntryPage is the data of templates/pages/roster_entry.html: one person or local user of a server, with
// everything that the owner can do.
type rosterEntryPage struct {
	Base
	ServerID, Server string
	Back             string // the address of the list
	Here             string // the address of this page
	Name             string
	Agent            bool
	Status           string
	Person           *personView    // nil if nobody is linked
	LocalUser        *localUserView // nil if nobody is linked and for a link without a local user
	SeenAt           time.Time
	Devices          int
	Invite           *sentInviteView // the invite for the local user that waits for an answer; nil for none
	Acts             []serverPart    // pages on which the owner can do more
}

// rosterEntry answers GET /servers/ID/people/ENTRY.
func (s *site) rosterEntry(c *gin.Context) error {
	own, err := s.ownServer(c, false)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("link_id"))
	if err != nil {
		return err
	}
	return s.showRosterEntry(c, own, id, nil, nil)
}

func (s *site) showRosterEntry(c *gin.Context, own owned, id int64, f form, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ctx, ownerID := c.Request.Context(), own.session.AccountID
	server, entry, err := s.Store.Roster.Get(ctx, ownerID, own.serverID, id)
	if err != nil {
		return err
	}
	libraries, err := s.Store.Servers.Libraries(ctx, ownerID, own.serverID)
	if err != nil {
		return err
	}
	row := newRosterEntryView(own, &entry)
	page := rosterEntryPage{
		Base: s.base(c, "roster_entry").telling(wrong), ServerID: idText(own.serverID), Server: server.Name, Back: own.people(), Here: row.Href, Name: row.Name,
		Agent: server.Kind == models.ServerAgent, Status: row.Status, SeenAt: row.SeenAt, Devices: row.Devices,
	}
	if entry.ID != 0 {
		in := newInputs(page.Base, f, wrong)
		in.fresh = false // the page has more to show than this form
		view := newPersonView(in, entry.Person, libraries)
		page.Person = &view
	} else if entry.LocalUser.ID != 0 {
		view := newLocalUserView(entry.LocalUser)
		page.LocalUser = &view
	}
	if entry.InviteID != 0 {
		if page.Invite, err = s.inviteOf(c, own, page.Base, entry.InviteID); err != nil {
			return err
		}
	}
	page.Acts = page.rosterActs(own, &entry, page.Agent)
	return s.render(c, wrong.status, "roster_entry", page)
}

// inviteOf returns an invite to the server, or nil if it can no longer be accepted.
func (s *site) inviteOf(c *gin.Context, own owned, b Base, inviteID int64) (*sentInviteView, error) {
	found, err := s.Store.Invites.ListOfServer(c.Request.Context(), own.session.AccountID, own.serverID, false, inviteID+1, 1)
	if err != nil || len(found) == 0 || found[0].ID != inviteID {
		return nil, err
	}
	view := newSentInviteView(b, found[0], own.serverID)
	return &view, nil
}

// rosterActs returns the pages on which the owner can do more for a person or a local user.
func (b Base) rosterActs(own owned, one *models.RosterEntry, agent bool) []serverPart {
	acts := []serverPart{{Href: own.person(one.EntryID) + "/way-in", Text: b.T("roster.act.way_in")}}
	if one.ID == 0 && one.InviteID == 0 && one.LocalUser.GoneAt.IsZero() {
		acts = append(acts, serverPart{Href: own.to + "/invite?local_user=" + idText(one.LocalUser.ID), Text: b.T("roster.act.invite")})
	}
	if one.State == models.LinkAccepted && agent {
		acts = append(acts, serverPart{Href: own.person(one.ID) + "/stay", Text: b.T("roster.act.stay")})
		acts = append(acts, serverPart{Href: own.person(one.ID) + "/protection", Text: b.T("roster.act.protection")})
	}
	return acts
}

package handlers

import (
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// serversPage is the data of templates/pages/servers.html.
type serversPage struct {
	Base
	Usable  []usableServerView // accepted links
	Owned   []ownedServerView
	Turns   turnsView // of the servers that the person owns
	Several string    // the id of the first one of several servers to which somebody can be invited at once; "" for none
	Waiting int       // links and invites that wait for an answer
}

// usableServerView is a server that the person may use.
type usableServerView struct {
	ID       string // for GET /servers/ID/open
	LinkID   string // the hidden field "id" of POST /servers/leave
	Name     string
	Guest    bool
	Owner    string // a username; "" for a server without an owner
	Since    string // the day, in the reader's language
	Ends     string // the last day or the time, in the reader's language; "" for no end
	Opens    bool   // whether the page leads to the server
	SignsIn  bool   // whether Open signs the person in there
	Face     face
	Away     bool      // its agent has not called for a while: the server is perhaps switched off
	State    string    // what keeps the person out: gone, disabled, administrator, waiting, paused or not_allowed; "" for nothing
	WaitsFor string    // why the agent does not create the local user while State is waiting; "" if it did not say
	Until    time.Time // when the pause ends while State is paused; zero if it lasts until the owner ends it
	// Disabled by the operator: the person can leave the server and cannot open
	// it.
	Disabled bool
}

// Standing returns what keeps the person out of a server of the page.
func (p serversPage) Standing(one usableServerView) linkStateView {
	return linkStateView{p.Base, one.State, one.WaitsFor, one.Until}
}

// ownedServerView is a server that the person owns.
type ownedServerView struct {
	ID              string
	Name            string
	Face            face
	LastSeenAt      time.Time
	People, Pending int
	Waits           models.ServerWaits
	Disabled        bool // by the operator
}

const (
	ownServersOnPage = 20
	turnOwn          = "own" // the parameter with the cursor of the servers that the person owns
)

// servers answers GET /servers with the servers that the person may use, and
// the servers that the person owns.
func (s *site) servers(c *gin.Context) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	return s.showServers(c, session, nil)
}

func (s *site) showServers(c *gin.Context, session models.Session, cause error) error {
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	usable, err := s.Store.Links.List(ctx, session.AccountID, models.LinkAccepted)
	if err != nil {
		return err
	}
	owned, turns, err := s.ownServers(c, session)
	if err != nil {
		return err
	}
	opening, err := s.opening(c, session, usable)
	if err != nil {
		return err
	}
	page := serversPage{Base: s.base(c, "servers").telling(wrong)}
	page.Turns = turnsView{page.Base, turns}
	page.Waiting = page.Account.Waiting
	var also allowances
	for _, one := range usable {
		to, signsIn := opening[one.ServerID]
		if signsIn = signsIn && opens(&one); signsIn {
			also.forms = append(also.forms, to.Origin())
		}
		page.Usable = append(page.Usable, usableServerView{
			ID: idText(one.ServerID), LinkID: idText(one.ID), Name: one.Server.Name,
			Guest: one.Type == models.LinkGuest, Since: page.Date(one.AcceptedAt), Ends: page.ends(one.EndsAt), Opens: opens(&one), SignsIn: signsIn,
			Face: faceOf(one.Server.Name, one.ServerID, pictureAddress(one.Server.Picture)), Away: one.ServerAway,
			Disabled: one.ServerDisabled, State: one.LocalUserState, WaitsFor: one.WaitsFor, Until: one.Pause.Until, Owner: one.OwnerUsername,
		})
	}
	for _, one := range owned {
		page.Owned = append(page.Owned, ownedServerView{
			ID: idText(one.ID), Name: one.Name, Face: faceOf(one.Name, one.ID, pictureAddress(one.Picture)), LastSeenAt: one.LastSeenAt, People: one.People, Pending: one.Pending,
			Waits: one.Waits, Disabled: !one.DisabledAt.IsZero(),
		})
		if page.Several == "" && len(owned) > 1 && one.DisabledAt.IsZero() {
			page.Several = idText(one.ID)
		}
	}
	if len(also.forms) > 0 {
		allow(c, also)
	}
	return s.render(c, wrong.status, "servers", page)
}

// opening returns the addresses at which Open signs the person in, by the id of the
// server. For people whose servers cannot do that, it runs no statement.
func (s *site) opening(c *gin.Context, session models.Session, usable []models.Link) (map[int64]models.Address, error) {
	if !slices.ContainsFunc(usable, func(l models.Link) bool { return l.Opens }) {
		return nil, nil
	}
	return s.Store.Opens.Addresses(c.Request.Context(), session.AccountID, s.secure)
}

// opens reports whether the page leads to the server of a link. It does so unless this
// service knows that the server would not let the person in.
func opens(link *models.Link) bool {
	return !link.ServerDisabled && !slices.Contains([]string{models.LocalUserWaiting, models.LocalUserGone, models.LocalUserDisabled, models.LocalUserPaused}, link.LocalUserState)
}

// ownServers returns a page of the servers of the visitor. Most people own no server; for them it
// runs no statement.
func (s *site) ownServers(c *gin.Context, session models.Session) ([]models.WaitingServer, Turns, error) {
	visitor, err := visitOf(c).visitor()
	if err != nil || visitor.Switched || !visitor.OwnsServers {
		return nil, Turns{}, err
	}
	asked, err := s.turned(queryValue(c, turnOwn), ownServersOnPage, "own servers page", idText(session.AccountID))
	if err != nil {
		return nil, Turns{}, err
	}
	found, err := s.Store.Servers.ListWaiting(c.Request.Context(), visitor.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return nil, Turns{}, err
	}
	var turns Turns
	if asked.after != "" {
		turns.First = "/servers#owned"
	}
	if len(found) > asked.limit {
		found = found[:asked.limit]
		turns.Next = "/servers?" + url.Values{turnOwn: {s.writeCursor(asked.list, idText(found[len(found)-1].ID))}}.Encode() + "#owned"
	}
	return found, turns, nil
}

// leaveServer answers POST /servers/leave.
func (s *site) leaveServer(c *gin.Context, f form) error {
	session, err := s.onLink(c, f, s.Store.Links.Remove)
	if err != nil {
		return s.showServers(c, session, err)
	}
	return s.leave(c, "/servers", noticeServerLeft)
}

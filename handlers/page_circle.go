package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// circlesPage is the data of templates/pages/circles.html.
type circlesPage struct {
	Base
	Turns
	Circles []circleRowView
	Owns    bool // the reader has a server, with which they can make a circle
	Name    Field
	Server  SelectField
	Terms   circleTermsForm
}

// circleRowView is a circle in the list.
type circleRowView struct {
	ID, Name string
	AskedBy  string // "" unless the reader was asked to bring a server
	Servers  []string
	Owner    bool
	Free     int // servers that the reader may take
}

// circlePage is the data of templates/pages/circle.html.
type circlePage struct {
	Base
	Turns
	ID, Name      string
	Owner, Person bool
	AskedBy       string // "" unless the reader was asked to bring a server
	Alone         bool   // nobody else has a server in it
	Servers       []circleServerView
	Asks          []circleAskView
	People        []circlePersonView

	To, Greeting Field // of POST /circles/ID/invites
	Link         Choice
	Note         Field
	Username     Field // of POST /circles/ID/owners
	NewName      Field // of POST /circles/ID/rename

	Brings bool        // the reader may bring a server and has one
	Server SelectField // of POST /circles/ID/servers, with Terms
	Terms  circleTermsForm
}

// circleServerView is a server of a circle.
type circleServerView struct {
	ID, Name, Owner string
	Face            face
	State           string // in words
	Own             bool
	Takes           bool // the reader may take it
	Guests          int
	Terms           circleTermsForm // of an own server, as the fields below
	Open            bool            // the form of the terms has a mistake
	Waiting         []circlePersonView
	Refused         []circlePersonView
}

// circleAskView is an owner who was asked to bring a server.
type circleAskView struct{ ID, Username, AskedBy string }

// circlePersonView is a person of a circle.
type circlePersonView struct {
	ID, Name, Username string
	Face               face
	InvitedBy          string
	JoinedAt           time.Time
	Places             []circlePlaceView
}

// circlePlaceView describes the access of a person to one server of the reader.
type circlePlaceView struct {
	ServerID, Server string
	State            string // in words; "" for nothing
	Refuses          bool   // the reader may refuse the person there
}

const (
	circlesOnPage      = 20
	circlePeopleOnPage = 25
)

// circles answers GET /circles.
func (s *site) circles(c *gin.Context) error { return s.showCircles(c, nil, nil) }

func (s *site) showCircles(c *gin.Context, f form, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	asked, err := s.pageTurned(c, circlesOnPage, "circles page", idText(session.AccountID))
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := s.Store.Circles.List(ctx, session.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	mine, err := s.Store.Servers.Mine(ctx, session.AccountID)
	if err != nil {
		return err
	}
	page := circlesPage{Base: s.base(c, "circles").telling(wrong), Owns: len(mine) > 0}
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].ID))
	}
	page.Turns = turnsOf(circlesPath, asked, next)
	page.Circles = each(found, newCircleRowView)
	in := newInputs(page.Base, f, wrong.inOrder("name", "server_id", "people_most", "link_days", "ends_at"))
	in.fresh = false
	page.Name = in.circleName("")
	page.Server = in.ownServers(mine, nil)
	page.Terms = in.circleTerms("")
	return s.render(c, wrong.status, "circles", page)
}

func newCircleRowView(one models.Circle) circleRowView {
	view := circleRowView{ID: idText(one.ID), Name: one.Name, AskedBy: one.AskedBy, Owner: one.Owner}
	for _, server := range one.Servers {
		view.Servers = append(view.Servers, server.Name)
		if mayTake(one, server.State) {
			view.Free++
		}
	}
	return view
}

// mayTake reports whether the reader of a circle may take one of its servers.
func mayTake(circle models.Circle, state string) bool {
	return circle.Person && (state == models.CircleOpen || state == models.CircleAsks)
}

// circleName returns the input for the name of a circle. It contains the present name until a person
// has typed another one.
func (in *inputs) circleName(name string) Field {
	field := in.add(Field{Name: "name", Type: "text", Hint: in.hint("circle_name"), Autocomplete: "off", Required: true}, "circle_name")
	if _, typed := in.typed["name"]; !typed {
		field.Value = name
	}
	return field
}

// ownServers returns the select with the servers of a person, except those in a circle already.
func (in *inputs) ownServers(mine []models.OwnedServer, circle []models.CircleServer) SelectField {
	field := SelectField{Field: in.add(Field{Name: "server_id"}, "circle_server")}
	for _, one := range mine {
		if slices.ContainsFunc(circle, func(other models.CircleServer) bool { return other.ServerID == one.ID }) {
			continue
		}
		id := idText(one.ID)
		field.Options = append(field.Options, Option{Value: id, Label: one.Name, Chosen: in.typed["server_id"] == id})
	}
	return field
}

// makeCircle answers POST /circles.
func (s *site) makeCircle(c *gin.Context, f form) error {
	var made int64
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, _ ids) error {
		serverID, err := idOf(f["server_id"])
		if err != nil {
			return oneMistake("server_id", "server_unknown")
		}
		terms, err := readCircleTerms(f, serverID, s.zoneOfForm(c, f))
		if err == nil {
			made, err = s.Store.Circles.Make(ctx, accountID, f["name"], serverID, terms, caller(c))
		}
		return err
	})
	if err != nil {
		return s.showCircles(c, f, err)
	}
	return s.leave(c, circlePath(idText(made)), noticeCircleMade)
}

// circle answers GET /circles/ID.
func (s *site) circle(c *gin.Context) error { return s.showCircle(c, circleForms{}, nil) }

// circleForms are the forms of the page of a circle, one of which was sent.
type circleForms struct{ name, invite, owner, join, terms form }

func (s *site) showCircle(c *gin.Context, sent circleForms, cause error) error {
	session, err := s.signedIn(c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	circle, err := s.Store.Circles.Get(ctx, session.AccountID, id)
	if err != nil {
		return err
	}
	wrong, err := s.mistakesOf(c, cause)
	if err != nil {
		return err
	}
	page := circlePage{
		Base: s.base(c, "circle").telling(wrong), ID: idText(circle.ID), Name: circle.Name, Owner: circle.Owner, Person: circle.Person, AskedBy: circle.AskedBy,
		Asks: each(circle.Asks, func(a models.CircleAsk) circleAskView {
			return circleAskView{idText(a.AccountID), a.Username, a.AskedBy}
		}),
	}
	if err := s.fillCircleServers(c, &page, circle, session.AccountID, sent.terms, wrong); err != nil {
		return err
	}
	mine, err := s.Store.Servers.Mine(ctx, session.AccountID)
	if err != nil {
		return err
	}
	page.fillForms(circle, mine, sent, wrong)
	if circle.Owner {
		if err := s.fillCirclePeople(c, &page, circle, session.AccountID); err != nil {
			return err
		}
	}
	return s.render(c, wrong.status, "circle", page)
}

// inputsOf returns the inputs of one of several forms: only the form that was sent has what was typed and its mistakes.
func (p *circlePage) inputsOf(sent form, wrong mistakes) *inputs {
	if sent == nil {
		wrong = mistakes{status: http.StatusSeeOther}
	}
	in := newInputs(p.Base, sent, wrong)
	in.fresh = false
	return in
}

// fillForms writes the forms of the page that are not about a server in the circle.
func (p *circlePage) fillForms(circle models.Circle, mine []models.OwnedServer, sent circleForms, wrong mistakes) {
	in := p.inputsOf(sent.invite, wrong.inOrder("to", "greeting", "note"))
	p.To, p.Note = in.to(), in.note()
	p.To.Hint = p.T("field.circle_to.hint")
	p.Greeting = in.add(Field{Name: "greeting", Type: "text", Hint: in.hint("invite_greeting"), Autocomplete: "off"}, "invite_greeting")
	p.Link = Choice{ID: "link", Name: "link", Label: p.T("field.invite_with_link"), Chosen: sent.invite == nil || sent.invite["link"] != ""}
	in = p.inputsOf(sent.owner, wrong)
	p.Username = in.add(Field{Name: "username", Type: "text", Hint: in.hint("circle_owner"), Autocomplete: "off", Required: true}, "circle_owner")
	in = p.inputsOf(sent.name, wrong)
	p.NewName = in.circleName(circle.Name)
	in = p.inputsOf(sent.join, wrong.inOrder("server_id", "people_most", "link_days", "ends_at"))
	p.Server = in.ownServers(mine, circle.Servers)
	p.Terms = in.circleTerms("join-")
	p.Brings = (circle.Owner || circle.Asked) && len(p.Server.Options) > 0
	p.Alone = circle.Owner && !slices.ContainsFunc(circle.Servers, func(one models.CircleServer) bool { return one.State != models.CircleOwn })
}

// fillCircleServers writes the servers of the circle into the page, with forms for the servers of
// the reader.
func (s *site) fillCircleServers(c *gin.Context, page *circlePage, circle models.Circle, accountID int64, sent form, wrong mistakes) error {
	for _, one := range circle.Servers {
		id := idText(one.ServerID)
		view := circleServerView{
			ID: id, Name: one.Name, Owner: cmp.Or(one.OwnerDisplay, one.OwnerUsername), Face: faceOf(one.Name, one.ServerID, pictureAddress(one.Picture)), State: page.circleState(one.State),
			Own: one.State == models.CircleOwn, Takes: mayTake(circle, one.State), Guests: one.Guests,
			Waiting: each(one.WaitingPeople, newCirclePersonView), Refused: each(one.RefusedPeople, newCirclePersonView),
		}
		if one.Terms != nil {
			libraries, err := s.Store.Servers.Libraries(c.Request.Context(), accountID, one.ServerID)
			if err != nil {
				return err
			}
			view.Open = sent != nil && sent["server"] == id
			view.Terms = page.termsOf(one, libraries, sent, wrong)
		}
		page.Servers = append(page.Servers, view)
	}
	return nil
}

func newCirclePersonView(one models.CirclePerson) circlePersonView {
	name := cmp.Or(one.DisplayName, one.Username)
	return circlePersonView{
		ID: idText(one.AccountID), Name: name, Username: one.Username, Face: faceOf(name, one.AccountID, pictureAddress(one.Picture)),
		InvitedBy: one.InvitedBy, JoinedAt: one.JoinedAt,
	}
}

// circleState says in words what the state of a server of a circle means for the reader.
func (b Base) circleState(state string) string {
	switch state {
	case models.CircleOwn:
		return b.T("circle.state.own")
	case models.CircleIn:
		return b.T("circle.state.in")
	case models.CircleWaiting:
		return b.T("circle.state.waiting")
	case models.CircleAway:
		return b.T("circle.state.away")
	case models.CircleShut:
		return b.T("circle.state.shut")
	case models.CircleFull:
		return b.T("circle.state.full")
	case models.CircleAsks:
		return b.T("circle.state.asks")
	}
	return b.T("circle.state.open")
}

// circlePlace says in words what a person has at a server of the reader, or "" for nothing.
func (b Base) circlePlace(state string) string {
	switch state {
	case models.CircleIn:
		return b.T("circle.place.in")
	case models.CircleWaiting:
		return b.T("circle.place.waiting")
	case models.CircleRefused:
		return b.T("circle.place.refused")
	}
	return ""
}

// fillCirclePeople writes one page of the people of the circle into the page.
func (s *site) fillCirclePeople(c *gin.Context, page *circlePage, circle models.Circle, accountID int64) error {
	asked, err := s.pageTurned(c, circlePeopleOnPage, "people of a circle page", page.ID, idText(accountID))
	if err != nil {
		return err
	}
	found, err := s.Store.Circles.People(c.Request.Context(), accountID, circle.ID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, idText(found[len(found)-1].AccountID))
	}
	page.Turns = turnsOf(circlePath(page.ID), asked, next)
	names := map[int64]string{}
	for _, one := range circle.Servers {
		names[one.ServerID] = one.Name
	}
	for _, one := range found {
		view := newCirclePersonView(one)
		for _, place := range one.Places {
			view.Places = append(view.Places, circlePlaceView{
				ServerID: idText(place.ServerID), Server: names[place.ServerID], State: page.circlePlace(place.State),
				Refuses: place.State != models.CircleRefused && one.AccountID != accountID,
			})
		}
		page.People = append(page.People, view)
	}
	return nil
}

// backToCircle leads to the page of the circle with a notice, or shows it with the error.
func (s *site) backToCircle(c *gin.Context, sent circleForms, n notice, err error) error {
	if err != nil {
		if errors.Is(err, models.ErrNotFound) {
			err = orGone(err)
		}
		return s.showCircle(c, sent, err)
	}
	return s.leave(c, circlePath(c.Param("id")), n)
}

// inviteToCircle answers POST /circles/ID/invites, and leads to the link of the invite if it has one.
func (s *site) inviteToCircle(c *gin.Context, f form) error {
	var made models.Invite
	err := s.onCircle(c, f, func(ctx context.Context, accountID int64, id ids) (err error) {
		in := models.NewInvite{To: strings.TrimSpace(f["to"]), Link: f["link"] != "", Greeting: f["greeting"], Note: f["note"]}
		made, err = s.Store.CirclePeople.Invite(ctx, accountID, id.circle, in, caller(c))
		return err
	})
	if err == nil && made.Link && len(made.Servers) > 0 {
		return s.leave(c, "/servers/"+idText(made.Servers[0].ServerID)+"/invites/"+idText(made.ID), noticeInviteLinkMade)
	}
	return s.backToCircle(c, circleForms{invite: f}, noticeInviteSent, err)
}

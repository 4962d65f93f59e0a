package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// circleObject is a circle as the account sees it.
type circleObject struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	CreatedAt time.Time            `json:"created_at"`
	Owner     bool                 `json:"owner"`    // the account has a server in it
	Person    bool                 `json:"person"`   // the account belongs to its people
	Asked     bool                 `json:"asked"`    // the account was asked to bring a server
	AskedBy   string               `json:"asked_by"` // username; "" unless the account was asked
	Servers   []circleServerObject `json:"servers"`
	Asks      []circleAskObject    `json:"asks"` // owners alone see them
}

// circleServerObject is a server of a circle.
type circleServerObject struct {
	ServerID  string               `json:"server_id"`
	Name      string               `json:"name"`
	Picture   string               `json:"picture"`
	Owner     string               `json:"owner"` // username
	OwnerName string               `json:"owner_name"`
	Status    string               `json:"status"`
	Terms     *circleTermsObject   `json:"terms"` // null for a server of another owner
	Guests    int                  `json:"guests"`
	Waiting   []circlePersonObject `json:"waiting"`
	Refused   []circlePersonObject `json:"refused"`
}

// circleTermsObject has the terms on which people of the circle may use one server.
type circleTermsObject struct {
	Libraries []libraryObject `json:"libraries"` // null if the server decides
	LinkDays  int             `json:"link_days"` // 0 for no such end
	EndsAt    *time.Time      `json:"ends_at"`
	People    int             `json:"people"`
	AskFirst  bool            `json:"ask_first"`
	Shut      bool            `json:"shut"`
}

// circleAskObject is an owner who was asked to bring a server.
type circleAskObject struct {
	AccountID string    `json:"account_id"`
	Username  string    `json:"username"`
	AskedBy   string    `json:"asked_by"`
	AskedAt   time.Time `json:"asked_at"`
}

// circlePersonObject is a person of a circle.
type circlePersonObject struct {
	AccountID   string    `json:"account_id"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Picture     string    `json:"picture"`
	InvitedBy   string    `json:"invited_by"`
	JoinedAt    time.Time `json:"joined_at"`
}

// circleGuestObject is a person of a circle with what they have at the servers of the account that asks.
type circleGuestObject struct {
	circlePersonObject
	Places []circlePlaceObject `json:"places"`
}

type circlePlaceObject struct {
	ServerID string `json:"server_id"`
	Status   string `json:"status"`
}

// inviteCircle is the circle of an invite.
type inviteCircle struct {
	ID      string               `json:"id"`
	Name    string               `json:"name"`
	Servers []inviteCircleServer `json:"servers"`
}

type inviteCircleServer struct {
	ServerID string `json:"server_id"`
	Name     string `json:"name"`
	Owner    string `json:"owner"`
	Status   string `json:"status"`
}

func inviteCircleOf(c *models.InviteCircle) *inviteCircle {
	if c == nil {
		return nil
	}
	return &inviteCircle{ID: idText(c.ID), Name: c.Name, Servers: each(c.Servers, func(s models.InviteCircleServer) inviteCircleServer {
		return inviteCircleServer{ServerID: idText(s.ServerID), Name: s.Name, Owner: s.OwnerUsername, Status: s.State}
	})}
}

func circleOf(c models.Circle) circleObject {
	return circleObject{
		ID: idText(c.ID), Name: c.Name, CreatedAt: c.CreatedAt, Owner: c.Owner, Person: c.Person, Asked: c.Asked, AskedBy: c.AskedBy,
		Servers: each(c.Servers, circleServerOf),
		Asks: each(c.Asks, func(a models.CircleAsk) circleAskObject {
			return circleAskObject{AccountID: idText(a.AccountID), Username: a.Username, AskedBy: a.AskedBy, AskedAt: a.At}
		}),
	}
}

func circleServerOf(s models.CircleServer) circleServerObject {
	return circleServerObject{
		ServerID: idText(s.ServerID), Name: s.Name, Picture: pictureAddress(s.Picture), Owner: s.OwnerUsername, OwnerName: s.OwnerDisplay,
		Status: s.State, Terms: circleTermsOf(s.Terms), Guests: s.Guests,
		Waiting: each(s.WaitingPeople, circlePersonOf), Refused: each(s.RefusedPeople, circlePersonOf),
	}
}

func circleTermsOf(t *models.CircleTerms) *circleTermsObject {
	if t == nil {
		return nil
	}
	return &circleTermsObject{
		Libraries: choiceOf(t.Libraries), LinkDays: t.LinkDays, EndsAt: moment(t.EndsAt), People: t.PeopleMost, AskFirst: t.AskFirst, Shut: t.Shut,
	}
}

func circlePersonOf(p models.CirclePerson) circlePersonObject {
	return circlePersonObject{
		AccountID: idText(p.AccountID), Username: p.Username, DisplayName: p.DisplayName, Picture: pictureAddress(p.Picture),
		InvitedBy: p.InvitedBy, JoinedAt: p.JoinedAt,
	}
}

func circleGuestOf(p models.CirclePerson) circleGuestObject {
	return circleGuestObject{circlePersonOf(p), each(p.Places, func(v models.CirclePlace) circlePlaceObject {
		return circlePlaceObject{ServerID: idText(v.ServerID), Status: v.State}
	})}
}

// circleTermsAsked are the terms in a request.
type circleTermsAsked struct {
	Libraries []string   `json:"libraries"`
	LinkDays  int        `json:"link_days"`
	EndsAt    *time.Time `json:"ends_at"`
	People    int        `json:"people"`
	AskFirst  bool       `json:"ask_first"`
	Shut      bool       `json:"shut"`
	Profile   string     `json:"profile"`
}

// read returns the terms in the form that package models uses.
func (in circleTermsAsked) read() (models.CircleTerms, error) {
	out := models.CircleTerms{LinkDays: in.LinkDays, PeopleMost: in.People, AskFirst: in.AskFirst, Shut: in.Shut, Profile: in.Profile}
	var err error
	if out.Libraries, err = chosenLibraries(in.Libraries); err != nil {
		return out, err
	}
	out.EndsAt, err = endOf(in.EndsAt)
	return out, err
}

// peopleField changes the name of the field of an error from people_most, which package models
// uses, to people, which requests use.
func peopleField(err error) error { return underNames(err, map[string]string{"people_most": "people"}) }

// apiCircles answers GET /api/v1/circles.
func (s *site) apiCircles(c *gin.Context, session models.Session) error {
	asked, err := s.pageAsked(c, "circles", idText(session.AccountID))
	if err != nil {
		return err
	}
	found, err := s.Store.Circles.List(c.Request.Context(), session.AccountID, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, circleOf, func(one models.Circle) string { return idText(one.ID) })
}

// apiMakeCircle answers POST /api/v1/circles.
func (s *site) apiMakeCircle(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Name     string           `json:"name"`
		ServerID string           `json:"server_id"`
		Terms    circleTermsAsked `json:"terms"`
	}](c)
	if err != nil {
		return err
	}
	terms, err := in.Terms.read()
	if err != nil {
		return err
	}
	serverID, err := idOf(in.ServerID)
	if err != nil {
		return oneMistake("server_id", "server_unknown")
	}
	ctx := c.Request.Context()
	id, err := s.Store.Circles.Make(ctx, session.AccountID, in.Name, serverID, terms, caller(c))
	if err != nil {
		return peopleField(err)
	}
	made, err := s.Store.Circles.Get(ctx, session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, circleOf(made))
}

// apiCircle answers GET /api/v1/circles/{id}.
func (s *site) apiCircle(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Circles.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, circleOf(found))
}

// apiRenameCircle answers PATCH /api/v1/circles/{id}.
func (s *site) apiRenameCircle(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Name string `json:"name"`
	}](c)
	if err != nil {
		return err
	}
	return onIDs(c, func(id ids) error {
		return s.Store.Circles.Rename(c.Request.Context(), session.AccountID, id.circle, in.Name)
	})
}

// apiDissolveCircle answers DELETE /api/v1/circles/{id}.
func (s *site) apiDissolveCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.Circles.Dissolve(c.Request.Context(), session.AccountID, id.circle, caller(c))
	})
}

// apiCirclePeople answers GET /api/v1/circles/{id}/people.
func (s *site) apiCirclePeople(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "people of a circle", idText(id), idText(session.AccountID))
	if err != nil {
		return err
	}
	found, err := s.Store.Circles.People(c.Request.Context(), session.AccountID, id, asked.afterID(), asked.more())
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, circleGuestOf, func(p models.CirclePerson) string { return idText(p.AccountID) })
}

// apiInviteToCircle answers POST /api/v1/circles/{id}/invites.
func (s *site) apiInviteToCircle(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		To        string     `json:"to"`
		Link      bool       `json:"link"`
		Greeting  string     `json:"greeting"`
		Note      string     `json:"note"`
		ExpiresAt *time.Time `json:"expires_at"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	wanted := models.NewInvite{To: in.To, Link: in.Link, Greeting: in.Greeting, Note: in.Note, IdempotencyKey: key}
	if wanted.ExpiresAt, err = momentIn("expires_at", in.ExpiresAt); err != nil {
		return err
	}
	made, err := s.Store.CirclePeople.Invite(c.Request.Context(), session.AccountID, id, wanted, caller(c))
	if err != nil {
		return err
	}
	return s.answerMadeInvite(c, made, s.secretOfOwner(made.OwnerID))
}

// apiAskIntoCircle answers POST /api/v1/circles/{id}/owners.
func (s *site) apiAskIntoCircle(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Username string `json:"username"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("username", in.Username); err != nil {
		return err
	}
	return onIDs(c, func(id ids) error {
		return s.Store.Circles.Ask(c.Request.Context(), session.AccountID, id.circle, in.Username, caller(c))
	})
}

// apiTakeBackCircleAsk answers DELETE /api/v1/circles/{id}/owners/{account_id}.
func (s *site) apiTakeBackCircleAsk(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.Circles.TakeBack(c.Request.Context(), session.AccountID, id.circle, id.account)
	})
}

// apiDeclineCircle answers POST /api/v1/circles/{id}/decline.
func (s *site) apiDeclineCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error { return s.Store.Circles.Decline(c.Request.Context(), session.AccountID, id.circle) })
}

// apiLeaveCircle answers POST /api/v1/circles/{id}/leave.
func (s *site) apiLeaveCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.CirclePeople.Leave(c.Request.Context(), session.AccountID, id.circle, caller(c))
	})
}

// apiJoinCircle answers POST /api/v1/circles/{id}/servers.
func (s *site) apiJoinCircle(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		ServerID string           `json:"server_id"`
		Terms    circleTermsAsked `json:"terms"`
	}](c)
	if err != nil {
		return err
	}
	terms, err := in.Terms.read()
	if err != nil {
		return err
	}
	serverID, err := idOf(in.ServerID)
	if err != nil {
		return oneMistake("server_id", "server_unknown")
	}
	return onIDs(c, func(id ids) error {
		return peopleField(s.Store.Circles.Join(c.Request.Context(), session.AccountID, id.circle, serverID, terms, caller(c)))
	})
}

// apiSetCircleTerms answers PUT /api/v1/circles/{id}/servers/{server_id}. All terms are replaced.
func (s *site) apiSetCircleTerms(c *gin.Context, session models.Session) error {
	in, err := readJSON[circleTermsAsked](c)
	if err != nil {
		return err
	}
	terms, err := in.read()
	if err != nil {
		return err
	}
	return onIDs(c, func(id ids) error {
		return peopleField(s.Store.Circles.SetTerms(c.Request.Context(), session.AccountID, id.circle, id.server, terms))
	})
}

// apiTakeOutOfCircle answers DELETE /api/v1/circles/{id}/servers/{server_id}.
func (s *site) apiTakeOutOfCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.Circles.TakeOut(c.Request.Context(), session.AccountID, id.circle, id.server, caller(c))
	})
}

// circleTaken is the answer to a person who takes a server of a circle. Status is a state of [models.CirclePeople.Take].
type circleTaken struct {
	Status string `json:"status"`
}

// apiTakeFromCircle answers POST /api/v1/circles/{id}/servers/{server_id}/take.
func (s *site) apiTakeFromCircle(c *gin.Context, session models.Session) error {
	id, err := idsOf(c)
	if err != nil {
		return err
	}
	state, err := s.Store.CirclePeople.Take(c.Request.Context(), session.AccountID, id.circle, id.server, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, circleTaken{state})
}

// apiAdmitToCircle answers POST /api/v1/circles/{id}/servers/{server_id}/people/{account_id}/admit.
func (s *site) apiAdmitToCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.CirclePeople.Admit(c.Request.Context(), session.AccountID, id.circle, id.server, id.account)
	})
}

// apiRefuseInCircle answers PUT /api/v1/circles/{id}/servers/{server_id}/people/{account_id}/refusal.
func (s *site) apiRefuseInCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.CirclePeople.Refuse(c.Request.Context(), session.AccountID, id.circle, id.server, id.account, caller(c))
	})
}

// apiAllowInCircle answers DELETE /api/v1/circles/{id}/servers/{server_id}/people/{account_id}/refusal.
func (s *site) apiAllowInCircle(c *gin.Context, session models.Session) error {
	return onIDs(c, func(id ids) error {
		return s.Store.CirclePeople.Allow(c.Request.Context(), session.AccountID, id.circle, id.server, id.account)
	})
}

// ids are the ids in the path of an operation on a circle; an id that the path does not have is 0.
type ids struct{ circle, server, account int64 }

func idsOf(c *gin.Context) (ids, error) {
	var out ids
	for name, into := range map[string]*int64{"id": &out.circle, "server_id": &out.server, "account_id": &out.account} {
		if text := c.Param(name); text != "" {
			id, err := idOf(text)
			if err != nil {
				return out, err
			}
			*into = id
		}
	}
	return out, nil
}

// onIDs calls do with the ids in the path. The answer has no body.
func onIDs(c *gin.Context, do func(id ids) error) error {
	id, err := idsOf(c)
	if err != nil {
		return err
	}
	return done(c, do(id))
}

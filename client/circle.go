package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Circles is about circles: servers of several owners who let the same people in.
type Circles struct{ core *core }

// The states of a server of a circle.
const (
	CircleOwn     = "own"     // the account owns it
	CircleIn      = "in"      // the account may use it
	CircleWaiting = "waiting" // its owner has to answer first
	CircleAway    = "away"    // it is disabled
	CircleShut    = "shut"    // its door is shut
	CircleFull    = "full"    // it has as many people as its owner lets in
	CircleAsks    = "asks"    // the account may take it, and its owner is asked first
	CircleOpen    = "open"    // the account may take it
	CircleRefused = "refused" // of a [CirclePlace]: the account has refused the person
)

// Circle is a circle as the account sees it.
type Circle struct {
	ID        ID             `json:"id"`
	Name      string         `json:"name"`
	CreatedAt time.Time      `json:"created_at"`
	Owner     bool           `json:"owner"`    // the account has a server in it
	Person    bool           `json:"person"`   // the account belongs to its people
	Asked     bool           `json:"asked"`    // the account was asked to bring a server
	AskedBy   string         `json:"asked_by"` // username
	Servers   []CircleServer `json:"servers"`
	Asks      []CircleAsk    `json:"asks"` // owners who were asked; owners alone see them
}

func (c *Circle) whole() bool { return c.ID != "" }

// CircleServer is a server of a circle.
type CircleServer struct {
	ServerID  ID             `json:"server_id"`
	Name      string         `json:"name"`
	Picture   string         `json:"picture"` // as in [Account]
	Owner     string         `json:"owner"`   // username
	OwnerName string         `json:"owner_name"`
	Status    string         `json:"status"` // CircleOwn or another
	Terms     *CircleTerms   `json:"terms"`  // nil for a server of somebody else; the fields below are empty there
	Guests    int            `json:"guests"` // people who got in by the circle
	Waiting   []CirclePerson `json:"waiting"`
	Refused   []CirclePerson `json:"refused"`
}

// CircleTerms say what people of a circle get at one server.
type CircleTerms struct {
	Libraries []Library `json:"libraries"` // nil if the server decides
	LinkDays  int       `json:"link_days"` // after so many days a link ends; 0 for no such end
	EndsAt    time.Time `json:"ends_at,omitzero"`
	People    int       `json:"people"` // so many may have a link at the same time
	AskFirst  bool      `json:"ask_first"`
	Shut      bool      `json:"shut"`
}

// NewCircleTerms are the terms in a request. All of them are replaced.
type NewCircleTerms struct {
	Libraries []string  `json:"libraries,omitzero"` // their ids on the media server; nil if the server decides
	LinkDays  int       `json:"link_days,omitempty"`
	EndsAt    time.Time `json:"ends_at,omitzero"`
	People    int       `json:"people"` // 1 to 500
	AskFirst  bool      `json:"ask_first,omitempty"`
	Shut      bool      `json:"shut,omitempty"`
	Profile   string    `json:"profile,omitempty"` // the id or the name of a profile of the server, for libraries and days that are empty here
}

// CircleAsk is an owner who was asked to bring a server.
type CircleAsk struct {
	AccountID ID        `json:"account_id"`
	Username  string    `json:"username"`
	AskedBy   string    `json:"asked_by"` // username
	AskedAt   time.Time `json:"asked_at"`
}

// CirclePerson is a person of a circle.
type CirclePerson struct {
	AccountID   ID        `json:"account_id"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Picture     string    `json:"picture"`    // as in [Account]
	InvitedBy   string    `json:"invited_by"` // username; "" if there was no invite
	JoinedAt    time.Time `json:"joined_at"`
}

// CircleGuest is a person of a circle, with what they have at the servers of the account.
type CircleGuest struct {
	CirclePerson

	Places []CirclePlace `json:"places"`
}

// CirclePlace is the access of a person to one server of the account.
type CirclePlace struct {
	ServerID ID     `json:"server_id"`
	Status   string `json:"status"` // CircleIn, CircleWaiting, CircleRefused, or "" for nothing
}

// NewCircleInvite describes an invite of one person to a circle.
type NewCircleInvite struct {
	To        string    `json:"to,omitempty"`   // a username or an email address; "" for a link alone
	Link      bool      `json:"link,omitempty"` // also make a link
	Greeting  string    `json:"greeting,omitempty"`
	Note      string    `json:"note,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero for 14 days

	// IdempotencyKey is as in [NewInvite].
	IdempotencyKey string `json:"-"`
}

// InviteCircle is the circle to which an [Invite] invites.
type InviteCircle struct {
	ID      ID                   `json:"id"`
	Name    string               `json:"name"`
	Servers []InviteCircleServer `json:"servers"`
}

// InviteCircleServer is a server of the circle of an invite.
type InviteCircleServer struct {
	ServerID ID     `json:"server_id"`
	Name     string `json:"name"`
	Owner    string `json:"owner"`  // username
	Status   string `json:"status"` // for somebody who comes now
}

// List iterates over the circles of the account.
func (c *Circles) List(ctx context.Context) iter.Seq2[Circle, error] { return all(ctx, c.ListPage) }

// ListPage returns one page of the circles of the account.
func (c *Circles) ListPage(ctx context.Context, ask PageAsk) (Page[Circle], error) {
	return fetchPage[Circle](ctx, c.core, ask, "/api/v1/circles", nil)
}

type newCircle struct {
	Name     string         `json:"name"`
	ServerID ID             `json:"server_id"`
	Terms    NewCircleTerms `json:"terms"`
}

// Make makes a circle with its first server. It may return [ErrCircleMany].
func (c *Circles) Make(ctx context.Context, name string, serverID ID, terms NewCircleTerms) (Circle, error) {
	var out Circle
	err := c.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/circles", body: newCircle{name, serverID, terms}, want: http.StatusCreated,
	}, &out)
	return out, err
}

// Get returns a circle.
func (c *Circles) Get(ctx context.Context, id ID) (Circle, error) {
	var out Circle
	err := c.core.fetch(ctx, call{method: http.MethodGet, path: "/api/v1/circles/{id}", values: []string{string(id)}, want: http.StatusOK, again: always}, &out)
	return out, err
}

type renamedCircle struct {
	Name string `json:"name"`
}

// Rename gives a circle another name, for everybody in it.
func (c *Circles) Rename(ctx context.Context, id ID, name string) error {
	return c.core.done(ctx, call{
		method: http.MethodPatch, path: "/api/v1/circles/{id}", values: []string{string(id)}, body: renamedCircle{name}, want: http.StatusNoContent,
	})
}

// Dissolve ends a circle in which nobody else has a server. It may return [ErrCircleOthers].
func (c *Circles) Dissolve(ctx context.Context, id ID) error {
	return c.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/circles/{id}", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

// People iterates over the people of a circle, for its owners.
func (c *Circles) People(ctx context.Context, id ID) iter.Seq2[CircleGuest, error] {
	return all(ctx, func(ctx context.Context, ask PageAsk) (Page[CircleGuest], error) { return c.PeoplePage(ctx, id, ask) })
}

// PeoplePage returns one page of the people of a circle.
func (c *Circles) PeoplePage(ctx context.Context, id ID, ask PageAsk) (Page[CircleGuest], error) {
	return fetchPage[CircleGuest](ctx, c.core, ask, "/api/v1/circles/{id}/people", nil, string(id))
}

// Invite invites a person to a circle.
func (c *Circles) Invite(ctx context.Context, id ID, in NewCircleInvite) (MadeInvite, error) {
	header, err := c.core.idempotencyKey(in.IdempotencyKey)
	if err != nil {
		return MadeInvite{}, err
	}
	var out MadeInvite
	err = c.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/circles/{id}/invites", values: []string{string(id)}, header: header, body: in, want: http.StatusCreated, again: always,
	}, &out)
	return out, err
}

type askIntoCircle struct {
	Username string `json:"username"`
}

// Ask asks another owner to bring a server into a circle. It may return [ErrCircleMany].
func (c *Circles) Ask(ctx context.Context, id ID, username string) error {
	return c.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/circles/{id}/owners", values: []string{string(id)}, body: askIntoCircle{username}, want: http.StatusNoContent,
	})
}

// TakeBack takes back that an owner was asked.
func (c *Circles) TakeBack(ctx context.Context, id, accountID ID) error {
	return c.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/circles/{id}/owners/{account_id}", values: []string{string(id), string(accountID)}, want: http.StatusNoContent, again: untilGone,
	})
}

// Decline declines to bring a server into a circle.
func (c *Circles) Decline(ctx context.Context, id ID) error {
	return c.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/circles/{id}/decline", values: []string{string(id)}, want: http.StatusNoContent})
}

// Leave leaves the people of a circle. The links that came by it end.
func (c *Circles) Leave(ctx context.Context, id ID) error {
	return c.core.done(ctx, call{method: http.MethodPost, path: "/api/v1/circles/{id}/leave", values: []string{string(id)}, want: http.StatusNoContent})
}

type newCircleServer struct {
	ServerID ID             `json:"server_id"`
	Terms    NewCircleTerms `json:"terms"`
}

// Join brings a server of the account into a circle. It may return [ErrCircleMany].
func (c *Circles) Join(ctx context.Context, id, serverID ID, terms NewCircleTerms) error {
	return c.core.done(ctx, call{
		method: http.MethodPost, path: "/api/v1/circles/{id}/servers", values: []string{string(id)}, body: newCircleServer{serverID, terms}, want: http.StatusNoContent,
	})
}

// SetTerms replaces the terms of a server of the account.
func (c *Circles) SetTerms(ctx context.Context, id, serverID ID, terms NewCircleTerms) error {
	return c.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/circles/{id}/servers/{server_id}", values: []string{string(id), string(serverID)}, body: terms, want: http.StatusNoContent, again: always,
	})
}

// TakeOut takes a server of the account out of a circle. The links that came to it by the circle end.
func (c *Circles) TakeOut(ctx context.Context, id, serverID ID) error {
	return c.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/circles/{id}/servers/{server_id}", values: []string{string(id), string(serverID)}, want: http.StatusNoContent, again: untilGone,
	})
}

type circleTaken struct {
	Status string `json:"status"`
}

func (t *circleTaken) whole() bool { return t.Status != "" }

// Take takes a server of a circle. It returns [CircleIn], or [CircleWaiting] if its owner has to answer, and may return
// [ErrCircleShut], [ErrCircleFull] or [ErrAlreadyMember].
func (c *Circles) Take(ctx context.Context, id, serverID ID) (string, error) {
	var out circleTaken
	err := c.core.fetch(ctx, call{
		method: http.MethodPost, path: "/api/v1/circles/{id}/servers/{server_id}/take", values: []string{string(id), string(serverID)}, want: http.StatusOK,
	}, &out)
	return out.Status, err
}

// onPerson sends a decision about one person at one server of the account.
func (c *Circles) onPerson(ctx context.Context, method, path string, repeat again, id, serverID, accountID ID) error {
	return c.core.done(ctx, call{
		method: method, path: path, values: []string{string(id), string(serverID), string(accountID)}, want: http.StatusNoContent, again: repeat,
	})
}

// Admit lets in a person who waits at a server of the account. It may return [ErrCircleFull] or
// [ErrCircleShut].
func (c *Circles) Admit(ctx context.Context, id, serverID, accountID ID) error {
	return c.onPerson(ctx, http.MethodPost, "/api/v1/circles/{id}/servers/{server_id}/people/{account_id}/admit", never, id, serverID, accountID)
}

// Refuse refuses a person at a server of the account.
func (c *Circles) Refuse(ctx context.Context, id, serverID, accountID ID) error {
	return c.onPerson(ctx, http.MethodPut, "/api/v1/circles/{id}/servers/{server_id}/people/{account_id}/refusal", never, id, serverID, accountID)
}

// Allow takes a refusal back.
func (c *Circles) Allow(ctx context.Context, id, serverID, accountID ID) error {
	return c.onPerson(ctx, http.MethodDelete, "/api/v1/circles/{id}/servers/{server_id}/people/{account_id}/refusal", untilGone, id, serverID, accountID)
}

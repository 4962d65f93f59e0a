package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteObject is an invite as both sides see it.
type inviteObject struct {
	ID        string         `json:"id"`
	To        string         `json:"to"` // as the owner typed it
	Type      string         `json:"type"`
	Note      string         `json:"note"`
	Greeting  string         `json:"greeting"`
	HasLink   bool           `json:"has_link"`
	Family    bool           `json:"family"` // for the whole family of a guardian
	Uses      int            `json:"uses"`
	Used      int            `json:"used"`
	Status    string         `json:"status"`
	Servers   []inviteServer `json:"servers"`
	From      string         `json:"from"` // a username
	Circle    *inviteCircle  `json:"circle,omitempty"`
	CreatedAt time.Time      `json:"created_at"`
	ExpiresAt time.Time      `json:"expires_at"`
}

type inviteServer struct {
	ServerID  string          `json:"server_id"`
	Name      string          `json:"name"`
	LocalUser *localUserRef   `json:"local_user"` // with the id that Latchkey uses
	Libraries []libraryObject `json:"libraries"`  // null if the server decides
	EndsAt    *time.Time      `json:"ends_at"`
}

func inviteOf(i models.Invite) inviteObject {
	return inviteObject{
		ID: idText(i.ID), To: i.To, Type: i.Type, Note: i.Note, Status: i.State, From: i.OwnerUsername,
		Greeting: i.Greeting, HasLink: i.Link, Family: i.Family, Uses: i.Uses, Used: i.Used,
		Servers: each(i.Servers, func(v models.InviteServer) inviteServer {
			return inviteServer{
				ServerID: idText(v.ServerID), Name: v.ServerName, LocalUser: ownLocalUser(v.LocalUserID, v.LocalUserName),
				Libraries: choiceOf(v.Libraries), EndsAt: moment(v.EndsAt),
			}
		}),
		CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(), Circle: inviteCircleOf(i.Circle),
	}
}

// inviteAsked is the offer of an invite on one server.
type inviteAsked struct {
	ServerID    string     `json:"server_id"`
	LocalUserID *string    `json:"local_user_id"`
	Libraries   []string   `json:"libraries"`
	EndsAt      *time.Time `json:"ends_at"`
}

// read returns the offer as models has it. A text that is not an id gets the
// same error as an id that does not exist.
func (in inviteAsked) read() (models.InviteServer, error) {
	var out models.InviteServer
	var err error
	if out.ServerID, err = idOf(in.ServerID); err != nil {
		return out, oneMistake("servers", "server_unknown")
	}
	if in.LocalUserID != nil {
		if out.LocalUserID, err = idOf(*in.LocalUserID); err != nil {
			return out, oneMistake("local_user_id", "local_user_unknown")
		}
	}
	if out.Libraries, err = chosenLibraries(in.Libraries); err != nil {
		return out, err
	}
	out.EndsAt, err = endOf(in.EndsAt)
	return out, err
}

// usesIn returns how many people may accept an invite, or 0 if the request does not say how many. A
// request must not say 0, because 0 means to the operations that nothing was said.
func usesIn(given *int) (int, error) {
	switch {
	case given == nil:
		return 0, nil
	case *given < 1:
		return 0, oneMistake("uses", "uses_invalid")
	default:
		return *given, nil
	}
}

// apiCreateInvite answers POST /api/v1/invites.
func (s *site) apiCreateInvite(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		To        string        `json:"to"`
		Link      bool          `json:"link"`
		Family    bool          `json:"family"`
		Greeting  string        `json:"greeting"`
		Uses      *int          `json:"uses"`
		ExpiresAt *time.Time    `json:"expires_at"`
		Type      string        `json:"type"`
		Note      string        `json:"note"`
		Profile   string        `json:"profile"`
		Servers   []inviteAsked `json:"servers"`
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	wanted := models.NewInvite{
		To: in.To, Type: in.Type, Note: in.Note, Link: in.Link, Family: in.Family, Greeting: in.Greeting, Profile: in.Profile, IdempotencyKey: key,
	}
	if wanted.Uses, err = usesIn(in.Uses); err != nil {
		return err
	}
	if wanted.ExpiresAt, err = momentIn("expires_at", in.ExpiresAt); err != nil {
		return err
	}
	for _, one := range in.Servers {
		offer, err := one.read()
		if err != nil {
			return err
		}
		wanted.Servers = append(wanted.Servers, offer)
	}
	made, err := s.Store.Invites.Create(c.Request.Context(), session.AccountID, wanted, caller(c))
	if err != nil {
		return err
	}
	return s.answerMadeInvite(c, made, s.secretOfOwner(made.OwnerID))
}

// apiWithdrawInvite answers DELETE /api/v1/invites/{id}.
func (s *site) apiWithdrawInvite(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Invites.Withdraw(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiReceivedInvites answers GET /api/v1/invites/received, the newest invite
// first.
func (s *site) apiReceivedInvites(c *gin.Context, session models.Session) error {
	found, err := s.Store.Invites.Received(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerList(c, "invites", found, inviteOf)
}

// apiAcceptInvite answers POST /api/v1/invites/{id}/accept.
func (s *site) apiAcceptInvite(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Invites.Accept(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiDeclineInvite answers POST /api/v1/invites/{id}/decline.
func (s *site) apiDeclineInvite(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Invites.Decline(c.Request.Context(), session.AccountID, id, caller(c)))
}

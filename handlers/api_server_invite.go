package handlers

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// apiServerInvite answers POST /api/v1/server/invites: an invite in the name of
// the owner, to this server alone.
func (s *site) apiServerInvite(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		To        string     `json:"to"`
		Type      string     `json:"type"`
		Note      string     `json:"note"`
		LocalUser string     `json:"local_user"` // the id that the media server uses
		Libraries []string   `json:"libraries"`
		EndsAt    *time.Time `json:"ends_at"`
		Link      bool       `json:"link"`
		Family    bool       `json:"family"`
		Greeting  string     `json:"greeting"`
		Uses      *int       `json:"uses"`
		ExpiresAt *time.Time `json:"expires_at"`
		Profile   string     `json:"profile"` // its name or its id
	}](c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	wanted := models.ServerInvite{
		To: in.To, Type: in.Type, Note: in.Note, LocalUserID: in.LocalUser, Link: in.Link, Family: in.Family, Greeting: in.Greeting, Profile: in.Profile, IdempotencyKey: key,
	}
	if wanted.Uses, err = usesIn(in.Uses); err != nil {
		return err
	}
	if wanted.ExpiresAt, err = momentIn("expires_at", in.ExpiresAt); err != nil {
		return err
	}
	if wanted.Libraries, err = chosenLibraries(in.Libraries); err != nil {
		return err
	}
	if wanted.EndsAt, err = endOf(in.EndsAt); err != nil {
		return err
	}
	made, err := s.Store.Agents.InviteHere(c.Request.Context(), this, wanted, caller(c))
	if err != nil {
		return err
	}
	return s.answerMadeInvite(c, made, s.secretOfOwner(made.OwnerID))
}

// serverInvite is an invite that waits for an answer, as it is seen by a server to
// which the invite offers a link. It has no note, because the owner writes the note for
// the invited person alone.
type serverInvite struct {
	ID        string          `json:"id"`
	To        string          `json:"to"` // as it was typed
	Type      string          `json:"type"`
	Greeting  string          `json:"greeting"`
	HasLink   bool            `json:"has_link"` // only the owner sees it again
	Uses      int             `json:"uses"`
	Used      int             `json:"used"`
	Libraries []libraryObject `json:"libraries"` // null if the server decides
	EndsAt    *time.Time      `json:"ends_at"`
	CreatedAt time.Time       `json:"created_at"`
	ExpiresAt time.Time       `json:"expires_at"`
}

func serverInviteOf(i models.Invite) serverInvite {
	out := serverInvite{
		ID: idText(i.ID), To: i.To, Type: i.Type, Greeting: i.Greeting, HasLink: i.Link, Uses: i.Uses, Used: i.Used,
		CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
	for _, offer := range i.Servers {
		out.Libraries, out.EndsAt = choiceOf(offer.Libraries), moment(offer.EndsAt)
	}
	return out
}

// apiServerInvites answers GET /api/v1/server/invites, the newest invite first.
func (s *site) apiServerInvites(c *gin.Context, this models.Server) error {
	found, err := s.Store.Agents.InvitesTo(c.Request.Context(), this)
	if err != nil {
		return err
	}
	return answerList(c, "invites", found, serverInviteOf)
}

// apiWithdrawServerInvite answers DELETE /api/v1/server/invites/{id}.
func (s *site) apiWithdrawServerInvite(c *gin.Context, this models.Server) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Agents.WithdrawInvite(c.Request.Context(), this, id, caller(c)))
}

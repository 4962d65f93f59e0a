package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// inviteLinkObject is the link of an invite. Only the owner of the invite gets it.
type inviteLinkObject struct {
	Secret string `json:"secret"`
	URL    string `json:"url"` // the secret is in the fragment, which browsers send to no server
}

// madeInvite is a new invite, with its link.
type madeInvite struct {
	inviteObject
	Link *inviteLinkObject `json:"link"` // null for an invite without a link
}

func (s *site) linkOfInvite(secret string) *inviteLinkObject {
	return &inviteLinkObject{Secret: secret, URL: s.inviteURL(secret)}
}

// answerMadeInvite answers with a new invite. A repeated request gets the link again, unless
// nobody can accept the invite any longer. secretOf returns the secret of the link of an invite.
func (s *site) answerMadeInvite(c *gin.Context, made models.Invite, secretOf func(ctx context.Context, inviteID int64) (string, error)) error {
	out := madeInvite{inviteObject: inviteOf(made)}
	if made.Link {
		secret, err := secretOf(c.Request.Context(), made.ID)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return err
		}
		if err == nil {
			out.Link = s.linkOfInvite(secret)
		}
	}
	return answerJSON(c, http.StatusCreated, out)
}

// secretOfOwner returns the function that returns the secrets of the links of an owner.
func (s *site) secretOfOwner(ownerID int64) func(ctx context.Context, inviteID int64) (string, error) {
	return func(ctx context.Context, inviteID int64) (string, error) {
		return s.Store.InviteLinks.Secret(ctx, ownerID, inviteID)
	}
}

// apiInviteLink answers GET /api/v1/invites/{id}/link, for the owner to copy the link again.
func (s *site) apiInviteLink(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	secret, err := s.Store.InviteLinks.Secret(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, s.linkOfInvite(secret))
}

// apiAcceptInviteLink answers POST /api/v1/invites/accept: the account accepts the invite whose
// link it has. The secret is in the body, because a server logs addresses.
func (s *site) apiAcceptInviteLink(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Secret string `json:"secret"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("secret", in.Secret); err != nil {
		return err
	}
	return done(c, s.Store.InviteLinks.Accept(c.Request.Context(), session.AccountID, cleanToken(in.Secret), caller(c)))
}

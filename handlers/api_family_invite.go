package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// invitePersonObject is somebody who may get a link by an invite for the whole family.
type invitePersonObject struct {
	ID          string `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	Picture     string `json:"picture"` // its address without the host; "" for none
	Own         bool   `json:"own"`     // the account that asks
	HasAll      bool   `json:"has_all"` // may use all servers of the invite already
}

func invitePersonOf(p models.InvitePerson) invitePersonObject {
	return invitePersonObject{
		ID: idText(p.AccountID), Username: p.Username, DisplayName: p.DisplayName, Picture: pictureAddress(p.Picture), Own: p.Self, HasAll: p.HasAll,
	}
}

// apiFamilyOfInvite answers GET /api/v1/invites/{id}/family.
func (s *site) apiFamilyOfInvite(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Families.OfInvite(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerList(c, "people", found, invitePersonOf)
}

// apiAcceptInviteForFamily answers POST /api/v1/invites/{id}/family/accept.
func (s *site) apiAcceptInviteForFamily(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		AccountIDs []string `json:"account_ids"`
	}](c)
	if err != nil {
		return err
	}
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	var chosen []int64
	for _, text := range in.AccountIDs {
		one, err := idOf(text)
		if err != nil {
			return err
		}
		chosen = append(chosen, one)
	}
	return done(c, s.Store.Families.AcceptInvite(c.Request.Context(), session.AccountID, id, chosen, caller(c)))
}

package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// protectionObject has the choices of an owner for a server.
type protectionObject struct {
	Active      bool         `json:"active"`
	PINRequired bool         `json:"pin_required"`
	Everyday    levelObject  `json:"everyday"`
	Unlocked    *levelObject `json:"unlocked"`

	AgentLevels string                  `json:"agent_levels"`
	Choices     levelChoicesObject      `json:"choices"`
	People      []protectedPersonObject `json:"people"`
}

// linkProtectionObject has the choices of an owner for one person.
type linkProtectionObject struct {
	PINRequired bool         `json:"pin_required"`
	Everyday    levelObject  `json:"everyday"`
	Unlocked    *levelObject `json:"unlocked"`
}

// protectedPersonObject is a person of a server, as the owner sees the levels of the link.
type protectedPersonObject struct {
	ID          string                `json:"id"` // of the link
	Username    string                `json:"username"`
	DisplayName string                `json:"display_name"`
	HasPIN      bool                  `json:"has_pin"`
	LookedAfter bool                  `json:"looked_after"`
	Own         *linkProtectionObject `json:"own"`
	Holds       bool                  `json:"holds"`
	Stopped     bool                  `json:"stopped"`
	OpenUntil   *time.Time            `json:"open_until"`
	State       string                `json:"state"`
	ByHand      []string              `json:"by_hand"`
	Problem     string                `json:"problem"`
}

func protectedPersonOf(p models.ProtectedPerson) protectedPersonObject {
	out := protectedPersonObject{
		ID: idText(p.LinkID), Username: p.Username, DisplayName: p.DisplayName, HasPIN: p.HasPIN, LookedAfter: p.Looked, Holds: p.Holds, Stopped: p.Stopped,
		OpenUntil: moment(p.OpenUntil), State: p.State, ByHand: notNull(p.ByHand), Problem: p.Problem,
	}
	if p.Own != nil {
		out.Own = &linkProtectionObject{PINRequired: p.Own.PINRequired, Everyday: levelOf(p.Own.Everyday), Unlocked: levelOrNull(p.Own.Unlocked)}
	}
	return out
}

// apiProtection answers GET /api/v1/servers/{id}/protection.
func (s *site) apiProtection(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.Protections.Get(c.Request.Context(), session.AccountID, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, protectionObject{
		Active: found.Active, PINRequired: found.PINRequired, Everyday: levelOf(found.Everyday), Unlocked: levelOrNull(found.Unlocked),
		AgentLevels: found.AgentLevels, Choices: levelChoicesOf(found.Choices), People: each(found.People, protectedPersonOf),
	})
}

// apiSetProtection answers PUT /api/v1/servers/{id}/protection.
func (s *site) apiSetProtection(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Active      *bool        `json:"active"`
		PINRequired bool         `json:"pin_required"`
		Everyday    levelObject  `json:"everyday"`
		Unlocked    *levelObject `json:"unlocked"`
	}](c)
	if err != nil {
		return err
	}
	if in.Active == nil {
		return needed("active", "")
	}
	return done(c, s.Store.Protections.Set(c.Request.Context(), session.AccountID, id, models.Protection{
		Active: *in.Active, PINRequired: in.PINRequired, Everyday: in.Everyday.read(), Unlocked: readOptional(in.Unlocked),
	}, caller(c)))
}

// apiSetLinkProtection answers PUT /api/v1/servers/{id}/people/{link_id}/protection.
func (s *site) apiSetLinkProtection(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	in, err := readJSON[linkProtectionObject](c)
	if err != nil {
		return err
	}
	return done(c, s.Store.Protections.SetLink(c.Request.Context(), session.AccountID, id, linkID, &models.LinkProtection{
		PINRequired: in.PINRequired, Everyday: in.Everyday.read(), Unlocked: readOptional(in.Unlocked),
	}, caller(c)))
}

// apiRemoveLinkProtection answers DELETE /api/v1/servers/{id}/people/{link_id}/protection.
func (s *site) apiRemoveLinkProtection(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.Protections.SetLink(c.Request.Context(), session.AccountID, id, linkID, nil, caller(c)))
}

// apiLetUnlock answers POST /api/v1/servers/{id}/people/{link_id}/let-unlock.
func (s *site) apiLetUnlock(c *gin.Context, session models.Session) error {
	id, linkID, err := part(c, "link_id")
	if err != nil {
		return err
	}
	return done(c, s.Store.Protections.LetUnlock(c.Request.Context(), session.AccountID, id, linkID, caller(c)))
}

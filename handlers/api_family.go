package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// familyObject is the family of the account, as the account may see it.
type familyObject struct {
	ID          string                   `json:"id"`   // the account of the first guardian
	Role        string                   `json:"role"` // of the caller: first, guardian, adult or member
	Guardians   []familyPersonObject     `json:"guardians"`
	People      []familyPersonObject     `json:"people"`
	Members     []memberObject           `json:"members"`
	Invitations []familyInvitationObject `json:"invitations"`
	Limit       int                      `json:"limit"`
}

// familyPersonObject is a guardian or a grown person.
type familyPersonObject struct {
	AccountID   string     `json:"account_id"`
	Username    string     `json:"username"`
	DisplayName string     `json:"display_name"`
	Picture     string     `json:"picture"`
	Role        string     `json:"role"`
	Status      string     `json:"status"` // asked or joined
	JoinedAt    *time.Time `json:"joined_at"`
}

// familyInvitationObject is a family that has asked the account to join it.
type familyInvitationObject struct {
	FamilyID    string    `json:"family_id"`
	Username    string    `json:"username"` // of the first guardian
	DisplayName string    `json:"display_name"`
	Role        string    `json:"role"`
	AskedAt     time.Time `json:"asked_at"`
}

// memberObject is somebody who is looked after.
type memberObject struct {
	ID          string    `json:"id"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Picture     string    `json:"picture"`
	HasPassword bool      `json:"has_password"`
	HasPIN      bool      `json:"has_pin"`
	PINOff      bool      `json:"pin_off"`
	Disabled    bool      `json:"disabled"`
	CreatedAt   time.Time `json:"created_at"`
}

func familyPersonOf(p models.FamilyPerson) familyPersonObject {
	return familyPersonObject{
		AccountID: idText(p.AccountID), Username: p.Username, DisplayName: p.DisplayName, Picture: pictureAddress(p.Picture),
		Role: p.Role, Status: p.State, JoinedAt: moment(p.JoinedAt),
	}
}

func memberOf(m models.Member) memberObject {
	return memberObject{
		ID: idText(m.ID), Username: m.Username, DisplayName: m.DisplayName, Picture: pictureAddress(m.Picture),
		HasPassword: m.HasPassword, HasPIN: m.HasPIN, PINOff: m.PINOff, Disabled: m.Disabled, CreatedAt: m.CreatedAt,
	}
}

// apiFamily answers GET /api/v1/family.
func (s *site) apiFamily(c *gin.Context, session models.Session) error {
	found, err := s.Store.Families.Get(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, familyObject{
		ID: idText(found.ID), Role: found.Role, Limit: found.Limit,
		Guardians: each(found.Guardians, familyPersonOf), People: each(found.People, familyPersonOf), Members: each(found.Members, memberOf),
		Invitations: each(found.Invitations, func(p models.FamilyPerson) familyInvitationObject {
			return familyInvitationObject{
				FamilyID: idText(p.FamilyID), Username: p.FromUsername, DisplayName: p.FromDisplayName, Role: p.Role, AskedAt: p.AskedAt,
			}
		}),
	})
}

// apiAddMember answers POST /api/v1/family/members.
func (s *site) apiAddMember(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Username    string `json:"username"`
		DisplayName string `json:"display_name"`
		Password    string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("username", in.Username); err != nil {
		return err
	}
	made, err := s.Store.Families.AddMember(c.Request.Context(), session.AccountID,
		models.NewMember{Username: in.Username, DisplayName: in.DisplayName, Password: in.Password}, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, memberOf(made))
}

// apiAskIntoFamily answers POST /api/v1/family/people.
func (s *site) apiAskIntoFamily(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		Username string `json:"username"`
		Role     string `json:"role"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("username", in.Username, "role", in.Role); err != nil {
		return err
	}
	return done(c, s.Store.Families.Ask(c.Request.Context(), session.AccountID, in.Username, in.Role))
}

// apiRemoveFromFamily answers DELETE /api/v1/family/people/{id}.
func (s *site) apiRemoveFromFamily(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Families.Remove(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiAcceptFamily answers POST /api/v1/family/invitations/{id}/accept.
func (s *site) apiAcceptFamily(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Families.Accept(c.Request.Context(), session.AccountID, id, caller(c)))
}

// apiDeclineFamily answers POST /api/v1/family/invitations/{id}/decline.
func (s *site) apiDeclineFamily(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Families.Decline(c.Request.Context(), session.AccountID, id))
}

// apiLeaveFamily answers POST /api/v1/family/leave.
func (s *site) apiLeaveFamily(c *gin.Context, session models.Session) error {
	return done(c, s.Store.Families.Leave(c.Request.Context(), session.AccountID, caller(c)))
}

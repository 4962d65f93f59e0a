package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// householdPersonObject is somebody who may be watching on a device.
type householdPersonObject struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	Picture     string `json:"picture"` // its address without the host; "" for none
	HasPIN      bool   `json:"has_pin"`
	Member      bool   `json:"member"` // looked after; may be chosen without a PIN
	Current     bool   `json:"current"`
}

// householdObject describes the people of a device to that device.
type householdObject struct {
	Switched bool                    `json:"switched"`
	LeftOut  bool                    `json:"left_out"`
	Own      householdPersonObject   `json:"own"`
	People   []householdPersonObject `json:"people"`
}

func householdPersonOf(p models.HouseholdPerson) householdPersonObject {
	return householdPersonObject{
		ID: idText(p.AccountID), DisplayName: p.DisplayName, Picture: pictureAddress(p.Picture), HasPIN: p.HasPIN, Member: p.Member, Current: p.Current,
	}
}

// apiHousehold answers GET /api/v1/household.
func (s *site) apiHousehold(c *gin.Context, session models.Session) error {
	found, err := s.Store.Households.List(c.Request.Context(), session)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, householdObject{
		Switched: found.Switched, LeftOut: found.LeftOut, Own: householdPersonOf(found.Own), People: each(found.People, householdPersonOf),
	})
}

// apiSwitch answers POST /api/v1/sessions/current/switch.
func (s *site) apiSwitch(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		AccountID string `json:"account_id"`
		PIN       string `json:"pin"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("account_id", in.AccountID); err != nil {
		return err
	}
	id, err := idOf(in.AccountID)
	if err != nil {
		return err
	}
	signed, err := s.Store.Households.Switch(c.Request.Context(), session, id, in.PIN, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		Token string `json:"token"`
	}{signed.Token})
}

// apiChangeHousehold answers PATCH /api/v1/household.
func (s *site) apiChangeHousehold(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		LeftOut *bool `json:"left_out"`
	}](c)
	if err != nil {
		return err
	}
	if in.LeftOut == nil {
		return needed("left_out", "")
	}
	return done(c, s.Store.Households.LeaveOut(c.Request.Context(), session, *in.LeftOut))
}

// apiJoinHousehold answers POST /api/v1/household/join.
func (s *site) apiJoinHousehold(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		SessionToken string `json:"session_token"`
	}](c)
	if err != nil {
		return err
	}
	if err := needed("session_token", in.SessionToken); err != nil {
		return err
	}
	return done(c, s.Store.Households.Join(c.Request.Context(), session, in.SessionToken))
}

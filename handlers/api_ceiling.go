package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// ceilingObject is the age up to which a member may watch.
type ceilingObject struct {
	Age     int  `json:"age"`
	Unrated bool `json:"unrated"` // what has no rating is hidden, too
}

func ceilingOrNull(c *models.Ceiling) *ceilingObject {
	if c == nil {
		return nil
	}
	return &ceilingObject{c.Age, c.Unrated}
}

// apiSetCeiling answers PUT /api/v1/family/members/{id}/ceiling.
func (s *site) apiSetCeiling(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	in, err := readJSON[struct {
		Age     *int `json:"age"`
		Unrated bool `json:"unrated"`
	}](c)
	if err != nil {
		return err
	}
	if in.Age == nil {
		return needed("age", "")
	}
	return done(c, s.Store.Members.SetCeiling(c.Request.Context(), session.AccountID, id, &models.Ceiling{Age: *in.Age, Unrated: in.Unrated}, caller(c)))
}

// apiRemoveCeiling answers DELETE /api/v1/family/members/{id}/ceiling.
func (s *site) apiRemoveCeiling(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Members.SetCeiling(c.Request.Context(), session.AccountID, id, nil, caller(c)))
}

package handlers

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// ceilingView has the fields of the age limit of a member, on the page of the member.
type ceilingView struct {
	Set     bool // there is a limit
	Age     SelectField
	Unrated Choice
}

// viewCeiling returns the fields with what is stored. Without a limit, what has no rating is proposed to be hidden,
// because a highest rating alone lets it through.
func viewCeiling(b Base, stored *models.Ceiling, wrong mistakes) ceilingView {
	chosen := models.Ceiling{Age: -1, Unrated: true}
	if stored != nil {
		chosen = *stored
	}
	out := ceilingView{
		Set:     stored != nil,
		Age:     SelectField{Field: Field{Name: "age", Label: b.T("level.max_rating.up_to"), Error: wrong.fields["age"]}},
		Unrated: Choice{ID: "unrated", Name: "unrated", Label: b.T("level.unrated"), Chosen: chosen.Unrated},
	}
	for age := range models.CeilingMost + 1 {
		out.Age.Options = append(out.Age.Options, Option{
			Value: strconv.Itoa(age), Label: b.T("level.max_rating.age", "Age", age), Chosen: age == chosen.Age || chosen.Age < 0 && age == usualCeiling,
		})
	}
	return out
}

// usualCeiling is the age that the page proposes.
const usualCeiling = 12

// setCeiling answers POST /family/members/ID/ceiling with "do", which is "set" or "remove".
func (s *site) setCeiling(c *gin.Context, f form) error {
	who, err := s.member(c, false)
	if err != nil {
		return err
	}
	var ceiling *models.Ceiling
	if f["do"] != doRemove {
		age, err := strconv.Atoi(f["age"])
		if err != nil {
			age = -1 // no age at all
		}
		ceiling = &models.Ceiling{Age: age, Unrated: f["unrated"] != ""}
	}
	if err := s.Store.Members.SetCeiling(c.Request.Context(), who.guardianID, who.memberID, ceiling, caller(c)); err != nil {
		return s.showMember(c, who, f, err)
	}
	return s.leave(c, who.to, noticeMemberSaved)
}

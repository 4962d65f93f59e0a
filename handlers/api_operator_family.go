package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatedFamily is a family as operators see it in the list.
type operatedFamily struct {
	ID       string `json:"id"`
	Username string `json:"username"` // of the first guardian
	Members  int    `json:"members"`
	People   int    `json:"people"`
}

// operatedFamilyDetail is a family with everybody in it.
type operatedFamilyDetail struct {
	ID     string               `json:"id"`
	People []operatedFamilyPart `json:"people"`
}

// operatedFamilyPart is somebody in a family.
type operatedFamilyPart struct {
	AccountID string `json:"account_id"`
	Username  string `json:"username"`
	Role      string `json:"role"`
	State     string `json:"state"`
}

func operatedFamilyOf(f models.OperatedFamily) operatedFamily {
	return operatedFamily{ID: idText(f.ID), Username: f.Username, Members: f.Members, People: f.People}
}

// apiOperatedFamilies answers GET /api/v1/operator/families, in the order of the usernames of the first guardians. With the
// parameter prefix it lists those whose first guardian has a username that begins with it.
func (s *site) apiOperatedFamilies(c *gin.Context) error {
	prefix, _, err := parameter(c, "prefix")
	if err != nil {
		return err
	}
	asked, err := s.pageAsked(c, "families", prefix)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedFamilies.List(c.Request.Context(), models.FamiliesAsk{Prefix: prefix, After: asked.after, Most: asked.more()})
	if err != nil {
		return err
	}
	return answerPage(c, s, asked, found, operatedFamilyOf, func(f models.OperatedFamily) string { return f.Username })
}

// apiOperatedFamily answers GET /api/v1/operator/families/{id}, where the id is that of any account in the family.
func (s *site) apiOperatedFamily(c *gin.Context) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedFamilies.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	out := operatedFamilyDetail{ID: idText(found.ID), People: []operatedFamilyPart{}}
	for _, group := range [][]models.FamilyPerson{found.Guardians, found.People} {
		for _, one := range group {
			out.People = append(out.People, operatedFamilyPart{idText(one.AccountID), one.Username, one.Role, one.State})
		}
	}
	for _, one := range found.Members {
		out.People = append(out.People, operatedFamilyPart{idText(one.ID), one.Username, models.RoleMember, models.FamilyJoined})
	}
	return answerJSON(c, http.StatusOK, out)
}

// apiOperatorFamilyRoutes registers what operators see of families.
func (s *site) apiOperatorFamilyRoutes(r *gin.Engine, families string) {
	s.get(r, families, nil, s.withOperator(s.apiOperatedFamilies))
	s.get(r, families+"/:id", nil, s.withOperator(s.apiOperatedFamily))
}

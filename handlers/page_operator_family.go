package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// operatorFamiliesPage is the data of templates/pages/operator_family_list.html.
type operatorFamiliesPage struct {
	operatorPage
	Prefix   string // what the list is filtered by; "" for all
	Families []operatedFamilyView
	Turns    turnsView
}

// operatedFamilyView is a family in the list of operators.
type operatedFamilyView struct {
	Href, Name      string // of the first guardian
	Face            face
	Members, People int
}

// operatorFamilyPage is the data of templates/pages/operator_family.html.
type operatorFamilyPage struct {
	operatorPage
	Name   string // of the first guardian
	People []operatedRelative
}

// operatedRelative is somebody in a family.
type operatedRelative struct {
	Href, Name string
	Face       face
	Role       string // in words
	Asked      bool   // has not answered yet
	Disabled   bool
}

const operatorFamiliesOnPage = 20

func operatedFamilyPath(id string) string { return operatorPath + "/families/" + id }

// operatorFamilies answers GET /admin/families.
func (s *site) operatorFamilies(c *gin.Context) error {
	if _, err := s.operatorSession(c); err != nil {
		return err
	}
	ask := models.FamiliesAsk{Prefix: queryValue(c, "name")}
	asked, err := s.pageTurned(c, operatorFamiliesOnPage, "families of operators", ask.Prefix)
	if err != nil {
		return err
	}
	ask.After, ask.Most = asked.after, asked.more()
	found, err := s.Store.OperatedFamilies.List(c.Request.Context(), ask)
	if err != nil {
		return err
	}
	page := operatorFamiliesPage{operatorPage: s.operatorBase(c, "operator_family_list", "families", mistakes{status: http.StatusOK}), Prefix: ask.Prefix}
	next := ""
	if len(found) > asked.limit {
		found = found[:asked.limit]
		next = s.writeCursor(asked.list, found[len(found)-1].Username)
	}
	page.Turns = operatorTurns(page.Base, "families", map[string]string{"name": ask.Prefix}, asked, next)
	page.Families = each(found, func(one models.OperatedFamily) operatedFamilyView {
		return operatedFamilyView{
			Href: operatedFamilyPath(idText(one.ID)), Name: one.Username, Face: faceOf(one.DisplayName, one.ID, pictureAddress(one.Picture)),
			Members: one.Members, People: one.People,
		}
	})
	return s.render(c, http.StatusOK, "operator_family_list", page)
}

// operatorFamily answers GET /admin/families/ID, where the id is that of any account in the family.
func (s *site) operatorFamily(c *gin.Context) error {
	_, id, wrong, err := s.operatorRecord(c, nil)
	if err != nil {
		return err
	}
	found, err := s.Store.OperatedFamilies.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	page := operatorFamilyPage{operatorPage: s.operatorBase(c, "operator_family", "families", wrong), Name: found.Guardians[0].Username}
	page.People = page.relatives(found)
	return s.render(c, http.StatusOK, "operator_family", page)
}

// relatives returns everybody in a family: guardians, grown people and members.
func (b Base) relatives(found models.Family) []operatedRelative {
	roles := map[string]string{
		models.RoleFirst: b.T("operator.role.first"), models.RoleGuardian: b.T("operator.role.guardian"), models.RoleAdult: b.T("operator.role.adult"),
	}
	var people []operatedRelative
	for _, group := range [][]models.FamilyPerson{found.Guardians, found.People} {
		for _, one := range group {
			people = append(people, operatedRelative{
				Href: operatedAccountPath(idText(one.AccountID)), Name: one.Username, Face: faceOf(one.DisplayName, one.AccountID, pictureAddress(one.Picture)),
				Role: roles[one.Role], Asked: one.State == models.FamilyAsked,
			})
		}
	}
	for _, one := range found.Members {
		people = append(people, operatedRelative{
			Href: operatedAccountPath(idText(one.ID)), Name: one.Username, Face: faceOf(one.DisplayName, one.ID, pictureAddress(one.Picture)),
			Role: b.T("operator.role.member"), Disabled: one.Disabled,
		})
	}
	return people
}

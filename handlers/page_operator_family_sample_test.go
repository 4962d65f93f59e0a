package handlers

import "github.com/latchkey-media/latchkey/models"

// operatorFamilySamples returns the pages of families for operators.
func (s sampler) operatorFamilySamples() []sample {
	list := operatorFamiliesPage{operatorPage: s.operator("operator_family_list", "families"), Prefix: "mi"}
	list.Turns = turnsView{Base: list.Base}
	none := list
	list.Families = []operatedFamilyView{
		{Href: "/admin/families/1", Name: "a-very-long-username-of-32-chars", Face: faceOf("A", 1, ""), Members: 3, People: 1},
		{Href: "/admin/families/2", Name: "tom", Face: faceOf("Tom", 2, ""), Members: 1},
	}
	page := operatorFamilyPage{operatorPage: s.operator("operator_family", "families"), Name: "mira.k"}
	page.People = page.relatives(models.Family{
		Guardians: []models.FamilyPerson{
			{AccountID: 1, Username: "mira.k", DisplayName: longName, Role: models.RoleFirst}, {AccountID: 2, Username: "tom", DisplayName: "Tom", Role: models.RoleGuardian},
		},
		People:  []models.FamilyPerson{{AccountID: 3, Username: "lou", DisplayName: "Lou", Role: models.RoleAdult, State: models.FamilyAsked}},
		Members: []models.Member{{ID: 4, Username: "kim", DisplayName: "Kim", Disabled: true}},
	})
	return []sample{{"operator_family_list", list}, {"operator_family_list-none", none}, {"operator_family", page}}
}

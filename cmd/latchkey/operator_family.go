package main

import (
	"fmt"

	"github.com/latchkey-media/latchkey/models"
)

// operatorFamilies are the commands about families.
type operatorFamilies struct {
	List operatorFamilyList `cmd:"" default:"withargs" help:"List the families by their first guardians."`
	Show operatorFamilyShow `cmd:"" help:"Show who belongs to the family of an account."`
}

// familyLine is a family for a program.
type familyLine struct {
	ID       string `json:"id"`
	Username string `json:"username"` // of the first guardian
	Members  int    `json:"members"`
	People   int    `json:"people"`
}

type operatorFamilyList struct {
	asJSON
	Prefix string `name:"prefix" help:"Beginning of the username of the first guardian."`
}

// Run lists families.
func (c operatorFamilyList) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		list := &listing[familyLine]{heads: "ID\tFIRST GUARDIAN\tMEMBERS\tOTHERS", line: func(f familyLine) string {
			return fmt.Sprintf("%s\t%s\t%d\t%d", f.ID, f.Username, f.Members, f.People)
		}}
		const page = 200
		for after := ""; ; {
			found, err := store.OperatedFamilies.List(p.ctx, models.FamiliesAsk{Prefix: c.Prefix, After: after, Most: page})
			if err != nil {
				return explain(err)
			}
			for _, f := range found {
				list.rows = append(list.rows, familyLine{models.FormatID(f.ID), f.Username, f.Members, f.People})
			}
			if len(found) < page {
				return list.print(p, c.asJSON)
			}
			after = found[len(found)-1].Username
		}
	})
}

// relativeLine is somebody in a family for a program.
type relativeLine struct {
	AccountID string `json:"account_id"`
	Username  string `json:"username"`
	Role      string `json:"role"`
	State     string `json:"state"`
}

type operatorFamilyShow struct {
	asJSON
	ID int64 `arg:"" help:"Id of any account in the family, from 'latchkey operator families'."`
}

// Run shows the people of a family.
func (c operatorFamilyShow) Run(p *program) error {
	return p.withStore(func(store *models.Store) error {
		found, err := store.OperatedFamilies.Get(p.ctx, c.ID)
		if err != nil {
			return explain(err)
		}
		list := &listing[relativeLine]{heads: "ACCOUNT\tUSERNAME\tROLE\tSTATE", line: func(r relativeLine) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s", r.AccountID, r.Username, r.Role, r.State)
		}}
		for _, group := range [][]models.FamilyPerson{found.Guardians, found.People} {
			for _, one := range group {
				list.rows = append(list.rows, relativeLine{models.FormatID(one.AccountID), one.Username, one.Role, one.State})
			}
		}
		for _, one := range found.Members {
			list.rows = append(list.rows, relativeLine{models.FormatID(one.ID), one.Username, models.RoleMember, models.FamilyJoined})
		}
		return list.print(p, c.asJSON)
	})
}

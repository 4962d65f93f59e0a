package handlers_test

import (
	"net/http"
	"testing"
)

// An operator finds a family by its guardian, and sees who belongs to it from each account.
func TestConsoleShowsFamilies(t *testing.T) {
	t.Parallel()
	s, rita, bob, page := consoleSite(t)
	rita.says("/admin/families", "No family fits.")
	bob.led(bob.post("/family/members", "username", "kim", "display_name", "Kim"), "/family")
	family := "/admin/families/" + page[len("/admin/accounts/"):]
	rita.says("/admin/families", ">bob<", family, "1 member")
	rita.says("/admin/families?name=zzz", "No family fits.")
	rita.says(family, "The family of bob", ">kim<", "is looked after")
	rita.says(page, family)
	bob.see(bob.get("/admin/families"), http.StatusNotFound)
	bob.see(bob.get(family), http.StatusNotFound)
	rita.see(rita.get("/admin/families/1"), http.StatusNotFound)

	op := s.program(t).operator("rita")
	var list struct {
		Items []struct {
			ID, Username string
			Members      int
		}
	}
	op.is(op.get("/operator/families?prefix=BO"), http.StatusOK, &list)
	if len(list.Items) != 1 || list.Items[0].Username != "bob" || list.Items[0].Members != 1 {
		t.Fatalf("listed %+v, want the family of bob", list.Items)
	}
	var one struct {
		People []struct{ Username, Role, State string }
	}
	op.is(op.get("/operator/families/"+list.Items[0].ID), http.StatusOK, &one)
	if len(one.People) != 2 || one.People[0].Role != "first" || one.People[1].Username != "kim" || one.People[1].Role != "member" {
		t.Errorf("the family is %+v, want bob and kim", one.People)
	}
	op.refused(op.get("/operator/families/1"), http.StatusNotFound, "not_found")
}

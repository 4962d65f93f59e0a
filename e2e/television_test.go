//go:build e2e

package e2e

import (
	"net/http"
	"testing"
)

// televisionPages returns the pages on which an owner signs a television in for one of their people.
func televisionPages(t *testing.T, s *service) []shown {
	t.Helper()
	ottilie := s.account(t, "ottilie")
	var parlour agent
	var page string
	reports := func(televisions string) {
		askAPI[struct{}](t, s, parlour.key, http.MethodPut, "/server/report", map[string]any{
			"name": parlour.name, "system_id": "agent-parlour", "local_users": []map[string]string{{"id": "u1", "name": "ilse"}}, "quick_connect": true, "televisions": televisions,
		})
	}
	// asked types the digits, says who they are for, and returns the path at which the agent answers.
	asked := func(v *visitor) string {
		v.t.Helper()
		v.open(page)
		v.fill("code", "739 104")
		v.send(page)
		v.tabTo(`form[action="` + page + `"] button`)
		v.press(" ")
		v.until(`location.pathname.startsWith("` + page + `/") && document.readyState === "complete"`)
		waiting := askAPI[struct {
			All []struct{ ID, Code string } `json:"quick_connects"`
		}](t, s, parlour.key, http.MethodGet, "/server/quick-connects", nil).All
		if len(waiting) != 1 || waiting[0].Code != "739104" {
			t.Fatalf("the agent got the requests %+v, want one", waiting)
		}
		return "/server/quick-connects/" + waiting[0].ID
	}
	says := func(v *visitor, key string) {
		v.t.Helper()
		v.until(`document.querySelector("main").textContent.includes(` + quote(v.says(key, "Server", "Parlour", "Person", "Ottilie")) + `)`)
	}
	var waits string
	return []shown{
		{"television", "of somebody who was there before", func(v *visitor) {
			signIn(v, ottilie)
			parlour = runAgent(t, s, "Parlour", claimCode(v))
			reports("guests")
			askAPI[struct{}](t, s, parlour.key, http.MethodPost, "/server/links", map[string]string{"to": "ottilie", "type": "linked", "local_user": "u1"})
			v.open("/invitations")
			v.push(`form[action="/invitations/accept"] button`, parlour.page()+"/start")
			links := askAPI[struct {
				All []struct{ ID string } `json:"links"`
			}](t, s, parlour.key, http.MethodGet, "/server/links", nil).All
			if len(links) != 1 {
				t.Fatalf("the agent has the links %+v, want one", links)
			}
			page = parlour.page() + "/televisions/" + links[0].ID
			v.open(parlour.page() + "/people/" + links[0].ID)
			v.follow(`main a[href="`+page+`"]`, page)
			says(v, "page.television.refused.linked")
		}},
		{"television", "with a mistake", func(v *visitor) {
			reports("linked")
			v.open(page)
			v.fill("code", "739 10")
			v.send(page)
			v.wantText("main", v.says("error.quick_code_invalid"))
		}},
		{"television", "with the question", func(v *visitor) {
			v.fill("code", "739 104")
			v.send(page)
			v.wantText(".code", "739 104")
			says(v, "page.television.for.title")
		}},
		{"television_wait", "", func(v *visitor) { waits = asked(v) }},
		{"television_wait", "when it is done", func(v *visitor) {
			askAPI[struct{}](t, s, parlour.key, http.MethodPost, waits+"/complete", nil)
			says(v, "page.television_wait.done") // by itself
		}},
		{"television_wait", "when it failed", func(v *visitor) {
			askAPI[struct{}](t, s, parlour.key, http.MethodPost, asked(v)+"/fail", map[string]string{"reason": "code_wrong"})
			says(v, "page.quick_connect_wait.failed.code_wrong")
		}},
	}
}

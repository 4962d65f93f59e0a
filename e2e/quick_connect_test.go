//go:build e2e

package e2e

import (
	"net/http"
	"testing"
)

// quickConnectPages returns the pages on which a person signs in a device that shows six
// digits: quinn runs a server and uses it herself.
func quickConnectPages(t *testing.T, s *service) []shown {
	t.Helper()
	quinn := s.account(t, "quinn")
	var loft agent
	var waits string
	reports := func(can bool) {
		askAPI[struct{}](t, s, loft.key, http.MethodPut, "/server/report", map[string]any{
			"name": loft.name, "system_id": "agent-loft", "local_users": []map[string]string{{"id": "u1", "name": "anna"}}, "quick_connect": can,
		})
	}
	open := func() string {
		waiting := askAPI[struct {
			All []struct{ ID, Code string } `json:"quick_connects"`
		}](t, s, loft.key, http.MethodGet, "/server/quick-connects", nil).All
		if len(waiting) != 1 || waiting[0].Code != "739104" {
			t.Fatalf("the agent got the requests %+v, want one", waiting)
		}
		return "/server/quick-connects/" + waiting[0].ID
	}
	typed := func(v *visitor) {
		v.t.Helper()
		v.open("/link")
		v.fill("user_code", "739 104")
		v.send("/link/code")
	}
	// asked sends the code with the keyboard, and returns the path at which the agent answers.
	asked := func(v *visitor) string {
		v.t.Helper()
		typed(v)
		v.tabTo(`form[action="/link/quick-connect"] button`)
		v.press(" ")
		v.until(`location.pathname.startsWith("/link/quick-connect/") && document.readyState === "complete"`)
		return open()
	}
	answer := func(path, reason string) {
		t.Helper()
		if reason == "" {
			askAPI[struct{}](t, s, loft.key, http.MethodPost, path+"/complete", nil)
			return
		}
		askAPI[struct{}](t, s, loft.key, http.MethodPost, path+"/fail", map[string]string{"reason": reason})
	}
	says := func(v *visitor, key string) {
		v.t.Helper()
		v.until(`document.querySelector("main").textContent.includes(` + quote(v.says(key, "Server", "Loft")) + `)`)
	}
	return []shown{
		{"quick_connect", "with no server", func(v *visitor) {
			signIn(v, quinn)
			loft = runAgent(t, s, "Loft", claimCode(v))
			typed(v)
			v.wantText("main", v.says("page.quick_connect.none"))
		}},
		{"quick_connect", "", func(v *visitor) {
			askAPI[struct{}](t, s, loft.key, http.MethodPost, "/server/links", map[string]string{"to": "quinn", "type": "linked", "local_user": "u1"})
			v.open("/invitations")
			v.push(`form[action="/invitations/accept"] button`, loft.page()+"/start")
			reports(true)
			typed(v)
			v.wantText(".code", "739 104")
			if !ask[bool](v, `document.querySelector("[name=server_id]").checked`) {
				v.t.Error("the only server is not chosen, want it chosen")
			}
		}},
		{"local_password", "of an agent that takes none", func(v *visitor) { v.open(loft.page() + "/password") }},
		{"quick_connect_wait", "", func(v *visitor) { waits = asked(v) }},
		{"quick_connect_wait", "when it is done", func(v *visitor) {
			answer(waits, "")
			says(v, "page.quick_connect_wait.done") // by itself
		}},
		{"quick_connect_wait", "when it failed", func(v *visitor) {
			answer(asked(v), "code_wrong")
			says(v, "page.quick_connect_wait.failed.code_wrong")
		}},
		{"invite_link", "", func(v *visitor) {
			v.open(loft.page() + "/invite")
			makeInviteLink(v)
		}},
		{"invite_use", "with an open and an ended invite", func(v *visitor) {
			v.push(`form[action$="/invites/withdraw"] button`, loft.page())
			v.open(loft.page() + "/invite")
			makeInviteLink(v)
			v.open(loft.page() + "/invites")
			v.tick("main details summary")
			v.wantText("main", "Nina Berg")
		}},
		{"server_check", "before any result", func(v *visitor) { v.open(loft.page() + "/checks") }},
		{"server_check", "with an expired certificate", func(v *visitor) { tellChecks(v, s, loft) }},
		{"server_open_allow", "", func(v *visitor) {
			askAPI[struct{}](t, s, loft.key, http.MethodPut, "/server/report", map[string]any{
				"name": loft.name, "system_id": "agent-loft", "local_users": []map[string]string{{"id": "u1", "name": "anna"}}, "quick_connect": true,
				"addresses": []map[string]string{{"kind": "wan", "url": "https://loft.example.org"}}, "open_addresses": []string{"https://loft.example.org"},
			})
			const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // the example of RFC 7636
			v.open(loft.page() + "/authorize?state=a-state-of-the-agent&code_challenge=" + challenge + "&code_challenge_method=S256")
			v.wantText("main", "loft.example.org")
		}},
		{"device", "once more", func(v *visitor) {
			v.open("/link")
			v.open("/link?digits=again&user_code=739104")
			v.wantText("main", v.says("page.device.again"))
			v.wantValue("user_code", "")
		}},
		{"quick_connect", "with several servers and a mistake", func(v *visitor) {
			shed := runAgent(t, s, "Shed", claimCode(v))
			askAPI[struct{}](t, s, shed.key, http.MethodPost, "/server/links", map[string]string{"to": "quinn", "type": "linked"})
			askAPI[struct{}](t, s, shed.key, http.MethodPut, "/server/report", map[string]any{"name": "Shed", "system_id": "agent-shed", "quick_connect": true})
			v.open("/invitations")
			v.push(`form[action="/invitations/accept"] button`, shed.page()+"/start")
			typed(v)
			v.push(`form[action="/link/quick-connect"] button`, "/link/quick-connect")
			v.wantFocus("[name=server_id]")
			v.wantText("main", v.says("error.quick_server_missing"))
		}},
	}
}

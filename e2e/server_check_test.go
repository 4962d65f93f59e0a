//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// tellChecks makes an agent report an expired certificate and some warnings, and opens the page of
// the checks.
func tellChecks(v *visitor, s *service, of agent) {
	v.t.Helper()
	askAPI[struct{}](v.t, s, of.key, http.MethodPut, "/server/checks", map[string]any{"checks": []map[string]any{
		{"name": "address", "subject": "https://media.loft.example.org:8920/jellyfin", "state": "wrong", "reason": "certificate_expired", "until": "2026-11-20T12:00:00Z"},
		{"name": "older_apps", "state": "warning", "reason": "legacy_off"},
		{"name": "clock", "state": "warning", "reason": "behind", "seconds": 400},
		{"name": "key", "state": "ok", "reason": "ok"},
		{"name": "disk", "state": "ok", "reason": "ok", "megabytes": 51200},
	}})
	v.open(of.page() + "/checks")
	v.tick("main details summary")
	v.wantText("main", v.says("check.address.certificate_expired", "Date", v.says("date.day", "Day", "20", "Month", v.says("date.month.11"), "Year", "2026")))
}

// TestServerCheck shows an owner on the page of the server what is wrong, in German on a phone. The owner asks the agent for new
// checks, which appear on the page by themselves, and tries the addresses from outside.
func TestServerCheck(t *testing.T) {
	t.Parallel()
	jellyfin := jellyfintest.New(t, "12")
	s := serve(t)
	olga := s.account(t, "olga")
	owner := s.token(t, olga)
	p := agentProgram{t.TempDir(), []string{
		"LATCHKEY_AGENT_SERVICE=" + s.origin, "LATCHKEY_AGENT_CLAIM_CODE=" + s.claimCode(t, owner), "LATCHKEY_AGENT_LISTEN=127.0.0.1:0",
		"LATCHKEY_AGENT_MEDIA_SERVER=jellyfin", "LATCHKEY_AGENT_MEDIA_SERVER_URL=" + jellyfin.URL, "LATCHKEY_AGENT_API_KEY=" + jellyfin.APIKey,
		"LATCHKEY_AGENT_ADDRESSES=https://[3fff::1]:8920", "LATCHKEY_AGENT_REPORT_LAN=false", // an address of documents, which nobody asks
	}}
	p.do(t, "", "setup")
	p.start(t, jellyfin.APIKey)
	page := "/servers/" + s.ownServer(t, owner)

	v := s.visit(t, phone, "de")
	signIn(v, olga)
	v.open("/servers")
	v.tabTo(".languages summary")
	v.press(" ")
	v.push(`.languages button[value=de]`, "/servers") // the account speaks English
	v.open(page)
	v.follow(`main a[href="`+page+`/checks"]`, page+"/checks")
	v.push(`form[action="`+page+`/checks"] button`, page+"/checks")
	v.until(`document.querySelector("main h3") !== null && document.querySelector("[role=status]") === null`) // by itself
	v.wantText("main", v.says("check.older_apps.legacy_off"))
	v.audit("server_check in German")
	v.push(`form[action="`+page+`/tries"] button`, page+"/checks")
	v.wantText("#outside", v.says("try.name_unknown"))
	v.audit("server_check after a try")
	v.push(`form[action="`+page+`/tries"] button`, page+"/tries")
	v.until(`document.querySelector("#problem[role=alert]") !== null`) // once a minute
}

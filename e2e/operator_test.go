//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// operatorPages returns the pages that an operator uses: the overview, a person, a mail that could not be sent, a server,
// and the limits.
func operatorPages(t *testing.T, s *service) []shown {
	t.Helper()
	runa, tove := s.account(t, "runa"), s.account(t, "tove")
	s.operate(t, "", "account", "operator", runa.username, "on")
	var attic agent
	account := func(v *visitor) string {
		var page string
		v.do(chromedp.AttributeValue(`main .rows a[href^="/admin/accounts/"]`, "href", &page, nil))
		return page
	}
	var page string
	return []shown{
		{"operator", "", func(v *visitor) {
			signIn(v, runa)
			attic = runAgent(t, s, "Attic-of-runa", claimCode(v), "Films")
			v.open("/servers")
			v.follow(`.tabs a[href="/admin"]`, "/admin")
		}},
		{"operator", "with a table", func(v *visitor) {
			v.tabTo(".chart summary")
			v.press(" ")
			v.until(`document.querySelector(".chart details").open`)
		}},
		{"operator_accounts", "", at("/admin/accounts")},
		{"operator_accounts", "with nobody", at("/admin/accounts?name=nobody-at-all")},
		{"operator_account", "", func(v *visitor) {
			v.open("/admin/accounts?name=" + tove.username)
			page = account(v)
			v.follow(`main .rows a[href^="/admin/accounts/"]`, page)
		}},
		{"operator_account", "asked first", func(v *visitor) {
			v.tabTo(`details:has(form[action$="/disable"]) > summary`)
			v.press(" ")
			v.until(`document.querySelector('details:has(form[action$="/disable"])').open`)
		}},
		{"operator_account", "disabled", func(v *visitor) {
			v.push(`form[action$="/disable"] button`, page)
			v.wantNotice("operator_done")
		}},
		{"operator_account", "of the operator", func(v *visitor) {
			v.open("/admin/accounts?name=" + runa.username)
			own := account(v)
			v.follow(`main .rows a[href^="/admin/accounts/"]`, own)
			v.tabTo(`details:has(form[action$="/operator-end"]) > summary`)
			v.press(" ")
			v.push(`form[action$="/operator-end"] button`, own+"/operator-end")
			v.wantText("main", v.says("error.last_operator"))
		}},
		{"operator_mails", "empty", at("/admin/mails?state=dead")},
		{"operator_mails", "", func(v *visitor) {
			now := time.Now().UTC()
			s.alter(t, `INSERT INTO outbox (id, kind, account_id, recipient, locale, facts, subject_id, salt, key_id, state, attempts, due_at, lease_owner, last_error, created_at, expires_at)
SELECT 7, 'password_changed', id, '', 'en', '{}', 0, zeroblob(32), '', 'dead', 9, ?, '', '550 5.1.1 no such mailbox here', ?, ? FROM accounts WHERE username_key = 'runa'`,
				now, now, now.Add(time.Hour))
			v.open("/admin/mails")
		}},
		{"operator_mail", "", func(v *visitor) { v.follow(`main .rows a[href="/admin/mails/7"]`, "/admin/mails/7") }},
		{"operator_servers", "", at("/admin/servers")},
		{"operator_server", "", func(v *visitor) {
			v.follow(`main .rows a[href="/admin/servers/`+attic.id+`"]`, "/admin/servers/"+attic.id)
		}},
		{"operator_throttles", "", at("/admin/throttles")},
		{"operator_throttles", "of somebody whom nothing stops", at("/admin/throttles?subject=" + tove.username)},
		{"operator_settings", "", at("/admin/settings")},
		{"operator_acts", "", at("/admin/history")},
		{"webhooks", "of operators", at("/admin/webhooks")},
		{"webhooks", "", at("/webhooks")},
		{"webhook", "made", func(v *visitor) {
			v.fill("name", "Family chat")
			v.fill("address", "https://hooks.example.org/hidden")
			v.push(`form[action="/webhooks"] button[type="submit"]`, "/webhooks")
			v.wantText("main", v.says("page.webhook.secret.text"))
		}},
		{"webhook", "", func(v *visitor) {
			v.open("/webhooks")
			var one string
			v.do(chromedp.AttributeValue(`main .rows a[href^="/webhooks/"]`, "href", &one, nil))
			v.follow(`main .rows a[href="`+one+`"]`, one)
			v.push(`form[action$="/test"] button`, one)
			v.wantNotice("webhook_sent")
		}},
	}
}

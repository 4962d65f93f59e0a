//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/internal/waittest"
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
	var page, message string
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
		{"operator_invites", "empty", at("/admin/invites")},
		{"operator_invite", "", func(v *visitor) {
			s.operate(t, "", "operator", "invites", "make", "--name", "Nina", "--uses", "3")
			v.open("/admin/invites")
			var invite string
			v.do(chromedp.AttributeValue(`main .rows a[href^="/admin/invites/"]`, "href", &invite, nil))
			v.follow(`main .rows a[href^="/admin/invites/"]`, invite)
		}},
		{"operator_invites", "", at("/admin/invites")},
		{"operator_family_list", "", at("/admin/families")},
		{"operator_family", "", func(v *visitor) {
			v.open("/admin/accounts?name=" + runa.username)
			v.follow(`main .rows a[href^="/admin/accounts/"]`, account(v))
			var family string
			v.do(chromedp.AttributeValue(`main a[href^="/admin/families/"]`, "href", &family, nil))
			v.follow(`main a[href="`+family+`"]`, family)
		}},
		{"operator_messages", "", at("/admin/messages")},
		{"operator_message", "", func(v *visitor) {
			s.operate(t, "", "operator", "messages", "make", "--title", "en=Maintenance tonight", "--text", "en=From ten to eleven nobody can sign in.", "--kind", "warning",
				"--from", inDays(1), "--until", inDays(2)) // other visitors use the service, too
			v.open("/admin/messages")
			v.do(chromedp.AttributeValue(`main .rows a[href^="/admin/messages/"]`, "href", &message, nil))
			v.follow(`main .rows a[href^="/admin/messages/"]`, message)
		}},
		{"operator_throttles", "", at("/admin/throttles")},
		{"operator_throttles", "of somebody whom nothing stops", at("/admin/throttles?subject=" + tove.username)},
		{"operator_settings", "", at("/admin/settings")},
		{"operator_health", "", func(v *visitor) {
			v.open("/admin/health")
			v.tabTo("main details > summary")
			v.press(" ")
			v.until(`document.querySelector("main details").open`)
		}},
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

// inDays returns the time after some days, as the commands about messages take it.
func inDays(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format("2006-01-02T15:04") }

// A message of operators stands above the pages, also for strangers if the operator wants that, and each browser closes it.
func TestBanner(t *testing.T) {
	t.Parallel()
	s := serve(t)
	pia := s.account(t, "pia")
	s.operate(t, "", "operator", "messages", "make", "--title", "en=Maintenance tonight", "--text", "en=From ten to eleven nobody can sign in.", "--kind", "warning", "--to-strangers", "--until", inDays(2))
	s.operate(t, "", "operator", "messages", "make", "--title", "en=A new server for everybody", "--until", inDays(2))
	v := s.visit(t, desktop, "en")
	seen := waittest.Becomes(func() bool { // the program reads messages every few seconds
		v.open("/signin")
		return ask[int](v, `document.querySelectorAll(".banner").length`) == 1
	})
	if !seen {
		t.Fatal("the page shows no banner")
	}
	v.audit("signin, with a banner")
	signIn(v, pia)
	v.open("/account")
	v.wantText(".banner", "A new server for everybody")
	v.audit("account, with banners")
	v.push(".banner-warning button", "/account")
	if n := ask[int](v, `document.querySelectorAll(".banner").length`); n != 1 {
		t.Errorf("%d banners after one was closed, want one", n)
	}
}

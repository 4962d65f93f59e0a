//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// fillClock types a time into a time field, in the form of American browsers, which then has the value.
func (v *visitor) fillClock(selector, keys, value string) {
	v.t.Helper()
	v.tabTo(selector)
	v.do(chromedp.KeyEvent(keys))
	if typed := ask[string](v, `document.querySelector(`+quote(selector)+`).value`); typed != value {
		v.t.Fatalf("%s: the field has the time %q, want %q", v.where(), typed, value)
	}
}

// unlockPages returns the pages on which an owner protects a server, and a person unlocks it with their PIN.
func unlockPages(t *testing.T, s *service) []shown {
	t.Helper()
	const pin = "8305"
	uma := s.account(t, "uma")
	var vault agent
	guest := func() {
		askAPI[struct{}](t, s, vault.key, http.MethodPut, "/server/report", map[string]any{
			"name": vault.name, "version": "12.0.0", "system_id": "agent-vault", "levels": "linked",
			"local_users": []map[string]string{{"id": "u1", "name": "uma"}},
			"libraries":   []map[string]string{{"id": "cartoons", "name": "Cartoons", "kind": "tvshows"}, {"id": "films", "name": "Films", "kind": "movies"}},
			"choices": map[string]any{
				"ratings": []map[string]any{{"name": "G", "value": 0, "sub": nil}, {"name": "PG", "value": 10, "sub": nil}, {"name": "R", "value": 17, "sub": nil}},
				"tags":    []string{"calm", "war"}, "folders": []any{}, "hides_folders": false,
			},
		})
		askAPI[struct{}](t, s, vault.key, http.MethodPost, "/server/links", map[string]string{"to": "uma", "type": "linked", "local_user": "u1"})
	}
	return []shown{
		{"unlock", "without a PIN", func(v *visitor) {
			signIn(v, uma)
			vault = runAgent(t, s, "Vault", claimCode(v))
			guest()
			v.open("/invitations")
			v.push(`form[action="/invitations/accept"] button`, vault.page()+"/start")
			v.open("/unlock")
			v.wantText("main", v.says("page.unlock.no_pin"))
		}},
		{"protection", "", func(v *visitor) {
			v.open(vault.page() + "/settings")
			v.follow(`main a[href$="/protection"]`, vault.page()+"/protection")
		}},
		{"protection", "with a mistake", func(v *visitor) {
			v.tick("#everyday details summary")
			v.choose(`[name="everyday.hours.0.day"]`, v.says("level.day.weekend"))
			v.fillClock(`[name="everyday.hours.0.from"]`, "0800PM", "20:00")
			v.fillClock(`[name="everyday.hours.0.to"]`, "0800AM", "08:00")
			v.push(`button[value="on"]`, vault.page()+"/protection")
			v.wantText("main", v.says("error.hours_invalid"))
		}},
		{"protection", "switched on", func(v *visitor) {
			v.choose(`[name="everyday.hours.0.day"]`, v.says("level.hours.none"))
			v.choose(`[name="everyday.libraries"]`, v.says("level.libraries.only"))
			v.tick(`[name="everyday.library.cartoons"]`)
			v.choose(`[name="everyday.max_rating"]`, "PG")
			v.tick("[name=pin_required]")
			v.push(`button[value="on"]`, vault.page()+"/protection")
			v.wantText("main", v.says("page.protection.on"))
			v.wantText("main", "Cartoons")
		}},
		{"protection_person", "", func(v *visitor) {
			v.open(ask[string](v, `document.querySelector("a[href*='/people/']").getAttribute("href")`))
		}},
		{"unlock", "", func(v *visitor) {
			v.open("/account/pin")
			v.fill("pin", pin)
			v.fill("pin_again", pin)
			v.send("/account")
			v.open("/unlock")
		}},
		{"unlock", "with a wrong PIN", func(v *visitor) {
			v.fill("pin", "9413")
			v.send("/unlock")
			v.wantFocus("[name=pin]")
		}},
		{"unlock", "open", func(v *visitor) {
			v.fill("pin", pin)
			v.send("/unlock")
			v.wantText("main", v.says("page.unlock.open"))
			v.wantText("main", v.says("unlock.television.jellyfin12"))
		}},
		{"unlock", "locked again", func(v *visitor) {
			v.push(`form[action="/unlock/close"] button`, "/unlock")
			v.wantText("main", v.says("notice.locked"))
		}},
		{"hold", "", func(v *visitor) { v.follow(`a[href$="/hold"]`, vault.page()+"/hold") }},
		{"hold", "with something behind the PIN", func(v *visitor) {
			v.choose(`[name="hold.max_rating"]`, "G")
			v.push(`button[value="set"]`, vault.page()+"/hold")
			v.wantText("main", v.says("notice.hold_saved"))
		}},
	}
}

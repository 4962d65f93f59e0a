//go:build e2e

package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

// stayPages returns the pages on which an owner decides about the end of the stay of a guest, first signed in and
// then from the mail before the end.
func stayPages(t *testing.T, s *service) []shown {
	t.Helper()
	vera, gus := s.account(t, "vera"), s.account(t, "gus")
	var shed agent
	var stay, linkID string
	hand := func(changes ...string) {
		askAPI[struct{}](t, s, shed.key, http.MethodPut, "/server/hand", map[string]any{"links": []map[string]any{{"link_id": linkID, "hand": changes}}})
	}
	end := func(at time.Time, due string) {
		s.alter(t, "UPDATE links SET ends_at = ?, remind_at = "+due+" WHERE id = "+linkID, at.UTC())
	}
	return []shown{
		{"stay", "without an end", func(v *visitor) {
			signIn(v, vera)
			shed = runAgent(t, s, "Tool-shed", claimCode(v), "Cartoons", "Films")
			token := askAPI[struct{ Token string }](t, s, "", http.MethodPost, "/sessions", map[string]string{
				"name_or_email": vera.username, "password": vera.password, "device_name": "tools",
			}).Token
			invite := askAPI[struct{ ID string }](t, s, token, http.MethodPost, "/invites", map[string]any{
				"to": gus.username, "type": "guest", "servers": []map[string]any{{"server_id": shed.id}},
			})
			guest := askAPI[struct{ Token string }](t, s, "", http.MethodPost, "/sessions", map[string]string{
				"name_or_email": gus.username, "password": gus.password, "device_name": "tools",
			}).Token
			askAPI[struct{}](t, s, guest, http.MethodPost, "/invites/"+invite.ID+"/accept", nil)
			people := askAPI[struct{ Items []struct{ ID string } }](t, s, token, http.MethodGet, "/servers/"+shed.id+"/people", nil)
			linkID = people.Items[0].ID
			row := shed.page() + "/people/" + linkID
			stay = row + "/stay"
			v.open(row)
			v.follow(`main a[href$="/stay"]`, stay)
		}},
		{"stay", "with a mistake", func(v *visitor) {
			v.fillDay("[name=ends_at]", time.Now().AddDate(-1, 0, 0))
			v.push(`form[action$="/stay/end"] button`, stay+"/end")
			v.wantText("main", v.says("error.ends_at_invalid"))
		}},
		{"stay", "with an end, paused, and changed by hand", func(v *visitor) {
			v.open(stay)
			day := time.Now().AddDate(0, 1, 0)
			v.fillDay("[name=ends_at]", day)
			v.push(`form[action$="/stay/end"] button`, stay)
			v.wantNotice("stay_saved")
			if got := ask[string](v, `document.querySelector("[name=ends_was]").value`); got != day.Format(time.DateOnly) {
				t.Errorf("the last day is %s, want %s in the zone of the owner", got, day.Format(time.DateOnly))
			}
			v.fillDay("[name=back_on]", time.Now().AddDate(0, 0, 9))
			v.push(`form[action$="/stay/pause"] button`, stay)
			v.wantNotice("stay_paused")
			hand("enabled", "libraries")
			v.open(stay)
			v.wantText("main", v.says("page.stay.hand.enabled"))
		}},
		{"stay", "kept as in the dashboard", func(v *visitor) {
			v.push(`button[value=keep]`, stay)
			v.wantText("main", v.says("page.stay.hand.kept", "Name", gus.username))
			v.push(`form[action$="/stay/resume"] button`, stay)
			v.wantNotice("stay_resumed")
		}},
		{"stay_more", "from the mail", func(v *visitor) {
			end(time.Now().AddDate(0, 0, 6), "'2020-01-01 00:00:00+00:00'")
			link := s.link(t, "stay_ending_owner", vera.email)
			v.do(network.ClearBrowserCookies())
			v.arriveByLink(link, "/stay")
			v.wantText("main", v.says("page.stay_more.text"))
		}},
		{"stay_more", "done", func(v *visitor) {
			v.push(`form[action="/stay"] button`, "/stay")
			v.wantText("main", v.says("page.stay_more.done"))
		}},
	}
}

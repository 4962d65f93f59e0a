//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestFamilyStory walks the story that the demo tells, by keyboard alone and on a phone: a guardian brings a child
// into the family and to a media server, the child chooses itself on the television, and the guardian unlocks for
// it and locks again.
func TestFamilyStory(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, locale := range []string{"en", "de"} {
		t.Run(locale, func(t *testing.T) {
			t.Parallel()
			tellFamilyStory(t, s, locale)
		})
	}
}

func tellFamilyStory(t *testing.T, s *service, locale string) {
	t.Helper()
	p := s.account(t, "nora-"+locale)
	p.pin = "8305"
	s.alter(t, `UPDATE accounts SET locale = ? WHERE username = ?`, locale, p.username)
	kid := p.username + "-kid"
	v := s.visit(t, narrow, locale)
	signIn(v, p)
	v.open("/account/pin")
	v.fill("pin", p.pin)
	v.fill("pin_again", p.pin)
	v.send("/account")

	v.open("/family")
	v.fill("username", kid)
	v.send("/family")
	v.audit("story_family " + locale)
	home := protectedHome(t, s, p, "Home-"+locale, claimCode(v), kid)
	v.open("/family")
	member := ask[string](v, `document.querySelector('a[href^="/family/members/"]').getAttribute("href")`)
	v.follow(`a[href=`+quote(member)+`]`, member)
	v.wantText("main", home.name)
	v.audit("story_member " + locale)
	v.push(`form[action=`+quote(member+"/links/accept")+`] button`, member)

	watchAsChild(t, s, p, home, locale)

	v.open("/who")
	v.wantText("h1", v.says("page.household.title"))
	v.wantText(".tiles", kid)
	v.audit("story_who " + locale)
	v.open("/unlock")
	v.follow(`a[href=`+quote("/unlock?member="+strings.TrimPrefix(member, "/family/members/"))+`]`, "/unlock")
	v.wantText("main", "Cartoons")
	if home.unlocked(t, kid) {
		t.Error("the agent is told of an open unlock before anybody unlocked, want none")
	}
	v.audit("story_unlock " + locale)
	v.fill("pin", p.pin)
	v.send("/unlock")
	v.wantText("main", v.says("page.unlock.open"))
	if left := ask[string](v, `document.querySelector("main .rows p:has(.tag) time").parentElement.textContent`); !strings.ContainsAny(left, "123456789") {
		t.Errorf("the page says %q, want the time that is left", left)
	}
	if !home.unlocked(t, kid) {
		t.Error("the agent is told of no open unlock, want one")
	}
	v.audit("story_open " + locale)
	v.push(`form[action="/unlock/close"] button`, "/unlock")
	v.wantNotice("locked")
	if home.unlocked(t, kid) {
		t.Error("the agent is told of an open unlock after the guardian locked again, want none")
	}
}

// protectedHome registers a media server for a person, which shows cartoons every day and everything after the PIN,
// and asks for a link with the child.
func protectedHome(t *testing.T, s *service, owner person, name, code, kid string) agent {
	t.Helper()
	home := runAgent(t, s, name, code)
	askAPI[struct{}](t, s, home.key, http.MethodPut, "/server/report", map[string]any{
		"name": home.name, "version": "10.11.3", "system_id": "agent-" + strings.ToLower(name), "levels": "linked",
		"local_users": []map[string]string{{"id": "u1", "name": "kid"}},
		"libraries":   []map[string]string{{"id": "cartoons", "name": "Cartoons", "kind": "tvshows"}, {"id": "films", "name": "Films", "kind": "movies"}},
		"choices":     map[string]any{"ratings": []any{}, "tags": []string{}, "folders": []any{}, "hides_folders": false},
	})
	token := askAPI[struct{ Token string }](t, s, "", http.MethodPost, "/sessions", map[string]string{
		"name_or_email": owner.username, "password": owner.password, "device_name": "tools",
	}).Token
	everything := map[string]any{"libraries": nil, "types": nil, "max_rating": nil, "allowed_tags": nil, "hours": nil}
	cartoons := map[string]any{"libraries": []string{"cartoons"}, "types": nil, "max_rating": nil, "allowed_tags": nil, "hours": nil}
	askAPI[struct{}](t, s, token, http.MethodPut, "/servers/"+home.id+"/protection", map[string]any{
		"active": true, "pin_required": false, "everyday": cartoons, "unlocked": everything,
	})
	askAPI[struct{}](t, s, home.key, http.MethodPost, "/server/links", map[string]string{"to": kid, "type": "linked", "local_user": "u1"})
	return home
}

// unlocked reports whether the agent is told that an unlock is open for an account.
func (a agent) unlocked(t *testing.T, username string) bool {
	t.Helper()
	answer := askAPI[struct {
		Links []struct {
			Username string
			Levels   *struct {
				Unlock *struct{ ID string }
			}
		}
	}](t, a.s, a.key, http.MethodGet, "/server/links", nil)
	for _, one := range answer.Links {
		if one.Username == username {
			return one.Levels != nil && one.Levels.Unlock != nil
		}
	}
	t.Fatalf("the agent is told of %+v, want a link of %s", answer.Links, username)
	return false
}

// watchAsChild lets the child choose itself with the arrows on a television that the guardian has signed in.
func watchAsChild(t *testing.T, s *service, guardian person, home agent, locale string) {
	t.Helper()
	tv := s.visit(t, desktop, locale)
	signIn(tv, guardian)
	tv.open("/who")
	tv.steer(`.tiles form button.tile`)
	tv.leaving("/servers", func() { tv.press(kb.Enter) })
	tv.wantText("main", home.name)
}

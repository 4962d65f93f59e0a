//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestImport lets owners with sixty local users bring all of them in with one table: ten people answer, three are
// reminded, and one is refused with the reason. The owners use the keyboard, except for most of the sixty fields.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		locale string
		look   look
		owner  string
	}{{"en", desktop, "omar"}, {"de", phone, "olga"}} {
		t.Run(one.locale, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			owner := s.visit(t, one.look, one.locale)
			of := s.account(t, one.owner)
			s.alter(t, `UPDATE accounts SET locale = ? WHERE username = ?`, one.locale, of.username)
			signIn(owner, of)
			attic := runAgent(t, s, "Attic", claimCode(owner), "Films")
			attic.reportSixty(t)
			var people []person
			for i := range 10 {
				people = append(people, s.account(t, fmt.Sprint("person.", i)))
			}
			batch := bringSixty(owner, attic, people)
			answerTen(owner, batch, people)
			remindThree(owner, batch)
		})
	}
}

// reportSixty reports sixty local users, whom the agent lets nobody in as yet.
func (a agent) reportSixty(t *testing.T) {
	t.Helper()
	var users []map[string]any
	for i := range 60 {
		users = append(users, map[string]any{"id": fmt.Sprint("l", i), "name": fmt.Sprintf("local%02d", i), "disabled": false, "administrator": false, "not_allowed": true})
	}
	askAPI[struct{}](t, a.s, a.key, http.MethodPut, "/server/report", map[string]any{
		"name": a.name, "version": "0.1", "system_id": "agent-attic", "addresses": []map[string]string{{"kind": "wan", "url": "https://attic.example.org"}},
		"local_users": users, "libraries": []map[string]string{},
	})
}

// bringSixty fills the table, looks at the draft and invites everybody. The last line names a person of the table once
// more. It returns the path of the list.
func bringSixty(owner *visitor, attic agent, people []person) string {
	owner.t.Helper()
	owner.open(attic.page())
	owner.follow(`main a[href="`+attic.page()+`/import"]`, attic.page()+"/import")
	if n := ask[int](owner, `document.querySelectorAll("input[name^='to.']").length`); n != 60 {
		owner.t.Fatalf("the table has %d fields, want 60", n)
	}
	var values []string
	for i := range 60 {
		switch {
		case i < len(people):
			values = append(values, quote(people[i].username))
		case i == 59:
			values = append(values, quote("stranger58@example.org"))
		default:
			values = append(values, quote(fmt.Sprintf("stranger%d@example.org", i)))
		}
	}
	owner.tabTo("input[name^='to.']")
	owner.replace(people[0].username)
	owner.act(`[` + strings.Join(values, ",") + `].forEach((v, i) => document.querySelectorAll("input[name^='to.']")[i].value = v)`)
	owner.audit("import with sixty people " + owner.locale)
	owner.act(`document.querySelector("[name=ends_at]").focus()`)
	owner.tabTo(`form[action$="/import"] button`)
	owner.press(" ")
	owner.until(`document.readyState === "complete" && document.body.dataset.page === "import_batch"`)
	batch := ask[string](owner, `location.pathname`)
	owner.wantText(`[aria-labelledby="lines"] li:first-child`, owner.says("import.outcome.person_twice", "Line", "59"))
	owner.wantText("main", owner.says("page.import_batch.sum.draft", "Invite", "59", "Same", "0", "Refused", "1"))
	owner.wantText("main code", "latchkey agent allow --listed")
	owner.audit("import_batch with sixty people " + owner.locale)
	owner.push(`form[action$="/run"] button`, batch)
	owner.wantNotice("import_started")
	owner.wantText("main", owner.says("page.import_batch.sum.done", "Made", "59", "Invite", "59", "Accepted", "0", "Declined", "0", "Waiting", "59"))
	return batch
}

// answerTen lets ten people accept: the first one on the page that the mail leads to, the others with a program.
func answerTen(owner *visitor, batch string, people []person) {
	t, s := owner.t, owner.site
	t.Helper()
	for i, one := range people {
		link := s.link(t, "invite", one.email)
		if i == 0 {
			first := s.visit(t, phone, owner.locale)
			first.open("/signin")
			first.fill("name_or_email", one.email)
			first.fill("password", one.password)
			first.send("/invitations") // an invite waits
			first.push(`form[action="/invites/accept"] button`, batch[:strings.Index(batch, "/imports/")]+"/start")
			continue
		}
		if !strings.Contains(link, "/invite") {
			t.Errorf("the mail to %s leads to %s, want the page of the invite", one.email, link)
		}
		token := s.token(t, one)
		waiting := askAPI[struct{ Invites []struct{ ID string } }](t, s, token, http.MethodGet, "/invites/received", nil).Invites
		if len(waiting) != 1 {
			t.Fatalf("%s has %d invites, want 1", one.username, len(waiting))
		}
		askAPI[struct{}](t, s, token, http.MethodPost, "/invites/"+waiting[0].ID+"/accept", nil)
	}
	owner.open(batch)
	owner.wantText("main", owner.says("page.import_batch.sum.done", "Made", "59", "Invite", "59", "Accepted", "10", "Declined", "0", "Waiting", "49"))
	if ask[bool](owner, `!!document.querySelector("#remind")`) {
		t.Error("people can be reminded on the day of the mail, want them to have a day")
	}
}

// remindThree lets a day pass for three people, and reminds them.
func remindThree(owner *visitor, batch string) {
	t, s := owner.t, owner.site
	t.Helper()
	id := batch[strings.LastIndexByte(batch, '/')+1:]
	for _, line := range []int{11, 12, 20} {
		s.alter(t, "UPDATE import_rows SET mail_at = ? WHERE import_id = ? AND position = ?", time.Now().Add(-25*time.Hour).UTC(), id, line)
	}
	owner.open(batch)
	if n := ask[int](owner, `document.querySelectorAll("input[name^='line.']").length`); n != 3 {
		t.Errorf("%d people can be reminded, want 3", n)
	}
	owner.audit("import_batch with people to remind " + owner.locale)
	owner.push(`form[action$="/remind"] button`, batch)
	owner.wantNotice("import_reminded")
	for _, line := range []int{11, 12, 20} {
		s.mail(t, "invite_reminder", fmt.Sprintf("stranger%d@example.org", line-1))
	}
	if ask[bool](owner, `!!document.querySelector("#remind")`) {
		t.Error("somebody can be reminded twice on a day, want once")
	}
}

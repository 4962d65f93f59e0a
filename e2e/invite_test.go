//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// agent stands for the program beside a media server, with its server key.
type agent struct {
	s       *service
	id, key string
	name    string
}

// askAPI sends a request of the JSON API and reads the answer as a T; for an empty
// answer T is struct{}.
func askAPI[T any](t *testing.T, s *service, bearer, method, path string, body any) T {
	t.Helper()
	return askAPIBy[T](t, s, http.DefaultClient, bearer, method, path, body)
}

// askAPIBy does what askAPI does, with a client.
func askAPIBy[T any](t *testing.T, s *service, by *http.Client, bearer, method, path string, body any) T {
	t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if body == nil {
		sent = nil
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.origin+"/api/v1"+path, bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := by.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	var answer T
	if err == nil && len(read) > 0 {
		err = json.Unmarshal(read, &answer)
	}
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s, %q (%v)", method, path, response.Status, read, err)
	}
	return answer
}

// athome returns a client with an address of its own for each name: one home registers only a few servers an hour.
func athome(name string) *http.Client {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(2+hash.Sum32()%250))}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// runAgent registers a media server with a claim code and reports its libraries.
func runAgent(t *testing.T, s *service, name, code string, libraries ...string) agent {
	t.Helper()
	made := askAPIBy[struct{ ID, Key string }](t, s, athome(name), "", http.MethodPost, "/servers", map[string]any{
		"name": name, "system_id": "agent-" + strings.ToLower(name), "version": "0.1",
		"addresses": []map[string]string{{"kind": "wan", "url": "https://" + strings.ToLower(name) + ".example.org"}}, "claim_code": code,
	})
	a := agent{s, made.ID, made.Key, name}
	a.report(t, libraries...)
	return a
}

func (a agent) report(t *testing.T, libraries ...string) {
	t.Helper()
	has := []map[string]string{}
	for _, library := range libraries {
		has = append(has, map[string]string{"id": strings.ToLower(library), "name": library})
	}
	askAPI[struct{}](t, a.s, a.key, http.MethodPut, "/server/report", map[string]any{
		"name": a.name, "version": "0.1", "system_id": "agent-" + strings.ToLower(a.name),
		"addresses": []map[string]string{{"kind": "wan", "url": "https://" + strings.ToLower(a.name) + ".example.org"}},
		"local_users": []map[string]any{
			{"id": "u1", "name": "anna", "disabled": false, "administrator": false},
			{"id": "u2", "name": "root", "disabled": false, "administrator": true},
		},
		"libraries": has,
	})
}

// agentLink is a link as an agent sees it.
type agentLink struct {
	Username, Status string
	LocalUser        *struct{ ID, Name string } `json:"local_user"`
	Libraries        []struct{ Name string }
	EndsAt           *time.Time `json:"ends_at"`
}

func (a agent) links(t *testing.T) []agentLink {
	t.Helper()
	return askAPI[struct{ Links []agentLink }](t, a.s, a.key, http.MethodGet, "/server/links", nil).Links
}

// page returns the path of the page on which the owner manages the server.
func (a agent) page() string { return "/servers/" + a.id }

// entry returns the id of the first entry of the server's people whose name has "ann" in it.
func (a agent) entry(t *testing.T, s *service, owner person) string {
	t.Helper()
	list := askAPI[struct{ Items []struct{ ID string } }](t, s, s.token(t, owner), http.MethodGet, "/servers/"+a.id+"/roster?name=ann", nil).Items
	if len(list) == 0 {
		t.Fatal("nobody is called anna")
	}
	return list[0].ID
}

// tick ticks a box, or unticks it if it is ticked.
func (v *visitor) tick(selector string) {
	v.t.Helper()
	v.tabTo(selector)
	v.press(" ")
}

// choose chooses the line of a select that begins with text.
func (v *visitor) choose(selector, text string) {
	v.t.Helper()
	v.tabTo(selector)
	v.do(chromedp.KeyEvent(text))
	if chosen := ask[string](v, `document.activeElement.selectedOptions[0].textContent`); chosen != text {
		v.t.Fatalf("%s: chose %q, want %q", v.where(), chosen, text)
	}
}

// fillDay types a day into a date field, in the form of American browsers.
func (v *visitor) fillDay(selector string, day time.Time) {
	v.t.Helper()
	v.tabTo(selector)
	v.do(chromedp.KeyEvent(day.Format("01022006")))
	if typed := ask[string](v, `document.querySelector(`+quote(selector)+`).value`); typed != day.Format(time.DateOnly) {
		v.t.Fatalf("%s: typed %s, and the field holds %q", v.where(), day.Format(time.DateOnly), typed)
	}
}

// TestInvite lets an owner invite a guest without an account to two servers, where only
// invited people may sign up, and link a local user to a person with an account. The
// people use only the keyboard.
func TestInvite(t *testing.T) {
	t.Parallel()
	s := serve(t, "--sign-up", "invite")
	owner, olga := s.visit(t, desktop, "en"), s.account(t, "olga")
	signIn(owner, olga)
	attic := runAgent(t, s, "Attic", claimCode(owner), "Films", "Music")
	cellar := runAgent(t, s, "Cellar", claimCode(owner))
	nina := newPerson("nina")
	day := time.Now().AddDate(0, 0, 40)

	owner.open("/servers")
	owner.follow(`main a[href="`+attic.page()+`"]`, attic.page())
	owner.wantText(`[aria-labelledby="state"]`, owner.says("page.server_owner.free"))
	owner.follow(`main a[href="`+attic.page()+`/invite"]`, attic.page()+"/invite")
	owner.wantFocus("[name=to]")
	owner.fill("to", nina.email)
	owner.tick("#library-" + attic.id + "-0")
	owner.tick("#server-" + cellar.id)
	owner.fillDay("[name=ends_at]", day)
	owner.tabTo("[name=note]")
	owner.replace("Come in, <b>Nina</b>!")
	owner.push(`form[action="/invites"] button`, attic.page())
	owner.wantNotice("invite_sent")
	owner.follow(`main nav a[href="`+attic.page()+`/invites"]`, attic.page()+"/invites")
	owner.wantText(`[aria-labelledby="open"]`, nina.email)

	guest := s.visit(t, phone, "en")
	guest.open("/signup")
	guest.wantText("main", guest.says("page.signup_closed.invite"))
	guest.arriveByLink(s.link(t, "invite", nina.email), "/invite")
	for _, told := range []string{"olga", "Attic", "Cellar", "Films", "Come in, <b>Nina</b>!", catalogue.Date("en", day)} {
		guest.wantText("main", told)
	}
	guest.audit("invite_signup")
	guest.wantText("main", nina.email)
	guest.wantFocus("[name=username]")
	guest.replace(nina.username)
	guest.fill("password", nina.password)
	guest.send("/servers") // one mail, one form
	guest.wantNotice("welcome")
	for _, name := range []string{"Attic", "Cellar"} {
		guest.wantText(`[aria-labelledby="usable"]`, name)
	}
	if links := attic.links(t); len(links) != 1 || links[0].Username != nina.username || links[0].Status != "accepted" ||
		len(links[0].Libraries) != 1 || links[0].Libraries[0].Name != "Films" || links[0].EndsAt == nil || links[0].EndsAt.Format(time.DateOnly) != day.Format(time.DateOnly) {
		t.Errorf("got the agent's links %+v, want the guest's, accepted, with one library and an end", links)
	}

	linkLocalUser(owner, attic)

	// The link ends.
	s.alter(t, `UPDATE links SET ends_at = ? WHERE server_id = ? AND type = 'guest'`, time.Now().UTC().Add(-time.Minute), attic.id)
	guest.open("/servers")
	guest.wantText(`[aria-labelledby="usable"]`, "Cellar")
	if strings.Contains(ask[string](guest, `document.querySelector('[aria-labelledby="usable"]').textContent`), "Attic") {
		t.Error("the guest still sees the server after the link ended, want it gone")
	}
	if links := attic.links(t); len(links) != 1 || links[0].Username != "paul" {
		t.Errorf("after the end, got the agent's links %+v, want one fewer", links)
	}
	owner.open(attic.page() + "/people")
	if strings.Contains(ask[string](owner, `document.querySelector('[aria-labelledby="people"]').textContent`), nina.username) {
		t.Error("the owner still sees the person whose link ended, want them gone")
	}
}

// linkLocalUser lets an owner link a local user to paul, who accepts.
func linkLocalUser(owner *visitor, attic agent) {
	t, s := owner.t, owner.site
	t.Helper()
	paul := s.account(t, "paul")
	owner.open(attic.page() + "/people?name=anna")
	owner.tabTo(".roster a")
	anna := ask[string](owner, `document.activeElement.pathname`)
	owner.leaving(anna, func() { owner.press("\r") })
	owner.follow(`main a[href^="`+attic.page()+`/invite?local_user="]`, attic.page()+"/invite")
	if ask[bool](owner, `document.querySelector("[data-guests]").checkVisibility()`) {
		t.Error("the form for a local user shows fields for guests, want them hidden")
	}
	owner.fill("to", paul.username)
	owner.push(`form[action="/invites"] button`, attic.page())
	owner.wantNotice("invite_sent")
	person := s.visit(t, desktop.inDark(), "en")
	person.arriveByLink(s.link(t, "invite", paul.email), "/invite")
	person.follow(`main a[href^="/signin"]`, "/signin")
	person.fill("name_or_email", paul.email)
	person.fill("password", paul.password)
	person.send("/invite")
	person.wantText("main", "anna")
	person.push(`form[action="/invites/accept"] button`, attic.page()+"/start")
	person.open("/servers")
	person.wantText(`[aria-labelledby="usable"]`, "Attic")
	linked := false
	for _, one := range attic.links(t) {
		linked = linked || one.Username == paul.username && one.LocalUser != nil && one.LocalUser.ID == "u1"
	}
	if !linked {
		t.Errorf("got the agent's links %+v, want one of paul with the local user u1", attic.links(t))
	}
	owner.open(attic.page() + "/people")
	owner.wantText(`[aria-labelledby="people"]`, "Paul")
	owner.wantText(`[aria-labelledby="people"]`, "anna")
}

// invitePages returns the pages for inviting, for invited people, and for linking
// oneself: omar runs a server and links himself to it.
func invitePages(t *testing.T, s *service) []shown {
	t.Helper()
	omar, gina := s.account(t, "omar"), s.account(t, "gina")
	var attic agent
	var stopLink string
	proof := func() string {
		open := askAPI[struct{ Proofs []struct{ ID string } }](t, s, attic.key, http.MethodGet, "/server/proofs", nil).Proofs
		if len(open) != 1 {
			t.Fatalf("got the open proofs %+v, want one", open)
		}
		return "/server/proofs/" + open[0].ID
	}
	var batch string
	return []shown{
		{"server_owner", "with local users", func(v *visitor) {
			signIn(v, omar)
			attic = runAgent(t, s, "Attic", claimCode(v), "Films", "Music")
			v.open(attic.page())
		}},
		{"roster", "", func(v *visitor) { v.open(attic.page() + "/people") }},
		{"roster", "searched", func(v *visitor) {
			v.fill("name", "ann")
			v.push(`form[role="search"] button`, attic.page()+"/people")
		}},
		{"roster_entry", "of a local user", func(v *visitor) {
			v.tabTo(".roster a")
			v.leaving(attic.page()+"/people/"+attic.entry(t, s, omar), func() { v.press("\r") })
		}},
		{"way_in", "of a local user", func(v *visitor) {
			v.follow(`main .links-row a`, attic.page()+"/people/"+attic.entry(t, s, omar)+"/way-in")
		}},
		{"server_invite", "for a guest", func(v *visitor) { v.open(attic.page() + "/invite") }},
		{"server_invite", "with mistakes", func(v *visitor) {
			v.tick("#server-" + attic.id)
			v.push(`form[action="/invites"] button`, "/invites")
			v.wantFocus("[name=to][aria-invalid=true]")
		}},
		{"server_invite", "for a local user", func(v *visitor) {
			v.open(attic.page() + "/invite")
			v.choose("[name=local_user_id]", "anna")
		}},
		{"import", "with local users", func(v *visitor) { v.open(attic.page() + "/import") }},
		{"import", "with a mistake", func(v *visitor) { v.push(`form[action$="/import"] button`, attic.page()+"/import") }},
		{"import_batch", "as a draft", func(v *visitor) {
			list := map[string]any{"source": "csv", "lines": []map[string]any{
				{"name": "Nina", "to": "nina@example.org", "local_user": "anna", "ends_at": "2035-01-31"}, {"to": "nina@example.org"}, {"to": "not an address@"},
			}}
			batch = attic.page() + "/imports/" + askAPI[struct{ ID string }](t, s, attic.key, http.MethodPost, "/server/imports", list).ID
			v.open(batch)
		}},
		{"import_batch", "when people are invited", func(v *visitor) { v.push(`form[action$="/run"] button`, batch) }},
		{"server_owner", "with an invite", func(v *visitor) {
			v.open(attic.page() + "/invite")
			v.fill("to", "guest@example.org")
			v.push(`form[action="/invites"] button`, attic.page())
		}},
		{"server_owner", "with an invite for a family", func(v *visitor) {
			v.open(attic.page() + "/invite")
			v.fill("to", gina.username)
			v.tick("#family")
			v.push(`form[action="/invites"] button`, attic.page())
		}},
		{"invite_use", "with an invite for a family", func(v *visitor) {
			v.open(attic.page() + "/invites")
			v.wantText("main", v.says("page.server_owner.invite.family"))
		}},
		{"circles", "", at("/circles")},
		{"circles", "with a mistake", func(v *visitor) {
			v.fill("people_most", "0")
			v.send("/circles")
		}},
		{"circle", "", func(v *visitor) {
			v.fill("name", "Friends")
			v.fill("people_most", "5")
			v.press("\r")
			v.until(`document.readyState === "complete" && document.body.dataset.page === "circle"`)
		}},
		{"circle", "with an owner who is asked", func(v *visitor) {
			v.fill("username", gina.username)
			v.press("\r")
			v.until(`document.readyState === "complete" && !!document.querySelector("#ask-0")`)
		}},
		{"circle", "with terms open", func(v *visitor) {
			v.tabTo("#terms-0")
			v.press(" ")
		}},
		{"circles", "with a circle", at("/circles")},
		{"server_settings", "with self-service", func(v *visitor) {
			v.open(attic.page() + "/settings")
			v.push(`form[action$="/self-service"] [value=on]`, attic.page()+"/settings")
			v.wantText("#join-url", s.origin+attic.page()+"/join")
		}},
		{"proof", "", func(v *visitor) { v.open(attic.page() + "/join") }},
		{"proof", "while it waits", func(v *visitor) { v.push(`form[action="`+attic.page()+`/join"] button`, attic.page()+"/join") }},
		{"proof", "with a code", func(v *visitor) {
			askAPI[struct{}](t, s, attic.key, http.MethodPost, proof()+"/propose", map[string]string{"code": "482913"})
			v.until(`document.querySelector("#proof-code")?.textContent === "482913"`) // without a reload
		}},
		{"proof", "when it failed", func(v *visitor) {
			askAPI[struct{}](t, s, attic.key, http.MethodPost, proof()+"/fail", map[string]string{"reason": "denied"})
			v.until(`document.querySelector("main").textContent.includes(` + quote(v.says("page.proof.failed.denied")) + `)`)
		}},
		{"proof", "when it is done", func(v *visitor) {
			v.push(`form[action="`+attic.page()+`/join"] button`, attic.page()+"/join")
			askAPI[struct{}](t, s, attic.key, http.MethodPost, proof()+"/complete", map[string]string{"local_user": "u1"})
			v.until(`document.querySelector("main").textContent.includes(` + quote(v.says("page.proof.done")) + `)`)
		}},
		{"roster_entry", "with the terms of a link", func(v *visitor) {
			v.open(attic.page() + "/people/" + attic.entry(t, s, omar))
			v.tabTo("#remove ~ details > summary")
			v.press(" ")
		}},
		{"way_in", "", func(v *visitor) { v.open(attic.page() + "/people/" + attic.entry(t, s, omar) + "/way-in") }},
		{"invite", "for somebody else", func(v *visitor) {
			mail := s.mail(t, "invite", "guest@example.org")
			stopLink = strings.Trim(mail.Header.Get("List-Unsubscribe"), "<>")
			v.arriveByLink(mail.FirstLink(), "/invite")
		}},
		{"invite_signup", "", func(v *visitor) {
			v.push(`main form[action="/signout"] button`, "/")
			v.open("/invite")
		}},
		{"mail_stop", "", func(v *visitor) {
			v.arriveByLink(stopLink, "/mail/stop")
		}},
		{"mail_stop", "over", func(v *visitor) {
			v.push(`form[action="/mail/stop"] button`, "/mail/stop")
		}},
		{"signin", "for the invited", func(v *visitor) {
			v.open("/invite")
			v.follow(`main a[href="/signin?return_to=`+url.QueryEscape("/invite")+`"]`, "/signin")
		}},
		{"links", "with an invite for the family", func(v *visitor) {
			v.open("/signin")
			v.fill("name_or_email", gina.email)
			v.fill("password", gina.password)
			v.send("/invitations") // something waits there
			v.open("/family")
			v.fill("username", "gina-kid")
			v.send("/family")
			v.open("/invitations")
		}},
		{"invite_family", "", func(v *visitor) {
			const choose = `main a[href^="/invites/"]`
			v.follow(choose, ask[string](v, `document.querySelector('`+choose+`').getAttribute("href")`))
		}},
		{"invite_family", "with a mistake", func(v *visitor) {
			for _, box := range ask[[]string](v, `[...document.querySelectorAll("main [type=checkbox]")].map(e => "#" + e.id)`) {
				v.tick(box)
			}
			path := ask[string](v, `location.pathname`)
			v.push(`form[action="`+path+`"] button`, path)
		}},
	}
}

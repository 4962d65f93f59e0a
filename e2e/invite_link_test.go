//go:build e2e

package e2e

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// An owner makes an invite as a link. A stranger on a small phone can use the server after one form
// and without a mail, by the keyboard alone. The stranger reads German.
func TestInviteByLink(t *testing.T) {
	t.Parallel()
	s := serve(t, "--sign-up", "invite")
	owner, olga := s.visit(t, desktop, "en"), s.account(t, "olga")
	signIn(owner, olga)
	attic := runAgent(t, s, "Attic", claimCode(owner), "Films", "Music")
	owner.open(attic.page() + "/invite")
	makeInviteLink(owner)
	owner.audit("invite_link")
	link := ask[string](owner, `document.querySelector("#invite-link").textContent`)
	owner.until(`document.querySelector("#invite-link + button").textContent === ` + quote(owner.says("page.invite_link.copy")))

	nina := newPerson("nina")
	guest := s.visit(t, phone, "de")
	guest.open("/i") // what a scanner sees
	guest.audit("invite_open")
	guest.leaving("/invite", func() { guest.do(chromedp.Navigate("about:blank"), chromedp.Navigate(link)) })
	guest.wantText("main", guest.says("page.invite_signup.greeting", "Name", "Nina Berg"))
	guest.wantText("main", "Attic")
	guest.audit("invite_signup")
	guest.wantFocus("[name=username]")
	guest.wantValue("username", "ninaberg")
	guest.replace(nina.username)
	guest.fill("email", nina.email)
	guest.fill("password", nina.password)
	guest.send(attic.page() + "/start")
	guest.wantNotice("welcome")
	if links := attic.links(t); len(links) != 1 || links[0].Username != nina.username || links[0].Status != "accepted" {
		t.Errorf("got the agent's links %+v, want the guest's, accepted", links)
	}

	late := s.visit(t, phone, "de")
	late.open("/i")
	late.fill("link", link)
	late.send("/i")
	late.wantText("main", late.says("error.invite_used", "Owner", "olga"))
}

// makeInviteLink fills in the form of an invite, with the keyboard, and ends at the page of its
// link.
func makeInviteLink(owner *visitor) {
	owner.t.Helper()
	owner.tick("#link")
	owner.fill("greeting", "Nina Berg")
	owner.tabTo(`form[action="/invites"] button`)
	owner.press("\r")
	owner.until(`document.querySelector("#invite-link") !== null`)
	owner.wantNotice("invite_link_made")
}

// TestInviteToTheFilms leads a stranger on a small phone from the link of an invite to the films: one
// form and no mail. The button on the page "You are in" leads to the web app, where the stranger is
// then signed in. The stranger reads German and uses the keyboard alone.
func TestInviteToTheFilms(t *testing.T) {
	t.Parallel()
	f := openFilms(t, "12", "/jellyfin")
	owner := f.site.visit(t, desktop, "en")
	signIn(owner, newPerson("olga"))
	owner.open("/servers/" + f.server + "/invite")
	makeInviteLink(owner)
	link := ask[string](owner, `document.querySelector("#invite-link").textContent`)

	nina := newPerson("nina")
	guest := f.site.visit(t, handset, "de")
	guest.allow(f.origin)
	guest.leaving("/invite", func() { guest.do(chromedp.Navigate(link)) })
	guest.wantFocus("[name=username]")
	guest.replace(nina.username)
	guest.fill("email", nina.email)
	guest.fill("password", nina.password)
	start := "/servers/" + f.server + "/start"
	guest.send(start)
	guest.wantNotice("welcome")
	guest.wantText("h1", guest.says("page.server_start.title", "Server", "Living room"))
	guest.audit("server_start that signs in")
	guest.tabTo(`form[action="/servers/` + f.server + `/open"] button`)
	guest.press(" ")
	f.home(guest, "nina")
	if user, ok := f.jellyfin.User("nina"); !ok || len(f.tokens(user.ID)) != 1 {
		t.Errorf("the local user is %+v, want one with one token", user)
	}
	if n := f.site.count(t, `SELECT COUNT(*) FROM accounts WHERE username = 'nina' AND newcomer_of <> 0`); n != 1 {
		t.Error("the address is confirmed, want the films before any mail")
	}

	paula := newPerson("paula") // a guest who is invited by a mail instead of a link
	askAPI[struct{}](t, f.site, f.owner, http.MethodPost, "/invites",
		map[string]any{"to": paula.email, "type": "guest", "servers": []map[string]any{{"server_id": f.server}}})
	mailed := f.site.visit(t, handset, "en")
	mailed.allow(f.origin)
	mailed.arriveByLink(f.site.link(t, "invite", paula.email), "/invite")
	mailed.wantFocus("[name=username]")
	mailed.replace(paula.username)
	mailed.fill("password", paula.password)
	mailed.send(start)
	mailed.tabTo(`form[action="/servers/` + f.server + `/open"] button`)
	mailed.press(" ")
	f.home(mailed, "paula")
}

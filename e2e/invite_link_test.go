//go:build e2e

package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// An owner makes an invite as a link, and a stranger on a small phone is in after one form and
// without a mail, by the keyboard alone. The stranger reads German.
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

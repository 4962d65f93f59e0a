//go:build e2e

package e2e

import "testing"

// TestEmailChangeAndUndo moves an account to another address, and then undoes the
// change from the old one.
func TestEmailChangeAndUndo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.account(t, "mira")
	next := p
	next.email = "mira.new@example.org"
	v := s.visit(t, phone, "en")
	signIn(v, p)
	v.follow(`header a[href="/account"]`, "/account")
	v.follow(`main a[href="/account/email"]`, "/account/email")
	v.fill("email", next.email)
	v.fill("current_password", p.password)
	v.send("/account/email")
	v.wantNotice("email_change_sent")
	s.mail(t, "email_asked", p.email)

	v.arriveByLink(s.link(t, "email_confirm", next.email), "/account/email/confirm")
	v.push(`form[action="/account/email/confirm"] button`, "/account")
	v.wantNotice("email_changed")
	v.wantText("main", next.email)
	s.mail(t, "email_arrived", next.email)
	v.follow(`main a[href="/account/delete"]`, "/account/delete")
	if forms := ask[int](v, `document.querySelectorAll("main form").length`); forms != 0 {
		t.Error("the account can be deleted while the change can be undone, want it refused")
	}

	// The reader of the old address uses another browser.
	owner := s.visit(t, desktop, "en")
	owner.arriveByLink(s.link(t, "email_changed", p.email), "/account/email/undo")
	owner.wantText("main", p.email)
	owner.push(`form[action="/account/email/undo"] button`, "/reset")
	owner.wantNotice("email_undone")
	s.mail(t, "email_undone", p.email)
	p.password = "nine loud bitterns"
	owner.fill("password", p.password)
	owner.fill("password_again", p.password)
	owner.send("/signin")
	signIn(owner, p)
	owner.open("/account")
	owner.wantText("main", p.email)

	v.open("/account")
	if at := ask[string](v, `location.pathname`); at != "/signin" {
		t.Errorf("after the undo /account leads to %s in the other browser, want the sign-in page", at)
	}
	v.fill("name_or_email", next.email)
	v.fill("password", p.password)
	v.send("/signin")
	v.wantRefusal()
}

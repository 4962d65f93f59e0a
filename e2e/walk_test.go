//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestWalk lets a person do everything with an account using only the keyboard: Tab, Enter, space
// and typing.
func TestWalk(t *testing.T) {
	t.Parallel()
	t.Run("phone", func(t *testing.T) {
		t.Parallel()
		walk(t, serve(t), phone)
	})
	t.Run("desktop in the dark", func(t *testing.T) {
		t.Parallel()
		walk(t, serve(t), desktop.inDark())
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		walk(t, serve(t, "--database", modelstest.MySQL(t)), desktop)
	})
}

func walk(t *testing.T, s *service, l look) {
	t.Helper()
	p := newPerson("mira")
	v := s.visit(t, l, "en")
	signUp(v, p)
	confirm(v, p)
	signIn(v, p)
	p.password = changePassword(v, p)
	setPIN(v, p)
	p.pin = renewPIN(v, p)
	p.password = renewPassword(v, p)
	signIn(v, p)
	other := s.visit(t, l, "en")
	arriveElsewhere(other, p)
	signOutEverywhere(v, other, p)
	signIn(v, p)
	deleteAccount(v, p)
}

// signUp starts at the front page and ends at the page that announces the mail.
func signUp(v *visitor, p person) {
	v.t.Helper()
	v.open("/")
	v.follow(`main a[href="/signup"]`, "/signup")
	v.wantFocus("[name=username]")
	fillSignUp(v, p)
	v.until(`document.querySelector("[data-captcha-status][role=status]").textContent === ` + quote(v.says("captcha.done")))
	v.send("/signup/sent")
	v.wantText("main", p.email)
	v.wantText("main", v.says("page.signup_sent.spam"))
}

func fillSignUp(v *visitor, p person) {
	v.t.Helper()
	v.fill("username", p.username)
	v.fill("display_name", p.name)
	v.fill("email", p.email)
	v.fill("password", p.password)
	v.fill("password_again", p.password)
}

// confirm opens the link of the mail, and confirms the account. Opening the page alone does not
// spend the link.
func confirm(v *visitor, p person) {
	v.t.Helper()
	link := v.site.link(v.t, "confirm", p.email)
	v.arriveByLink(link, "/confirm")
	v.arriveByLink(link, "/confirm")
	v.wantText("main", p.email)
	v.push(`form[action="/confirm"] button`, "/signin")
	v.wantNotice("confirmed")
	v.arriveByLink(link, "/signin") // people open the link a second time
	v.wantNotice("confirmed_before")
}

// arriveByLink opens the link of a mail. The page at once removes the token from the address.
func (v *visitor) arriveByLink(link, path string) {
	v.t.Helper()
	v.open(link)
	if at := ask[string](v, `location.pathname + location.search`); at != path {
		v.t.Errorf("the link leads to %s, want %s", at, path)
	}
}

func signIn(v *visitor, p person) {
	v.t.Helper()
	v.open("/signin")
	v.wantFocus("[name=name_or_email]")
	v.fill("name_or_email", p.email)
	v.fill("password", p.password)
	v.send("/servers") // after the sign-in people see their servers
}

func changePassword(v *visitor, p person) string {
	v.t.Helper()
	const password = "nine loud bitterns"
	v.follow(`header a[href="/account"]`, "/account")
	v.follow(`main a[href="/account/password"]`, "/account/password")
	v.fill("current_password", p.password)
	v.fill("password", password)
	v.fill("password_again", password)
	v.send("/account")
	v.wantNotice("password_changed")
	v.site.mail(v.t, "password_changed", p.email)
	return password
}

func setPIN(v *visitor, p person) {
	v.t.Helper()
	v.follow(`header a[href="/account"]`, "/account")
	v.follow(`main a[href="/account/pin"]`, "/account/pin")
	v.fill("pin", p.pin)
	v.fill("pin_again", p.pin)
	v.push("[name=do][value=set]", "/account")
	v.wantNotice("pin_set")
	v.site.mail(v.t, "pin_changed", p.email)
}

// renewPIN sets a new PIN by a mail, after forgetting the old one, and returns
// it.
func renewPIN(v *visitor, p person) string {
	v.t.Helper()
	const pin = "b1tt3rn"
	v.follow(`main a[href="/account/pin"]`, "/account/pin")
	v.follow(`main a[href="/account/pin/forgot"]`, "/account/pin/forgot")
	v.push(`form[action="/account/pin/mail"] button`, "/account/pin/forgot")
	v.wantNotice("pin_mail_sent")
	v.arriveByLink(v.site.link(v.t, "pin_reset", p.email), "/account/pin/reset")
	v.fill("pin", pin)
	v.fill("pin_again", pin)
	v.push("[name=do][value=set]", "/account")
	v.wantNotice("pin_changed")
	v.site.mail(v.t, "pin_changed", p.email)

	// The new PIN works, and the old one does not.
	v.follow(`main a[href="/account/pin"]`, "/account/pin")
	v.tabTo("#remove_current_pin")
	v.replace(p.pin)
	v.send("/account/pin")
	v.wantFocus("#remove_current_pin[aria-invalid=true]")
	v.replace(pin)
	v.send("/account")
	v.wantNotice("pin_removed")
	return pin
}

// renewPassword sets a new password by a mail, after forgetting the old one, and
// returns it.
func renewPassword(v *visitor, p person) string {
	v.t.Helper()
	const password = "eleven shy egrets"
	v.push(`form[action="/signout"] button`, "/")
	v.wantNotice("signed_out")
	v.follow(`header a[href="/signin"]`, "/signin")
	v.follow(`main a[href="/forgot"]`, "/forgot")
	v.fill("name_or_email", p.username)
	v.send("/forgot/sent")
	v.arriveByLink(v.site.link(v.t, "password_reset", p.email), "/reset")
	v.fill("password", password)
	v.fill("password_again", password)
	v.send("/signin")
	v.wantNotice("password_reset")
	v.site.mail(v.t, "password_changed", p.email)

	v.fill("name_or_email", p.username)
	v.fill("password", p.password)
	v.send("/signin")
	v.wantRefusal()
	return password
}

// arriveElsewhere signs in with another browser. The service then sends a mail about the new
// browser.
func arriveElsewhere(other *visitor, p person) {
	other.t.Helper()
	signIn(other, p)
	other.arriveByLink(other.site.link(other.t, "new_device", p.email), "/account/sessions/not-me")
	other.wantText("main", "Chrome")
}

func signOutEverywhere(v, other *visitor, p person) {
	v.t.Helper()
	v.follow(`header a[href="/account"]`, "/account")
	v.follow(`main a[href="/account/sessions"]`, "/account/sessions")
	if devices := ask[int](v, `document.querySelectorAll(".devices > li").length`); devices != 2 {
		v.t.Errorf("%d browsers are signed in, want 2", devices)
	}
	v.push(`form[action="/signout/everywhere"] button`, "/signin")
	v.wantNotice("signed_out_everywhere")
	for _, one := range []*visitor{v, other} {
		one.open("/account")
		if at := ask[string](one, `location.pathname`); at != "/signin" {
			one.t.Errorf("after %s signed out everywhere, /account leads to %s, want the sign-in page", p.username, at)
		}
	}
}

func deleteAccount(v *visitor, p person) {
	v.t.Helper()
	v.follow(`header a[href="/account"]`, "/account")
	v.follow(`main a[href="/account/delete"]`, "/account/delete")
	v.fill("current_password", p.password)
	v.send("/")
	v.wantNotice("account_deleted")
	if goodbye := v.site.mail(v.t, "account_deleted", p.email); !strings.Contains(goodbye.Text, p.name) {
		v.t.Errorf("the last mail does not greet %s, want the name:\n%s", p.name, goodbye.Text)
	}
	v.open("/signin")
	v.fill("name_or_email", p.email)
	v.fill("password", p.password)
	v.send("/signin")
	v.wantRefusal()
}

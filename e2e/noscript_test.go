//go:build e2e

package e2e

import "testing"

// TestWithoutScripts uses the pages that need no scripts, with scripts turned off.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.account(t, "mira")
	v := s.visit(t, phone, "en").withoutScripts()

	for _, path := range []string{"/signup", "/forgot"} {
		v.open(path)
		v.wantText("main noscript", v.says("captcha.noscript"))
		if seen := ask[bool](v, `document.querySelector("noscript").getBoundingClientRect().height > 0`); !seen {
			t.Errorf("%s does not say that it needs JavaScript, want that", path)
		}
	}
	fillSignUpBriefly(v)
	v.wantText("main", v.says("error.captcha_missing"))

	s.operate(t, "", "account", "send-reset", p.username)
	v.open(s.link(t, "password_reset", p.email))
	p.password = "eleven shy egrets"
	v.fill("password", p.password)
	v.fill("password_again", p.password)
	v.send("/signin")
	v.wantNotice("password_reset")

	v.fill("name_or_email", p.username)
	v.fill("password", "wrong")
	v.send("/signin")
	v.wantRefusal()
	v.wantValue("name_or_email", p.username)
	signIn(v, p)

	v.open("/account")
	v.fill("display_name", "Mira K.")
	v.send("/account")
	v.wantNotice("profile_saved")
	v.wantValue("display_name", "Mira K.")
	p.password = changePassword(v, p)
	setPIN(v, p)
	v.follow(`main a[href="/account/sessions"]`, "/account/sessions")
	v.push(`form[action="/signout/everywhere"] button`, "/signin")
	v.wantNotice("signed_out_everywhere")
	signIn(v, p)
	deleteAccount(v, p)
}

// fillSignUpBriefly sends a sign-up form that is complete except for its proof of work.
func fillSignUpBriefly(v *visitor) {
	v.t.Helper()
	v.open("/signup")
	fillSignUp(v, newPerson("ada"))
	v.send("/signup")
}

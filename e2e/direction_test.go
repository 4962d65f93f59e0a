//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestRightToLeft opens pages in Hebrew: everything is mirrored, nothing is cut off, and
// addresses are still written from left to right.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ruth := s.account(t, "ruth")
	v := s.visit(t, phone, "he")
	for _, path := range []string{"/", "/signup", "/forgot", "/help", "/help/trouble"} {
		v.open(path)
		v.wantMirrored(path)
	}
	v.open("/signin")
	signIn(v, ruth)
	v.tabTo(".languages summary") // the account speaks English until she chooses another language
	v.press(" ")
	v.push(`.languages button[value=he]`, "/servers")
	for _, path := range []string{"/servers", "/link", "/account", "/account/sessions", "/account/history", "/family", "/servers/new", "/account/email"} {
		v.open(path)
		v.wantMirrored(path)
	}
	if direction := ask[string](v, `getComputedStyle(document.querySelector("input[type=email]")).direction`); direction != "ltr" {
		t.Errorf("an address is written in the direction %q, want ltr", direction)
	}
}

// wantMirrored audits a page and fails the test unless the page begins at the right.
func (v *visitor) wantMirrored(path string) {
	v.t.Helper()
	v.audit("he" + strings.ReplaceAll(path, "/", "-"))
	if direction := ask[string](v, `document.documentElement.dir`); direction != "rtl" {
		v.t.Errorf("%s: the direction is %q, want rtl", v.where(), direction)
	}
	// The name of the service stands at the right edge, nearer to it than to the left one.
	if !ask[bool](v, `(() => { const b = document.querySelector(".brand").getBoundingClientRect(); return innerWidth - b.right < b.left; })()`) {
		v.t.Errorf("%s: the name of the service is at the left, want it at the right", v.where())
	}
}

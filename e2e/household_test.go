//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// narrow is a phone of a usual size.
var narrow = look{width: 360, height: 640}

// steer presses the arrow that points from the element with the focus to the element of a selector, until
// that has the focus. What gets the focus must show that visibly.
func (v *visitor) steer(selector string) {
	v.t.Helper()
	for range mostStops {
		at := v.focused(selector)
		if !at.Nowhere && (!at.Seen || !at.Ringed) {
			v.t.Errorf("%s: %s has the focus, want that to be visible (in the window: %t, with a ring: %t)", v.where(), at.Name, at.Seen, at.Ringed)
		}
		if at.Fits {
			return
		}
		direction := ask[string](v, fmt.Sprintf(`(() => {
			const here = document.activeElement, there = document.querySelector(%s).getBoundingClientRect();
			if (here === document.body) return "down";
			const box = here.getBoundingClientRect();
			const right = (there.left + there.right - box.left - box.right) / 2, down = (there.top + there.bottom - box.top - box.bottom) / 2;
			if (Math.abs(down) > 10) return down > 0 ? "down" : "up";
			return right > 0 ? "right" : "left";
		})()`, quote(selector)))
		v.press(map[string]string{"down": kb.ArrowDown, "up": kb.ArrowUp, "right": kb.ArrowRight, "left": kb.ArrowLeft}[direction])
	}
	v.t.Fatalf("%s: the arrows do not reach %s", v.where(), selector)
}

// typePIN types a PIN with the arrows on the pad, and goes on.
func (v *visitor) typePIN(pin, to string) {
	v.t.Helper()
	for i, digit := range pin {
		v.steer(fmt.Sprintf("[data-digit=%q]", string(digit)))
		v.press(kb.Enter)
		v.until(fmt.Sprintf(`document.querySelector("#pin").value.length === %d`, i+1))
	}
	v.steer(`.household-pin button[type=submit]`)
	v.leaving(to, func() { v.press(kb.Enter) })
}

// TestWhoIsWatchingByArrows lets a family choose who is watching with the arrows and Enter alone, as on the
// remote control of a television.
func TestWhoIsWatchingByArrows(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, locale := range []string{"en", "de"} {
		for _, l := range []look{narrow, desktop.inDark()} {
			t.Run(locale+" "+l.String(), func(t *testing.T) {
				t.Parallel()
				watchByArrows(t, s, l, locale)
			})
		}
	}
}

func watchByArrows(t *testing.T, s *service, l look, locale string) {
	t.Helper()
	p := s.account(t, fmt.Sprintf("ann-%s-%d", locale, l.width))
	p.pin = "8305" // digits alone, as the pad has them
	s.alter(t, `UPDATE accounts SET locale = ? WHERE username = ?`, locale, p.username)
	v := s.visit(t, l, locale)
	signIn(v, p)
	v.open("/account/pin")
	v.fill("pin", p.pin)
	v.fill("pin_again", p.pin)
	v.send("/account")
	v.open("/family")
	v.fill("username", p.username+"-kid")
	v.send("/family")

	v.follow(`main a[href="/who"]`, "/who")
	v.wantText("h1", v.says("page.household.title"))
	v.audit("household " + locale)
	const child, guardian = `.tiles form button.tile`, `.tiles a.tile`
	v.steer(guardian)
	v.steer(child)
	v.leaving("/servers", func() { v.press(kb.Enter) })
	if ask[bool](v, `!!document.querySelector('header a[href="/account"]')`) {
		t.Error("the child is offered the account, want the servers and the people alone")
	}

	v.open("/who")
	v.steer(guardian)
	path := ask[string](v, `document.activeElement.getAttribute("href")`)
	v.leaving(path, func() { v.press(kb.Enter) })
	v.audit("household_pin " + locale)
	v.typePIN("7305", path)
	v.wantFocus(`[name=pin][aria-invalid=true]`)
	v.steer(`[data-digit="7"]`) // one digit too many, taken back
	v.press(kb.Enter)
	v.steer(`[data-back]`)
	v.press(kb.Enter)
	v.until(`document.querySelector("#pin").value === ""`)
	v.typePIN(p.pin, "/servers")
	v.open("/who")
	if got := ask[string](v, `document.querySelector("[aria-current=true] strong").textContent`); got != p.name {
		t.Errorf("%q is watching, want %q", got, p.name)
	}
}

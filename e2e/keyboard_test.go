//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// mostStops is larger than the number of elements that Tab reaches on any page.
const mostStops = 100

// press presses a key, or types text.
func (v *visitor) press(keys string) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(keys))
}

// back presses Shift and Tab.
func (v *visitor) back() {
	v.t.Helper()
	v.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(input.ModifierShift)))
}

// stop is the element that has the focus.
type stop struct {
	Name    string // for messages
	Fits    bool   // whether it is the wanted element
	Nowhere bool   // whether no element has the focus
	Seen    bool   // whether it is in the window
	Ringed  bool   // whether it visibly shows that it has the focus
}

// focused describes the element that has the focus. wanted is the selector of the element that
// should have it.
func (v *visitor) focused(wanted string) stop {
	v.t.Helper()
	return ask[stop](v, fmt.Sprintf(`(() => {
		const e = document.activeElement;
		if (!e || e === document.body) return {Name: "nothing", Nowhere: true};
		const box = e.getBoundingClientRect(), style = getComputedStyle(e);
		return {
			Name: e.outerHTML.slice(0, e.outerHTML.indexOf(">") + 1),
			Fits: e.matches(%s),
			Seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
			Ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
		};
	})()`, quote(wanted)))
}

// tabTo presses Tab until the element of a selector has the focus. Each element that gets the focus
// before it must show that visibly.
func (v *visitor) tabTo(selector string) {
	v.t.Helper()
	var halts []string
	for range mostStops {
		at := v.focused(selector)
		if !at.Nowhere && (!at.Seen || !at.Ringed) {
			v.t.Errorf("%s: %s has the focus, want that to be visible (in the window: %t, with a ring: %t)", v.where(), at.Name, at.Seen, at.Ringed)
		}
		if at.Fits {
			return
		}
		halts = append(halts, at.Name)
		v.press(kb.Tab)
	}
	slices.Sort(halts)
	v.t.Fatalf("%s: Tab does not reach %s, want it among\n%s", v.where(), selector, strings.Join(slices.Compact(halts), "\n"))
}

// fill types text into the input with this name, in place of the text that it has.
func (v *visitor) fill(name, text string) {
	v.t.Helper()
	v.tabTo("[name=" + quote(name) + "]")
	v.replace(text)
}

// replace types text into the input that has the focus, in place of the text that it has.
func (v *visitor) replace(text string) {
	v.t.Helper()
	v.do(
		chromedp.KeyEvent("a", chromedp.KeyModifiers(input.ModifierCtrl)),
		chromedp.KeyEvent(kb.Delete),
		chromedp.KeyEvent(text),
	)
	if typed := ask[string](v, `document.activeElement.value`); typed != text {
		v.t.Fatalf("%s: want the typed text %q in the input, got %q", v.where(), text, typed)
	}
}

// send presses Enter in the input that has the focus, which sends its form.
func (v *visitor) send(to string) {
	v.t.Helper()
	v.leaving(to, func() { v.press(kb.Enter) })
}

// follow goes to a link and presses Enter.
func (v *visitor) follow(selector, to string) {
	v.t.Helper()
	v.tabTo(selector)
	v.leaving(to, func() { v.press(kb.Enter) })
}

// push goes to a button and presses the space bar.
func (v *visitor) push(selector, to string) {
	v.t.Helper()
	v.tabTo(selector)
	v.leaving(to, func() { v.press(" ") })
}

// wantFocus fails the test unless the element of a selector gets the focus. A browser sets
// the focus some time after it has loaded the page, so wantFocus waits while no element has
// it.
func (v *visitor) wantFocus(selector string) {
	v.t.Helper()
	v.becomes("document.activeElement && document.activeElement !== document.body")
	if at := v.focused(selector); !at.Fits {
		v.t.Errorf("%s: %s has the focus, want %s", v.where(), at.Name, selector)
	}
}

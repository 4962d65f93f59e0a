//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// wantError fails the test unless an input is marked as wrong and its error has the text, for screen
// readers too.
func (v *visitor) wantError(name, text string) {
	v.t.Helper()
	input := "[name=" + quote(name) + "]"
	said := ask[string](v, fmt.Sprintf(`(() => {
		const input = document.querySelector(%s);
		if (input.getAttribute("aria-invalid") !== "true") return "";
		return (input.getAttribute("aria-describedby") ?? "").split(" ").map(id => document.getElementById(id)?.innerText).join("\n");
	})()`, quote(input)))
	if text == "" || !contains(said, text) {
		v.t.Errorf("%s: the input %s is described by %q, want %q in it", v.where(), name, said, text)
	}
}

// wantValue fails the test unless an input has a value.
func (v *visitor) wantValue(name, want string) {
	v.t.Helper()
	if got := ask[string](v, `document.querySelector(`+quote("[name="+quote(name)+"]")+`).value`); got != want {
		v.t.Errorf("%s: the input %s holds %q, want %q", v.where(), name, got, want)
	}
}

func TestMistakesAreShownAndNothingIsLost(t *testing.T) {
	t.Parallel()
	s := serve(t)
	taken := s.account(t, "mira")
	v := s.visit(t, phone, "en")

	v.open("/signup")
	v.fill("username", taken.username)
	v.fill("display_name", "Mira the Second")
	v.fill("email", "mira at example.org")
	v.fill("password", "seven quiet herons")
	v.fill("password_again", "seven quiet heroes")
	v.send("/signup")
	v.wantStatus(422)
	v.wantFocus("[name=email]")
	v.wantError("email", v.says("error.email_invalid"))
	v.wantError("password_again", v.says("error.passwords_differ"))
	v.wantValue("username", taken.username)
	v.wantValue("display_name", "Mira the Second")
	v.wantValue("email", "mira at example.org")
	v.wantValue("password", "")

	// A corrected field loses its error. The error about the taken name comes only after the
	// captcha.
	v.fill("email", "mira.two@example.org")
	v.fill("password", "seven quiet herons")
	v.fill("password_again", "seven quiet herons")
	v.send("/signup")
	v.wantFocus("[name=username]")
	v.wantError("username", v.says("error.username_taken"))
	if wrong := ask[int](v, `document.querySelectorAll("[aria-invalid=true]").length`); wrong != 1 {
		t.Errorf("%d inputs are wrong, want 1", wrong)
	}
	v.fill("username", "mira.two")
	v.fill("password", "seven quiet herons")
	v.fill("password_again", "seven quiet herons")
	v.send("/signup/sent")

	// The address was mistyped: the page lets the person correct it.
	v.tabTo("summary")
	v.press(kb.Enter)
	v.fill("email", "mira.too@example.org")
	v.send("/signup/sent")
	v.wantNotice("corrected")
	v.wantText("main", "mira.too@example.org")
	v.open(s.link(t, "confirm", "mira.too@example.org"))
	v.wantText("main", "mira.too@example.org")
}

func TestSecretsCanBeShown(t *testing.T) {
	t.Parallel()
	v := serve(t).visit(t, phone, "en")
	v.open("/signin")
	v.fill("password", "seven quiet herons")
	shown := func(want bool) {
		t.Helper()
		kind, pressed := "password", "false"
		if want {
			kind, pressed = "text", "true"
		}
		v.until(`document.querySelector("[name=password]").type === ` + quote(kind))
		if got := ask[string](v, `document.activeElement.getAttribute("aria-pressed")`); got != pressed {
			t.Errorf("the button says that it is pressed: %s, want %s", got, pressed)
		}
	}
	v.press(kb.Tab)
	v.wantFocus("button.reveal[aria-controls=password][aria-label]")
	shown(false)
	v.press(" ")
	shown(true)
	v.press(kb.Enter)
	shown(false)
	v.back()
	v.wantFocus("[name=password]")
	v.wantValue("password", "seven quiet herons")
}

// TestSubmitMayComeBeforeTheProof submits a form before its proof of work is done. When the proof
// is done, the page sends the form by itself.
func TestSubmitMayComeBeforeTheProof(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.account(t, "mira")
	v := s.visit(t, desktop, "en")
	v.open("/forgot")
	v.leaving("/forgot/sent", func() {
		// A script submits the form at once, faster than a person could.
		ask[bool](v, `(() => {
			const form = document.querySelector("form[action='/forgot']");
			form.elements.name_or_email.value = `+quote(p.username)+`;
			form.elements.altcha.value = "";
			form.requestSubmit(); form.requestSubmit();
			return true;
		})()`)
	})
	s.mail(t, "password_reset", p.email)
}

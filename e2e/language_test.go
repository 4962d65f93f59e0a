//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func contains(text, part string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(part), " "))
}

// TestLanguageOfTheBrowser opens pages with a browser that asks for German.
func TestLanguageOfTheBrowser(t *testing.T) {
	t.Parallel()
	v := serve(t).visit(t, phone, "de")
	v.open("/forgot")
	v.wantGerman("reset_request", "page.reset_request.title")
}

// TestGerman switches the language and signs up: pages, errors and
// mails are German from then on.
func TestGerman(t *testing.T) {
	t.Parallel()
	s := serve(t)
	v := s.visit(t, phone, "en")
	v.open("/signup")
	v.wantText("h1", v.says("page.signup.title"))
	v.tabTo(".languages summary")
	v.press(" ")
	v.push(`footer button[name=language][value=de]`, "/signup")
	v.locale = "de"
	v.wantNotice("language_saved")
	v.wantGerman("signup", "page.signup.title")
	for name, key := range map[string]string{
		"username": "field.username", "display_name": "field.display_name", "email": "field.email",
		"password": "field.password", "password_again": "field.password_again",
	} {
		v.wantText("label[for="+name+"]", v.says(key))
	}

	p := newPerson("jürgen")
	v.fill("username", p.username)
	v.fill("display_name", p.name)
	v.fill("email", "juergen@example.org")
	v.fill("password", "kurz")
	v.tabTo("[name=password_again]")
	v.send("/signup")
	v.wantGerman("signup", "page.signup.title")
	v.wantFocus("[name=username]")
	v.wantError("username", v.says("error.username_invalid"))
	v.wantError("password", v.says("error.password_too_short", "MinLength", "10"))
	v.wantValue("display_name", p.name)

	p.username, p.email, p.password = "juergen", "juergen@example.org", "sieben stille Reiher"
	fillSignUp(v, p)
	v.send("/signup/sent")
	v.wantGerman("signup_sent", "page.signup_sent.title")

	mail := s.mail(t, "confirm", p.email)
	if want := v.says("mail.confirm.subject", "Service", "Latchkey"); mail.Subject != want {
		t.Errorf("the subject is %q, want %q", mail.Subject, want)
	}
	// The account's language counts, even if another browser asks for English.
	other := s.visit(t, desktop, "en")
	other.open(mail.FirstLink())
	other.wantText("h1", other.says("page.confirm.title"))
	other.push(`form[action="/confirm"] button`, "/signin")
	other.locale = "de"
	signIn(other, p)
	other.open("/account")
	other.wantGerman("account", "page.account.title")
}

// wantGerman fails the test unless the whole page is German, from its heading to the texts for
// assistive technology.
func (v *visitor) wantGerman(name, title string) {
	v.t.Helper()
	if language := ask[string](v, `document.documentElement.lang`); language != "de" {
		v.t.Errorf("%s: the page says that its language is %q, want \"de\"", v.where(), language)
	}
	v.wantText("body[data-page="+name+"] h1", v.says(title))
	v.wantText(".skip", v.says("layout.skip"))
	said := ask[string](v, `document.body.innerText + [...document.querySelectorAll("[aria-label],[title]")].map(e => e.ariaLabel + e.title).join("\n")`)
	for _, key := range []string{"layout.skip", "layout.signin", "layout.signup", "layout.reveal", "layout.help", "field.display_name", "field.password"} {
		if english := catalogue.Say("en", key, nil); strings.Contains(said, english) {
			v.t.Errorf("%s: the page contains the English text %q, want it in German", v.where(), english)
		}
	}
}

// TestLanguageThatIsNoTag uses a browser whose language has a name that Intl refuses. Chromium has such a language when
// the system's locale is en_US@posix. The scripts must still write the times and add their buttons to the forms.
func TestLanguageThatIsNoTag(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.account(t, "mira")
	v := s.visit(t, phone, "en-US@posix")
	v.locale = "en"
	v.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`
			Object.defineProperty(navigator, "language", { get: () => "en-US@posix" });
			Object.defineProperty(navigator, "languages", { get: () => ["en-US@posix", "en@x", ""] });`).Do(ctx)
		return err
	}))
	signIn(v, p)
	v.open("/account/sessions")
	if got := ask[string](v, `navigator.language`); got != "en-US@posix" {
		t.Fatalf("the browser's language is %q, want en-US@posix", got)
	}
	v.until(`document.querySelector("time[datetime]").title`) // a script has replaced the time by the time in the reader's time zone
	v.open("/account/password")
	v.until(`document.querySelector("form button.reveal")`)
	v.fill("current_password", "wrong")
	v.fill("password", "nine loud bitterns")
	v.fill("password_again", "other")
	v.send("/account/password")
	v.wantFocus("[aria-invalid=true]")
	v.until(`document.querySelectorAll("form [data-sent]").length === 0 && document.querySelector("form button.reveal")`)
}

//go:build e2e

package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// setupCode returns the code that the service has written into its folder.
func (s *service) setupCode(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder, "setup-code"))
	code := regexp.MustCompile(`\b[A-Z]{4}-[A-Z]{4}-[A-Z]{4}\b`).FindString(string(text))
	if err != nil || code == "" {
		t.Fatalf("the file says %s, %v; want a code", text, err)
	}
	return code
}

// mailServer is a mail server without encryption on this machine.
func mailServer(t *testing.T) (sink *mailtest.Sink, host, port string) {
	t.Helper()
	sink = mailtest.NewPlainSink(t)
	address, err := url.Parse(sink.URL())
	if err != nil {
		t.Fatal(err)
	}
	return sink, address.Hostname(), address.Port()
}

// fillMail types the mail server into the step of mail, and sends the form.
func fillMail(v *visitor, host, port, to string) {
	v.fill("mail_server", host)
	v.choose("[name=mail_encryption]", v.says("setup.mail.plain"))
	v.fill("mail_port", port)
	v.fill("mail-from", "Home <home@example.org>")
	v.fill("mail_to", to)
	v.send("/welcome/mail")
}

// setupPages returns the pages of a first run beside a site whose settings are complete. At the end the operator signs in.
func setupPages(t *testing.T) []shown {
	t.Helper()
	s, boss := serve(t), newPerson("boss")
	sink, host, port := mailServer(t)
	return []shown{
		{"setup_code", "", func(v *visitor) {
			v.allow(s.origin)
			v.open(s.origin + "/welcome")
		}},
		{"setup_code", "with a mistake", func(v *visitor) {
			v.fill("code", "BCDF GHJK LMNP")
			v.send("/welcome")
		}},
		{"setup", "", func(v *visitor) {
			v.fill("code", s.setupCode(t))
			v.send("/welcome")
		}},
		{"setup_step", "account", func(v *visitor) { v.follow(`main a.button`, "/welcome/account") }},
		{"setup_step", "account with mistakes", func(v *visitor) {
			v.fill("username", "_")
			v.send("/welcome/account")
		}},
		{"setup_step", "name", func(v *visitor) {
			v.fill("username", boss.username)
			v.fill("email", boss.email)
			v.fill("password", boss.password)
			v.fill("password_again", boss.password)
			v.send("/welcome/name")
		}},
		{"setup_step", "address", func(v *visitor) {
			v.fill("service-name", "Zu Hause")
			v.send("/welcome/address")
		}},
		{"setup_step", "mail", func(v *visitor) { v.push(`button[name=skip]`, "/welcome/mail") }},
		{"setup_step", "mail that is sent", func(v *visitor) { fillMail(v, host, port, boss.email) }},
		{"setup_arrived", "", func(v *visitor) { v.open(mailtest.Parse(t, sink.Wait(t, 1)[0].Data).FirstLink()) }},
		{"setup_arrived", "done", func(v *visitor) { v.push(`main button`, "/welcome/arrived") }},
		{"setup_step", "mail that has arrived", func(v *visitor) { v.open(s.origin + "/welcome/mail") }},
		{"setup_step", "captcha", func(v *visitor) { v.push(`button[name=next]`, "/welcome/captcha") }},
		{"setup_step", "sign-up", func(v *visitor) { v.push(`button[name=skip]`, "/welcome/sign-up") }},
		{"setup_step", "server", func(v *visitor) {
			v.choose("[name=sign-up]", v.says("field.setting.sign-up.invite"))
			v.push(`main form button:not([name])`, "/welcome/server")
		}},
		{"setup_step", "server with a code", func(v *visitor) { v.push(`main button:not([name])`, "/welcome/server") }},
		{"setup", "ready", func(v *visitor) { v.push(`button[name=next]`, "/welcome") }},
		{"setup_done", "", func(v *visitor) { v.push(`form[action="/welcome/finish"] button`, "/welcome/finish") }},
		{"operator", "after the first run", func(v *visitor) {
			v.follow(`main a.button`, "/signin")
			v.fill("name_or_email", boss.username)
			v.fill("password", boss.password)
			v.send("/servers")
			v.follow(`.tabs a[href="/admin"]`, "/admin")
		}},
		{"operator_settings_edit", "", func(v *visitor) { v.open(s.origin + "/admin/settings/service-name") }},
		{"operator_settings_edit", "with a mistake", func(v *visitor) {
			v.fill("service-name", strings.Repeat("x", 61))
			v.send("/admin/settings/service-name")
		}},
		{"operator_settings", "changed", func(v *visitor) {
			v.fill("service-name", "Bei uns")
			v.send("/admin/settings")
			v.wantNotice("operator_done")
			v.wantText("header", "Bei uns")
		}},
	}
}

// TestFirstRun starts a service without any setting. A person on a dark phone, with only the keyboard, sets it up; every step
// is checked for accessibility.
func TestFirstRun(t *testing.T) {
	t.Parallel()
	s := serve(t, "--dev=false", "--drain-delay=0s")
	sink, host, port := mailServer(t)
	v := s.visit(t, look{width: 360, height: 740}.inDark(), "de")
	v.open(s.origin + "/")
	step := func(name string, act func()) {
		act()
		v.audit("first run " + name)
	}
	step("code", func() {
		v.fill("code", strings.ToLower(s.setupCode(t)))
		v.send("/welcome")
	})
	v.follow(`main a.button`, "/welcome/account")
	boss := newPerson("boss")
	step("name", func() {
		v.fill("username", boss.username)
		v.fill("email", boss.email)
		v.fill("password", boss.password)
		v.fill("password_again", boss.password)
		v.send("/welcome/name")
	})
	v.push(`button[name=skip]`, "/welcome/address")
	step("address", func() {
		v.wantText("main", v.says("setup.check.plain"))
		v.fill("public-url", "http://home.example.org")
		v.send("/welcome/address")
	})
	step("mail", func() {
		v.fill("public-url", "https://home.example.org")
		v.send("/welcome/mail")
	})
	step("mail that no server takes", func() {
		fillMail(v, host, "1", boss.email)
		v.wantText("main", "connection refused")
	})
	step("mail that waits", func() {
		v.fill("mail_port", port)
		v.send("/welcome/mail")
	})
	link := mailtest.Parse(t, sink.Wait(t, 1)[0].Data).FirstLink()
	other := s.visit(t, phone, "en") // the page that waits notices what another browser does
	other.open(s.origin + strings.TrimPrefix(link, "https://home.example.org"))
	other.push(`main button`, "/welcome/arrived")
	v.until(`document.querySelector("main").textContent.includes(` + quote(v.says("page.setup_step.mail.seen")) + `)`)
	v.audit("first run mail that has arrived")
	v.push(`button[name=next]`, "/welcome/captcha")
	v.push(`button[name=skip]`, "/welcome/sign-up")
	v.push(`button[name=skip]`, "/welcome/server")
	step("end", func() {
		v.push(`button[name=skip]`, "/welcome")
		v.push(`form[action="/welcome/finish"] button`, "/welcome/finish")
	})
	var href string
	v.do(chromedp.AttributeValue(`main a.button`, "href", &href, nil))
	if href != "https://home.example.org/signin" {
		t.Errorf("the page leads to %s, want the public address", href)
	}
}

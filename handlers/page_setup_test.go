package handlers_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// setupSite is a site in its first run, and what it mailed.
type setupSite struct {
	*site
	code, pass string
	mailed     *[]models.Letter
	values     *[]map[string]string // the settings with which mails were tried
}

// newSetupSite starts a site in its first run. The program behind it knows the settings that the steps need, and its mail server
// refuses the user "wrong".
func newSetupSite(t *testing.T, alone bool) setupSite {
	t.Helper()
	var mailed []models.Letter
	var tried []map[string]string
	s := newSite(t, func(h *handlers.Server) {
		h.OnlySetUp = alone
		h.Desk = &handlers.Desk{
			InForce: setupSettings,
			Check: func(values map[string]string) map[string]string {
				wrong := map[string]string{}
				for _, name := range []string{"public-url", "mail-url", "mail-from"} {
					if values[name] == "" && alone {
						wrong[name] = "is missing; outside development it must be set"
					}
				}
				if strings.HasPrefix(values["public-url"], "http:") {
					wrong["public-url"] = "must start with https://"
				}
				return wrong
			},
			Reload: func(context.Context) error { return nil },
			TryMail: func(_ context.Context, values map[string]string, letter models.Letter) error {
				tried = append(tried, values)
				if strings.Contains(values["mail-url"], "wrong") {
					return errors.New("535 wrong password")
				}
				mailed = append(mailed, letter)
				return nil
			},
		}
	})
	if open, err := s.Store.Setups.Begin(t.Context(), alone, alone); err != nil || !open {
		t.Fatalf("open %v, %v; want a set-up", open, err)
	}
	code, pass, err := s.Store.Setups.Code(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return setupSite{s, code, pass, &mailed, &tried}
}

func setupSettings(values map[string]string) []handlers.Setting {
	all := []handlers.Setting{
		{Name: "public-url"},
		{Name: "trusted-proxies"},
		{Name: "service-name", Text: "Latchkey"},
		{Name: "operator-name"},
		{Name: "mail-url", Secret: true},
		{Name: "mail-from"},
		{Name: "captcha", Text: "pow", Choices: []string{"pow", "recaptcha", "off"}},
		{Name: "recaptcha-secret", Secret: true},
		{Name: "sign-up", Text: "open", Choices: []string{"open", "invite", "closed"}},
	}
	for i, one := range all {
		all[i].Console, all[i].Origin = true, "default"
		if value, ok := values[one.Name]; ok {
			all[i].Own, all[i].Origin = true, "the console"
			if !one.Secret {
				all[i].Text, all[i].Value = value, value
			}
		}
	}
	return append(all, handlers.Setting{Name: "security-contact", Value: "mailto:a@example.org", Origin: "file"})
}

// A service that lacks settings shows nothing to who has no code. Who has it goes through the steps, and ends with an operator who
// can sign in.
func TestSetupFromTheBeginning(t *testing.T) {
	t.Parallel()
	s := newSetupSite(t, true)
	b := s.browser(t)
	for _, path := range []string{"/signin", "/signup", "/admin", "/help/pin", "/service/servers", "/api/docs"} {
		if a := b.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404 before the service is set up", path, a.status)
		}
	}
	if a := b.get("/readyz"); a.status != http.StatusOK {
		t.Errorf("/readyz answers %d, want 200", a.status)
	}
	if a := b.get("/"); a.header.Get("Location") != "/welcome" {
		t.Errorf("/ leads to %q, want /welcome", a.header.Get("Location"))
	}
	b.says("/welcome", "Twelve letters", "but not", "First media server", "/signin", "What the PIN is for")
	if a := b.get("/welcome"); strings.Contains(a.body, "/help/pin") || strings.Contains(a.body, "/signin") {
		t.Error("the page leads to pages that the service does not have yet")
	}
	if a := b.get("/welcome/name"); a.header.Get("Location") != "/welcome" {
		t.Errorf("a step without the code: %d to %q, want /welcome", a.status, a.header.Get("Location"))
	}
	if a := b.post("/welcome/account", "username", "boss", "email", "boss@example.org", "password", goodPassword, "password_again", goodPassword); a.header.Get("Location") != "/welcome" {
		t.Errorf("making an operator without the code: %d to %q, want /welcome", a.status, a.header.Get("Location"))
	}
	if a := b.post("/welcome", "code", "BBBB-CCCC-DDDD"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "This is not the code") {
		t.Errorf("a wrong code: %d, want 422", a.status)
	}
	b.led(b.post("/welcome", "code", strings.ToLower(s.code)), "/welcome", "First media server", "These settings are still missing", "mail-url")

	if a := b.post("/welcome/account", "username", "boss", "email", "boss@example.org", "password", goodPassword, "password_again", "other"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("two passwords: %d, want 422", a.status)
	}
	b.led(b.post("/welcome/account", "username", "boss", "email", "boss@example.org", "password", goodPassword, "password_again", goodPassword), "/welcome/name", "mailto:a@example.org")
	b.says("/welcome/account", "There is an account that runs this service", "but not", `name="username"`)
	b.led(b.post("/welcome/name", "service-name", "Zu Hause", "operator-name", "", "security-contact", "evil@example.org"), "/welcome/address")
	b.says("/welcome/address", "Your browser reaches this page at https://127.0.0.1", "No reverse proxy was seen")
	if a := b.post("/welcome/address", "public-url", "http://x.example.org"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "must start with https://") {
		t.Errorf("an address without https: %d, want 422", a.status)
	}
	mail := []string{"mail_server", "mail.example.org", "mail_encryption", "smtps", "mail_port", "465", "mail_user", "wrong", "mail_password", "ge/heim", "mail-from", "L <l@example.org>", "mail_to", "boss@example.org"}
	if a := b.post("/welcome/mail", mail...); !strings.Contains(a.body, "First set the public address") {
		t.Errorf("mail without an address: %d, want advice", a.status)
	}
	b.led(b.post("/welcome/address", "public-url", "https://home.example.org", "trusted-proxies", "10.0.0.1"), "/welcome/mail")
	if a := b.post("/welcome/mail", mail...); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "535 wrong password") || strings.Contains(a.body, "ge/heim") {
		t.Errorf("a mail server that refuses: %d, want its answer and no password", a.status)
	}
	mail[7] = "ann"
	b.led(b.post("/welcome/mail", mail...), "/welcome/mail", "A mail is on its way to boss@example.org")
	if a := b.get("/welcome/mail"); !strings.Contains(a.body, `data-ask="/welcome/mail/state"`) {
		t.Error("the page does not wait for the click")
	}
	if got := (*s.values)[len(*s.values)-1]["mail-url"]; got != "smtps://ann:ge%2Fheim@mail.example.org:465" {
		t.Errorf("the mail server is %q, want another", got)
	}
	b.says("/welcome/mail", `value="mail.example.org"`, `value="ann"`, "but not", "heim")
	if a := b.get("/welcome/mail/state"); a.body != `{"state":"sent"}` {
		t.Errorf("the state is %s, want sent", a.body)
	}
	phone := s.browser(t)
	phone.led(phone.get("/welcome/arrived?token="+(*s.mailed)[0].Secret), "/welcome/arrived", "It has arrived")
	phone.see(phone.post("/welcome/arrived"), http.StatusOK, "Mail works")
	b.says("/welcome/mail", "Mail works")
	b.led(b.post("/welcome/mail", "next", "on"), "/welcome/captcha")
	b.led(b.post("/welcome/captcha", "skip", "on"), "/welcome/sign-up")
	b.led(b.post("/welcome/sign-up", "sign-up", "invite"), "/welcome/server")
	b.led(b.post("/welcome/server"), "/welcome/server", "latchkey agent setup --service=https://home.example.org --claim-code=")
	values, err := s.Store.OperatorSettings.All(t.Context())
	if err != nil || len(values) != 6 || values["service-name"] != "Zu Hause" || values["sign-up"] != "invite" || values["trusted-proxies"] != "10.0.0.1" {
		t.Errorf("the settings are %v, %v; want six", values, err)
	}

	other := s.browser(t)
	other.led(other.get("/welcome?token="+s.pass), "/welcome", "skipped", "Finish") // the link works, too
	b.see(b.post("/welcome/finish"), http.StatusOK, "https://home.example.org/signin", "boss")
	for _, path := range []string{"/welcome", "/welcome/name", "/welcome?token=" + s.pass} {
		if a := other.get(path); a.status != http.StatusNotFound && a.header.Get("Location") != "/welcome" {
			t.Errorf("%s after the end: %d, want 404", path, a.status)
		}
	}
	other.see(other.get("/welcome"), http.StatusNotFound)
	account, err := s.Store.OperatedAccounts.List(t.Context(), models.AccountsAsk{State: models.AccountsOperators, Most: 5})
	if err != nil || len(account) != 1 || account[0].Username != "boss" {
		t.Errorf("operators %v, %v; want boss", account, err)
	}
}

// A service whose settings are complete has the first run beside its other pages, until there is an operator.
func TestSetupBesideTheSite(t *testing.T) {
	t.Parallel()
	s := newSetupSite(t, false)
	b := s.browser(t)
	b.says("/signin", `name="password"`)
	b.led(b.get("/welcome?token="+s.pass), "/welcome", "First media server")
	if a := b.post("/welcome/finish"); a.header.Get("Location") != "/welcome" {
		t.Errorf("an end without an operator: %d, want the way back", a.status)
	}
	b.led(b.post("/welcome/account", "username", "boss", "email", "boss@example.org", "password", goodPassword, "password_again", goodPassword), "/welcome/name")
	b.see(b.post("/welcome/finish"), http.StatusOK, "The code no longer works")
	b.led(b.post("/signin", "name_or_email", "boss", "password", goodPassword), "/servers", `href="/admin"`)
	b.see(b.get("/welcome"), http.StatusNotFound)
}

// The page of the address says what a proxy does.
func TestSetupChecksTheAddress(t *testing.T) {
	t.Parallel()
	s := newSetupSite(t, true)
	b := s.browser(t)
	b.led(b.post("/welcome", "code", s.code), "/welcome")
	for _, test := range []struct {
		name    string
		headers map[string]string
		says    []string
	}{
		{"a whole proxy", map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "home.example.org"}, []string{"reaches this page at https://home.example.org.", "is not trusted yet", `value="https://home.example.org"`}},
		{"no certificate", map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}, []string{"This page came without https"}},
		{"a proxy that hides everybody", map[string]string{"X-Forwarded-Proto": "https"}, []string{"does not send X-Forwarded-For"}},
	} {
		request := b.request(http.MethodGet, "/welcome/address", "")
		for name, value := range test.headers {
			request.Header.Set(name, value)
		}
		b.see(b.send(request), http.StatusOK, test.says...)
	}
}

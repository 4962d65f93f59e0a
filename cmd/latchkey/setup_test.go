package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// askAs sends a request to the program as a proxy does that stands at a host.
func (p *process) askAs(method, host, path, body string) (int, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("Content-Type", "application/json")
	response, err := oneShot().Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// TestFirstRun starts the service in an empty folder, without any setting that it needs. The code in the folder leads through
// /welcome, and at the end the operator signs in. A new start is the same service.
func TestFirstRun(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	flags := []string{"serve", "--listen=127.0.0.1:0", "--data-dir=" + folder, "--drain-delay=0s"}
	p := launch(t, nil, flags...)
	p.waitServing()
	for path, want := range map[string]int{"/readyz": 200, "/livez": 200, "/signin": 404, "/api/v1/sessions": 404, "/welcome": 200} {
		if got := p.get(path); got != want {
			t.Errorf("%s answers %d before the set-up, want %d", path, got, want)
		}
	}
	for path, mode := range map[string]os.FileMode{"secret-key": 0o600, "setup-code": 0o600, "": 0o700} {
		info, err := os.Stat(filepath.Join(folder, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %o", path, info, err, mode)
		}
	}
	file, err := os.ReadFile(filepath.Join(folder, "setup-code"))
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`\b[A-Z]{4}-[A-Z]{4}-[A-Z]{4}\b`).FindString(string(file))
	pass := regexp.MustCompile(`token=(lkw_\S+)`).FindStringSubmatch(string(file))
	if code == "" || pass == nil {
		t.Fatalf("the file says %s, want a code and a link", file)
	}
	shell := newShell(t, "--data-dir="+folder)
	if said := shell.must(t, "setup", "code"); !strings.Contains(said, code) || !strings.Contains(said, pass[1]) {
		t.Errorf("the command says %s, want the same code and link", said)
	}

	v := newVisitor(p.address, 1)
	v.get(t, "/welcome?token="+pass[1])
	v.post(t, "/welcome/account", "/welcome/name", url.Values{"username": {"boss"}, "email": {"boss@example.org"}, "password": {goodPassword}, "password_again": {goodPassword}})
	v.post(t, "/welcome/name", "/welcome/address", url.Values{"service-name": {"Zu Hause"}, "operator-name": {"Ann"}, "security-contact": {""}})
	v.post(t, "/welcome/address", "/welcome/mail", url.Values{"public-url": {"https://Home.example.org/"}, "trusted-proxies": {"127.0.0.1"}})
	sink := mailtest.NewPlainSink(t)
	server, err := url.Parse(sink.URL())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := server.User.Password()
	v.post(t, "/welcome/mail", "/welcome/mail", url.Values{
		"mail_server": {server.Hostname()}, "mail_port": {server.Port()}, "mail_encryption": {"smtp+plain"}, "mail_user": {server.User.Username()}, "mail_password": {password},
		"mail-from": {"Home <home@example.org>"}, "mail_to": {"boss@example.org"},
	})
	link := mailtest.Parse(t, sink.Wait(t, 1)[0].Data).FirstLink()
	if !strings.HasPrefix(link, "https://home.example.org/welcome/arrived?token=") {
		t.Fatalf("the mail leads to %s, want the public address", link)
	}
	phone := newVisitor(p.address, 2)
	phone.get(t, strings.TrimPrefix(link, "https://home.example.org"))
	if a, err := phone.do("/welcome/arrived", url.Values{}); err != nil || !strings.Contains(a.body, "Mail works") {
		t.Errorf("the click: %d, %v; want it noticed", a.status, err)
	}
	v.post(t, "/welcome/captcha", "/welcome/sign-up", url.Values{"captcha": {"off"}})
	v.post(t, "/welcome/sign-up", "/welcome/server", url.Values{"sign-up": {"invite"}})
	v.post(t, "/welcome/server", "/welcome", url.Values{"skip": {"on"}})
	if a, err := v.do("/welcome/finish", url.Values{}); err != nil || a.status != http.StatusOK || !strings.Contains(a.body, "https://home.example.org/signin") {
		t.Fatalf("the end: %d, %v; want the address\n%s", a.status, err, a.body)
	}

	signsIn := func(p *process) {
		t.Helper()
		body, _ := json.Marshal(map[string]string{"name_or_email": "boss", "password": goodPassword, "client": "Test", "device_id": "1", "device_name": "Test"})
		if status, said := p.askAs(http.MethodPost, "home.example.org", "/api/v1/sessions", string(body)); status != http.StatusCreated {
			t.Errorf("signing in: %d, want 201\n%s", status, said)
		}
		if status, page := p.askAs(http.MethodGet, "home.example.org", "/", ""); status != http.StatusOK || !strings.Contains(page, "Zu Hause") {
			t.Errorf("the first page: %d, want the name of the service", status)
		}
		for host, path := range map[string]string{"home.example.org": "/welcome?token=" + pass[1], p.address: "/signin"} {
			if status, _ := p.askAs(http.MethodGet, host, path, ""); status < 400 && status != http.StatusSeeOther {
				t.Errorf("%s at %s answers %d after the set-up, want an error", path, host, status)
			}
		}
	}
	signsIn(p)
	if _, err := os.Stat(filepath.Join(folder, "setup-code")); !os.IsNotExist(err) {
		t.Errorf("the file with the code is still there: %v", err)
	}
	shell.refused(t, "is set up", "setup", "code")
	p.stop()
	for _, secret := range []string{code, pass[1], goodPassword, "token="} {
		if strings.Contains(p.said.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	again := launch(t, nil, flags...)
	again.waitServing()
	signsIn(again)
	again.stop()
	if said := shell.must(t, "config"); !lineWith(said, "public-url", "https://home.example.org", "the console") {
		t.Errorf("config says %s, want the address of the console", said)
	}
}

// TestFirstRunBesideTheSite starts a service with complete settings and no operator: the site runs, and /welcome is there too
// until a command makes an operator.
func TestFirstRunBesideTheSite(t *testing.T) {
	t.Parallel()
	flags := plain(t)
	p := launch(t, nil, flags...)
	p.waitServing()
	shell := newShell(t, flags[1:]...)
	said := shell.must(t, "setup", "code")
	link := regexp.MustCompile(`/welcome\?token=\S+`).FindString(said)
	v := newVisitor(p.address, 1)
	v.get(t, "/signin")
	v.get(t, link)
	if a := v.get(t, "/welcome"); !strings.Contains(a.body, "First media server") {
		t.Errorf("the link leads to a page without the steps:\n%s", a.body)
	}
	shell.input = goodPassword + "\n"
	shell.must(t, "account", "create", "--password-stdin", "boss", "boss@example.org")
	shell.must(t, "account", "confirm", "boss")
	shell.must(t, "account", "operator", "boss", "on")
	if got := p.get("/welcome"); got != http.StatusNotFound {
		t.Errorf("/welcome answers %d although there is an operator, want 404", got)
	}
	p.stop()
}

// TestSecretKeyOfTheDataFolder checks that only a start of the service makes a secret key: a command without the key makes no
// stray file.
func TestSecretKeyOfTheDataFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	shell := newShell(t, "--data-dir="+folder)
	shell.refused(t, "secret-key: is missing", "account", "list")
	if _, err := os.Stat(filepath.Join(folder, "secret-key")); !os.IsNotExist(err) {
		t.Errorf("a command made a secret key: %v", err)
	}
	shell.must(t, "setup", "code")
	if said := shell.must(t, "account", "list", "--json"); strings.TrimSpace(said) != "[]" {
		t.Errorf("accounts %s, want none", said)
	}
	if err := os.WriteFile(filepath.Join(folder, "secret-key"), []byte(fmt.Sprintln(strings.Repeat("another ", 8))), 0o600); err != nil {
		t.Fatal(err)
	}
	shell.refused(t, "does not fit", "account", "list")
}

// TestFirstRunInATerminal answers the questions of 'latchkey setup', some of them wrong at first.
func TestFirstRunInATerminal(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewPlainSink(t)
	server, err := url.Parse(sink.URL())
	if err != nil {
		t.Fatal(err)
	}
	shell := newShell(t, "--service-name=Zu Hause")
	shell.input = strings.Join([]string{
		"boss", "boss@example.org", "short", "short", "boss", "boss@example.org", goodPassword, "other", "boss", "boss@example.org", goodPassword, goodPassword,
		"Ann", "", "http://home.example.org", "https://home.example.org", "",
		"127.0.0.1", "smtp+plain", "1", "", "", "Home <home@example.org>", "boss@example.org",
		"127.0.0.1", "smtp+plain", server.Port(), "", "", "Home <home@example.org>", "boss@example.org", "",
		"", "magic", "invite",
	}, "\n") + "\n"
	said := shell.must(t, "setup")
	for _, want := range []string{
		"The two passwords differ.", "✓ The account boss runs the service.", "service-name: Zu Hause (from flag --service-name)", "must start with https://", "connection refused",
		"✓ The mail server took the mail to boss@example.org", "has not been opened yet", `"magic" is not one of open, invite, closed`, "✓ The service is set up: https://home.example.org",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	sink.Wait(t, 1)
	shell.refused(t, "the service is set up", "setup")
	if said := shell.must(t, "operator", "settings"); !lineWith(said, "sign-up", "invite", "the console") || !lineWith(said, "mail-url", "smtp+plain://", "the console") {
		t.Errorf("the settings are %s, want those that were typed", said)
	}
}

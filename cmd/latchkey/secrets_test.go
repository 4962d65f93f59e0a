package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// secrets are texts that must not appear in anything that the program writes.
type secrets struct {
	texts map[string]string // what each secret is, by its text
}

func (s *secrets) plant(what, text string) string {
	if s.texts == nil {
		s.texts = map[string]string{}
	}
	s.texts[text] = what
	return text
}

// hunt fails the test for every secret in text, also if the secret is encoded for an address or
// quoted.
func (s *secrets) hunt(t *testing.T, text string) {
	t.Helper()
	for secret, what := range s.texts {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`)} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("got %s in the output, want it hidden: …%s…", what, text[max(0, at-150):min(len(text), at+len(form)+50)])
				break
			}
		}
	}
}

// withPassword returns an empty MariaDB database that only a user with a
// password can open.
func withPassword(t *testing.T, password string) string {
	t.Helper()
	address := modelstest.MySQL(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	db := look(t, address)
	for _, statement := range []string{
		"CREATE USER " + name + "@'%' IDENTIFIED BY '" + password + "'", "GRANT ALL ON " + name + ".* TO " + name + "@'%'",
	} {
		if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	server := *u
	server.Path = "/mysql" // unlike the new database, this one exists until the end
	keeper := look(t, server.String())
	t.Cleanup(func() {
		if _, err := keeper.SQL.Exec("DROP USER " + name + "@'%'"); err != nil {
			t.Error(err)
		}
	})
	u.User = url.UserPassword(name, password)
	return u.String()
}

// TestLogHoldsNoSecret uses the pages with secrets of every sort, also in wrong places, while
// everything is logged.
func TestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	var hidden secrets
	folder := t.TempDir()
	address, line := behindProxy(t, withPassword(t, hidden.plant("the database's password", "planted-db-password")))
	hidden.plant("the secret key", modelstest.Key)
	p := serve(t, "--log-level=debug", "--captcha=pow", "--database="+address, "--mail-url=dir:"+folder,
		"--secret-key-previous="+hidden.plant("the previous key", "planted: the secret key before this one"))
	walk := &walk{t: t, hidden: &hidden, folder: folder, visitor: newVisitor(p.address, 1)}
	walk.journey()
	walk.strayInputs(p.address)
	walk.ask("/livez", nil)
	line.cut()
	walk.ask("/account", nil)
	walk.ask("/signin", url.Values{"name_or_email": {"walker"}, "password": {hidden.plant("a password while the database is away", "planted-in-vain")}})
	p.stop()

	for what, entry := range map[string]string{
		"mails": `"msg":"mail sent"`, "the route of a link": `"route":"/confirm"`, "a wrong password": `"msg":"sign-in failed"`,
		"a failure": `"level":"ERROR"`, "small things": `"level":"DEBUG"`,
	} {
		if !strings.Contains(p.said.String(), entry) {
			t.Errorf("the log does not tell of %s: this shows nothing, want it to contain %q", what, entry)
		}
	}
	if len(hidden.texts) < 25 {
		t.Errorf("only %d secrets: this shows nothing, want at least 25 secrets", len(hidden.texts))
	}
	hidden.hunt(t, p.said.String())
	t.Logf("%d secrets, %d entries of the log", len(hidden.texts), len(p.log()))
}

// walk is a person who uses the pages.
type walk struct {
	*visitor
	t      *testing.T
	hidden *secrets
	folder string
}

// ask asks for a page, and remembers the cookies that it sets as secrets.
func (w *walk) ask(path string, form url.Values) answer {
	w.t.Helper()
	a, err := w.do(path, form)
	if err != nil {
		w.t.Fatalf("%s: %v, want no error", path, err)
	}
	for _, text := range a.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(text)
		if err == nil && len(cookie.Value) >= 20 {
			w.hidden.plant("the cookie "+cookie.Name, cookie.Value)
		}
	}
	return a
}

// send sends a form that must be accepted.
func (w *walk) send(path string, form url.Values) {
	w.t.Helper()
	if a := w.ask(path, form); a.status != http.StatusSeeOther {
		w.t.Fatalf("POST %s: %d, want %d", path, a.status, http.StatusSeeOther)
	}
}

// follow opens the link in the newest mail of a kind.
func (w *walk) follow(kind string) {
	w.t.Helper()
	var files []string
	within(w.t, patience, "a mail "+kind, func() bool {
		files, _ = filepath.Glob(filepath.Join(w.folder, "*-"+kind+"-*.eml"))
		return len(files) > 0
	})
	raw, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	link, err := url.Parse(mailtest.Parse(w.t, raw).FirstLink())
	if err != nil || link.Query().Get("token") == "" {
		w.t.Fatalf("got no link in the mail %s, want one: %v", kind, err)
	}
	w.hidden.plant("the token of "+kind, link.Query().Get("token"))
	w.ask(link.RequestURI(), nil)
	if a := w.ask(link.Path, nil); a.status != http.StatusOK {
		w.t.Fatalf("%s after its link: %d, want %d", link.Path, a.status, http.StatusOK)
	}
}

// journey does everything that a person does with an account, from the sign-up to the end.
func (w *walk) journey() {
	w.t.Helper()
	password := w.hidden.plant("the password", "planted: my first 7 pässwords")
	second := w.hidden.plant("the second password", "planted: my second 8 passwords")
	pin := w.hidden.plant("the PIN", "7k2p9x")
	form := signUpForm("walker")
	form.Set("password", password)
	form.Set("password_again", password)
	if !solve(w.visitor, form) {
		w.t.Fatal("got no challenge of the captcha, want one")
	}
	w.hidden.plant("the captcha's answer", form.Get("altcha"))
	w.send("/signup", form)
	w.follow("confirm")
	w.send("/confirm", url.Values{})
	w.ask("/signin", url.Values{"name_or_email": {"walker"}, "password": {w.hidden.plant("a wrong password", "planted-wrong-password")}})
	w.ask("/signin", url.Values{"name_or_email": {w.hidden.plant("a password in the wrong field", "planted-in-the-name")}, "password": {"x"}})
	w.send("/signin", url.Values{"name_or_email": {"walker"}, "password": {password}})
	w.send("/account/pin", url.Values{"do": {"set"}, "pin": {pin}, "pin_again": {pin}})
	w.ask("/account/pin", url.Values{"do": {"set"}, "current_pin": {w.hidden.plant("a wrong PIN", "8m3q1z")}, "pin": {"5t9w2b"}, "pin_again": {"5t9w2b"}})
	w.send("/account/password", url.Values{"current_password": {password}, "password": {second}, "password_again": {second}})
	w.send("/account/email", url.Values{"email": {"walker-two@mail.example.org"}, "current_password": {second}})
	w.follow("email_confirm")
	w.send("/account/email/confirm", url.Values{})
	w.follow("email_changed")
	w.ask("/account/export", nil)
	w.send("/signout", url.Values{})

	forgot := url.Values{"name_or_email": {"walker"}}
	if !solve(w.visitor, forgot) {
		w.t.Fatal("got no challenge of the captcha, want one")
	}
	w.send("/forgot", forgot)
	w.follow("password_reset")
	third := w.hidden.plant("the third password", "planted: my third 9 passwords")
	w.send("/reset", url.Values{"password": {third}, "password_again": {third}})
	w.send("/signin", url.Values{"name_or_email": {"walker"}, "password": {third}})
	w.send("/account/pin/mail", url.Values{})
	w.follow("pin_reset")
	other := w.hidden.plant("the new PIN", "4v8n6c")
	w.send("/account/pin/reset", url.Values{"do": {"set"}, "pin": {other}, "pin_again": {other}})
}

// strayInputs puts secrets into wrong places, in good and in broken requests.
func (w *walk) strayInputs(address string) {
	w.t.Helper()
	w.ask("/"+w.hidden.plant("a secret path", "planted-path")+"?token="+w.hidden.plant("a query", "planted-query"), nil)
	w.ask("/reset?token="+w.hidden.plant("a token that is none", "planted-token"), nil)
	w.ask("/signin?return_to=/account%3Fkey="+w.hidden.plant("an address to return to", "planted-return"), nil)
	for i, request := range []string{
		"PLANTED-METHOD / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: planted-host.example.org\r\n\r\n",
		"GET /account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer planted-bearer\r\nCookie: latchkey-session=planted-cookie\r\nX-Emby-Token: planted-emby\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: planted-address\r\nUser-Agent: planted\x1b[31m-agent\r\n\r\n",
		"POST /signin HTTP/1.1\r\nHost: x\r\nOrigin: https://planted-origin.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n",
		"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\npassword=planted%zzpassword%%%%",
		"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: planted/type\r\nContent-Length: 12\r\n\r\nplanted-body",
		"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 900000\r\n\r\n" +
			"password=planted-long" + strings.Repeat("p", 100<<10),
		"GET /%zz?planted-broken HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nplanted header\r\n\r\n",
		"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\npassword=planted-cut-off",
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			w.t.Fatal(err)
		}
		_, _ = io.WriteString(connection, request)
		if !strings.Contains(request, "cut-off") { // the client closes this request without waiting for an answer
			if response, err := http.ReadResponse(bufio.NewReader(connection), nil); err != nil {
				w.t.Errorf("request %d: %v, want no error", i, err)
			} else if response.StatusCode >= http.StatusInternalServerError {
				w.t.Errorf("request %d: got status %s, want a success", i, response.Status)
			}
		}
		_ = connection.Close()
	}
	// The secrets in these requests begin with this word, so hunt also finds a part of them. No
	// mail address or path contains it.
	w.hidden.plant("something planted", "planted")
	w.hidden.plant("something planted", "PLANTED")
}

// TestCommandsShowNoSecret runs every command while everything is logged, once with success and
// once with an error.
func TestCommandsShowNoSecret(t *testing.T) {
	t.Parallel()
	var hidden secrets
	sink := mailtest.NewSink(t)
	address := withPassword(t, hidden.plant("the database's password", "planted-db-password"))
	flags := []string{
		"--dev", "--listen=127.0.0.1:0", "--log-level=debug",
		"--secret-key=" + hidden.plant("the secret key", "planted: the secret key of this test"),
		"--secret-key-previous=" + hidden.plant("the previous key", "planted: the secret key before this one"),
		"--captcha=recaptcha", "--recaptcha-site-key=site", "--recaptcha-secret=" + hidden.plant("the captcha's secret", "planted-recaptcha"),
		"--mail-url=" + strings.Replace(sink.URL(), "sink%2Fsecret%401", hidden.plant("the mail password", "planted-mail-password"), 1),
	}
	hidden.plant("half an address", "planted-half")
	good := newShell(t, append(flags, "--database="+address)...)
	good.input = hidden.plant("a new password", "planted: a quay with 9 lanterns") + "\n"
	wrong := newShell(t, append(flags, "--database="+strings.Replace(address, "planted-db", hidden.plant("a wrong password", "planted-not-db"), 1))...)
	away := newShell(t, append(flags, "--database=mysql://user:"+hidden.plant("another password", "planted-away")+"@127.0.0.1:1/name")...)
	for _, command := range []string{
		"version", "config", "migrate", "account create --password-stdin anna anna@example.org", "account create berta berta@example.org",
		"account create berta berta@example.org", "account confirm anna", "account disable anna", "account enable anna", "account operator anna on", "account send-reset anna",
		"account list", "mail list", "mail test anna@example.org", "mail retry 1", "mail drop 1", "account delete --yes anna", "healthcheck", "--help",
		"serve --help", "migrate --database=mysql://user:planted-half",
	} {
		for _, s := range []*shell{good, wrong, away} {
			output, problems, err := s.run(t, strings.Fields(command)...)
			hidden.hunt(t, fmt.Sprint(output, problems, err))
		}
	}
	if _, _, err := wrong.run(t, "serve"); err == nil {
		t.Error("the service runs with a wrong password for the database, want an error")
	}
}

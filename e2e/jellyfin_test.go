//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// startAgent sets up an agent beside a Jellyfin server, with a claim code, and runs it.
func startAgent(t *testing.T, s *service, jellyfin *jellyfintest.Server, code string) {
	t.Helper()
	p := agentProgram{t.TempDir(), []string{
		"LATCHKEY_AGENT_SERVICE=" + s.origin, "LATCHKEY_AGENT_CLAIM_CODE=" + code, "LATCHKEY_AGENT_LISTEN=127.0.0.1:0",
		"LATCHKEY_AGENT_MEDIA_SERVER=jellyfin", "LATCHKEY_AGENT_MEDIA_SERVER_URL=" + jellyfin.URL, "LATCHKEY_AGENT_API_KEY=" + jellyfin.APIKey,
		"LATCHKEY_AGENT_ADDRESSES=https://films.example.org", "LATCHKEY_AGENT_REPORT_LAN=false",
		"LATCHKEY_AGENT_ALLOW_ALL_USERS=true", // the permission for local users has tests of its own
	}}
	p.do(t, "", "setup")
	p.start(t, jellyfin.APIKey)
}

// agentProgram is the agent with its own folder.
type agentProgram struct {
	folder   string
	settings []string // the environment variables with its settings
}

func (p agentProgram) command(arguments ...string) *exec.Cmd {
	made := exec.Command(program, append(append([]string{"agent"}, arguments...), "--data-dir="+p.folder, "--log-format=text")...)
	made.Env = append(os.Environ(), p.settings...)
	return made
}

// do runs a command of the agent.
func (p agentProgram) do(t *testing.T, input string, arguments ...string) {
	t.Helper()
	command := p.command(arguments...)
	command.Stdin = strings.NewReader(input)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("agent %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
}

// start runs the agent until the test ends. Its log must not contain the secrets.
func (p agentProgram) start(t *testing.T, secrets ...string) {
	t.Helper()
	running := p.command()
	log := &strings.Builder{}
	running.Stderr = log
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = running.Process.Signal(syscall.SIGTERM)
		if err := running.Wait(); err != nil || t.Failed() {
			t.Errorf("the agent ended with %v:\n%s", err, log.String())
		}
		for _, secret := range secrets {
			if strings.Contains(log.String(), secret) {
				t.Error("got a secret in the agent's log, want none")
			}
		}
	})
}

// ownServer waits until the owner has one server, and returns its id.
func (s *service) ownServer(t *testing.T, owner string) string {
	t.Helper()
	return eventually(t, "the agent registers", func() (string, bool) {
		owned := askAPI[struct{ Servers []struct{ ID string } }](t, s, owner, http.MethodGet, "/servers/owned", nil).Servers
		if len(owned) != 1 {
			return "", false
		}
		return owned[0].ID, true
	})
}

func (s *service) claimCode(t *testing.T, owner string) string {
	t.Helper()
	return askAPI[struct{ Code string }](t, s, owner, http.MethodPost, "/servers/claim-codes", nil).Code
}

// television is an app that uses Jellyfin's own SDK.
type television struct {
	t     *testing.T
	lines chan tvLine
	input io.Writer
}

// tvLine is a line of the television's output: a code, the local user who is signed in, or an
// error.
type tvLine struct {
	Code   string `json:"code"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status int    `json:"status"`
}

func watchTelevision(t *testing.T, server string) *television {
	t.Helper()
	folder := os.Getenv("LATCHKEY_TEST_JELLYFIN_SDK")
	if folder == "" {
		t.Fatal("LATCHKEY_TEST_JELLYFIN_SDK is not set to a folder: run make test, or set it to the output of scripts/jellyfin-sdk")
	}
	app := exec.Command("node", filepath.Join("testdata", "jellyfin_tv.mjs"), folder, server)
	app.Stderr = os.Stderr
	input, err := app.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	tv := &television{t, make(chan tvLine, 10), input}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			var line tvLine
			if json.Unmarshal(lines.Bytes(), &line) == nil {
				tv.lines <- line
			}
		}
	}()
	t.Cleanup(func() {
		_ = app.Process.Kill()
		<-read
		_ = app.Wait()
	})
	return tv
}

// next returns the next line of the television's output.
func (tv *television) next() tvLine {
	tv.t.Helper()
	return waittest.Receive(tv.t, tv.lines, "a line of the television")
}

// again makes the television ask again for the local user who is signed in.
func (tv *television) again() tvLine {
	tv.t.Helper()
	if _, err := io.WriteString(tv.input, "\n"); err != nil {
		tv.t.Fatal(err)
	}
	return tv.next()
}

// eventually calls ask until ask reports true, and returns the value.
func eventually[T any](t *testing.T, what string, ask func() (T, bool)) T {
	t.Helper()
	var answer T
	waittest.Eventually(t, what, func() (ok bool) { answer, ok = ask(); return ok })
	return answer
}

// token returns the token of a new session for the API.
func (s *service) token(t *testing.T, p person) string {
	t.Helper()
	return askAPI[struct{ Token string }](t, s, "", http.MethodPost, "/sessions",
		map[string]string{"name_or_email": p.username, "password": p.password, "device_name": "Test"}).Token
}

// localUserID waits until a server has reported a local user, and returns the service's
// id of that local user.
func (s *service) localUserID(t *testing.T, owner, server, name string) string {
	t.Helper()
	return eventually(t, "the agent reports "+name, func() (string, bool) {
		for _, u := range askAPI[struct {
			LocalUsers []struct{ ID, Name string } `json:"local_users"`
		}](t, s, owner, http.MethodGet, "/servers/"+server+"/local-users", nil).LocalUsers {
			if u.Name == name {
				return u.ID, true
			}
		}
		return "", false
	})
}

// invite lets an owner invite a person to a server. The person accepts.
func (s *service) invite(t *testing.T, owner, server string, guest person, offer map[string]any) {
	t.Helper()
	offer["server_id"] = server
	kind := "guest"
	if offer["local_user_id"] != nil {
		kind = "linked"
	}
	made := askAPI[struct{ ID string }](t, s, owner, http.MethodPost, "/invites",
		map[string]any{"to": guest.username, "type": kind, "servers": []map[string]any{offer}})
	askAPI[struct{}](t, s, s.token(t, guest), http.MethodPost, "/invites/"+made.ID+"/accept", nil)
}

// TestQuickConnect signs in a television with a Jellyfin app that does not know Latchkey. The
// television shows six digits, a person types them on a phone, and the television is signed in as
// the local user of that person.
func TestQuickConnect(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"10.9", "10.10", "10.11", "12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			quickConnect(t, version)
		})
	}
}

func quickConnect(t *testing.T, version string) {
	t.Helper()
	jellyfin := jellyfintest.New(t, version)
	grandma := jellyfin.AddUser("Grandma", "a password that nobody is asked for", false)
	films := jellyfin.AddLibrary("Films")
	s := serve(t)
	owner := s.token(t, s.account(t, "olga"))
	paul, gina := s.account(t, "paul"), s.account(t, "gina")
	startAgent(t, s, jellyfin, s.claimCode(t, owner))
	server := s.ownServer(t, owner)
	if version == "12" {
		keepPictures(s.visit(t, desktop, "en"), newPerson("olga"), server)
	}
	s.invite(t, owner, server, paul, map[string]any{"local_user_id": s.localUserID(t, owner, server, "Grandma")})

	first := watchTelevision(t, jellyfin.URL)
	digits := first.next().Code
	v := s.visit(t, phone, "en")
	signIn(v, paul)
	typeDigits(v, "000 000", digits)
	if got := first.next(); got != (tvLine{ID: grandma, Name: "Grandma"}) {
		t.Errorf("the television is signed in as %+v, want the person's local user", got)
	}

	// When the link of a guest ends, all their devices are signed out.
	s.invite(t, owner, server, gina, map[string]any{"libraries": []string{films}})
	s.localUserID(t, owner, server, "gina")
	tv := watchTelevision(t, jellyfin.URL)
	digits = tv.next().Code
	other := s.visit(t, desktop, "en")
	signIn(other, gina)
	typeDigits(other, "", digits[:3]+" "+digits[3:])
	if got := tv.next(); got.Name != "gina" || got.ID == "" {
		t.Errorf("the guest's television is signed in as %+v, want the guest's local user", got)
	}
	people := askAPI[struct {
		Items []struct{ ID, Username string }
	}](t, s, owner, http.MethodGet, "/servers/"+server+"/people", nil).Items
	for _, one := range people {
		if one.Username == gina.username {
			askAPI[struct{}](t, s, owner, http.MethodDelete, "/servers/"+server+"/people/"+one.ID, nil)
		}
	}
	tv.isSignedOut()
	endTelevisions(t, s, jellyfin.URL, v, paul, first)
}

// isSignedOut waits until the television is signed out.
func (tv *television) isSignedOut() {
	tv.t.Helper()
	eventually(tv.t, "the television is signed out", func() (tvLine, bool) {
		line := tv.again()
		return line, line.Status == http.StatusUnauthorized || line.Status == http.StatusForbidden
	})
}

// endTelevisions signs a television out on the page of the sessions, which names it, its app and
// its server; then the person signs another one in and leaves the server. All televisions of
// the test have one device id.
func endTelevisions(t *testing.T, s *service, jellyfin string, v *visitor, paul person, first *television) {
	t.Helper()
	if got := first.again(); got.Name != "Grandma" {
		t.Errorf("the television is signed in as %+v after another person's link ended, want Grandma", got)
	}
	v.open("/account/sessions")
	v.audit("devices of Quick Connect")
	for _, text := range []string{"Grandmother’s", "Den TV", "Living room"} {
		v.wantText("section[aria-labelledby=quick-devices]", text)
	}
	v.push("#end-device-0", "/account/sessions")
	v.wantNotice("session_ended")
	first.isSignedOut()

	second := watchTelevision(t, jellyfin)
	typeDigits(v, "", second.next().Code)
	if got := second.next(); got.Name != "Grandma" {
		t.Errorf("the television is signed in as %+v, want Grandma", got)
	}
	token := s.token(t, paul)
	for _, link := range askAPI[struct{ Links []struct{ ID string } }](t, s, token, http.MethodGet, "/links", nil).Links {
		askAPI[struct{}](t, s, token, http.MethodDelete, "/links/"+link.ID, nil)
	}
	second.isSignedOut()
}

// TestJoin lets people prove which local user they are: in their own
// Jellyfin app, or on the page of the builtin server.
func TestJoin(t *testing.T) {
	t.Parallel()
	s := serve(t)
	paul := s.account(t, "paul")
	v := s.visit(t, phone, "en")
	signIn(v, paul)
	begin := func(p person) (owner, server string) {
		owner = s.token(t, p)
		server = s.ownServer(t, owner)
		askAPI[struct{}](t, s, owner, http.MethodPatch, "/servers/"+server, map[string]any{"self_service": true})
		v.open("/servers/" + server + "/join")
		v.push(`form[action="/servers/`+server+`/join"] button`, "/servers/"+server+"/join")
		return owner, server
	}
	done := func(owner, server, localUser string) {
		t.Helper()
		v.until(`location.pathname === "/servers/` + server + `/join" && document.querySelector("main").textContent.includes(` + quote(v.says("page.proof.done")) + `)`)
		people := askAPI[struct {
			Items []struct {
				Username  string
				LocalUser struct{ Name string } `json:"local_user"`
			}
		}](t, s, owner, http.MethodGet, "/servers/"+server+"/people", nil).Items
		if len(people) != 1 || people[0].Username != paul.username || people[0].LocalUser.Name != localUser {
			t.Errorf("got the linked people %+v, want paul with the local user of the proof", people)
		}
	}

	olga := s.account(t, "olga")
	jellyfin := jellyfintest.New(t, "10.11")
	grandma := jellyfin.AddUser("Grandma", "a password that nobody is asked for", false)
	startAgent(t, s, jellyfin, s.claimCode(t, s.token(t, olga)))
	owner, server := begin(olga)
	v.until(`document.querySelector("#proof-code") !== null`)
	if !jellyfin.Approve(ask[string](v, `document.querySelector("#proof-code").textContent`), grandma) {
		t.Error("the code on the page is not a code of the media server, want one")
	}
	done(owner, server, "Grandma")

	otto := s.account(t, "otto")
	p := agentProgram{t.TempDir(), []string{
		"LATCHKEY_AGENT_SERVICE=" + s.origin, "LATCHKEY_AGENT_CLAIM_CODE=" + s.claimCode(t, s.token(t, otto)), "LATCHKEY_AGENT_MEDIA_SERVER=builtin",
		"LATCHKEY_AGENT_LISTEN=127.0.0.1:0", "LATCHKEY_AGENT_SERVER_NAME=Attic", "LATCHKEY_AGENT_DISCOVERY=off",
	}}
	p.do(t, "", "setup")
	const localPassword = "the password of the attic"
	p.do(t, localPassword+"\n", "users", "add", "Grandpa")
	p.start(t, localPassword)
	owner, server = begin(otto)
	v.until(`document.querySelector("main .choice a") !== null`)
	page := ask[string](v, `document.querySelector("main .choice a").href`)
	away, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	other := s.visit(t, desktop, "en")
	other.allow(away.Scheme + "://" + away.Host)
	other.open(page)
	other.audit("proof of the builtin server")
	other.fill("username", "grandpa")
	other.fill("password", localPassword)
	other.press("\r")
	done(owner, server, "Grandpa")
}

// keepPictures writes the pictures of docs/agent.md and docs/at-home.md, if the folder for them is
// set.
func keepPictures(v *visitor, olga person, server string) {
	v.t.Helper()
	folder := os.Getenv("LATCHKEY_TEST_SCREENSHOTS")
	if folder == "" {
		return
	}
	keep := func(name string) {
		v.t.Helper()
		v.do(chromedp.Evaluate(`document.activeElement.blur()`, nil))
		foot := ask[float64](v, `document.querySelector("footer").getBoundingClientRect().top + scrollY`)
		if err := os.WriteFile(filepath.Join(folder, name), v.picture(foot), 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
	signIn(v, olga)
	claimCode(v)
	keep("server_register.png")
	v.open("/servers/" + server)
	keep("server_owner.png")
	v.open("/link")
	keep("device.png")
}

// typeDigits lets a person type the six digits of a television and confirm that they see them. If
// wrong is not "", the person types these wrong digits first.
func typeDigits(v *visitor, wrong, right string) {
	v.t.Helper()
	if wrong != "" {
		v.enterDigits(wrong)
		v.until(`document.querySelector("main").textContent.includes(` + quote(v.says("page.quick_connect_wait.failed.title")) + `)`)
	}
	v.enterDigits(right)
	v.until(`document.querySelector("main").textContent.includes(` + quote(v.says("page.quick_connect_wait.done.title")) + `)`)
}

func (v *visitor) enterDigits(digits string) {
	v.t.Helper()
	v.open("/link")
	v.wantValue("user_code", "") // the page never fills in the digits by itself
	v.fill("user_code", digits)
	v.send("/link/code")
	v.wantText("main", v.says("page.quick_connect.warning"))
	v.tabTo(`form[action="/link/quick-connect"] button`)
	v.press(" ")
	v.until(`location.pathname.startsWith("/link/quick-connect/")`)
}

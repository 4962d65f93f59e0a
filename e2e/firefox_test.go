//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// firefox is a visitor with Debian's Firefox, a second engine beside Chromium. A page that
// logs an error or breaks its content security policy fails the test.
type firefox struct {
	t       *testing.T
	site    *service
	input   io.Writer
	answers chan firefoxAnswer
}

// firefoxAnswer is an answer of testdata/firefox.mjs to one command.
type firefoxAnswer struct {
	Value   json.RawMessage `json:"value"`
	Problem string          `json:"problem"`
	Faults  []string        `json:"faults"`
}

// visitWithFirefox starts Firefox for a new visitor on a phone of 360 pixels.
func (s *service) visitWithFirefox(t *testing.T) *firefox {
	t.Helper()
	folder, browser := os.Getenv("LATCHKEY_TEST_PUPPETEER"), os.Getenv("LATCHKEY_TEST_FIREFOX")
	if folder == "" || browser == "" {
		t.Fatal("LATCHKEY_TEST_PUPPETEER or LATCHKEY_TEST_FIREFOX is not set: run make test, or set them to the output of scripts/puppeteer and to the path of Firefox")
	}
	s.mu.Lock()
	s.taken++
	address := fmt.Sprintf("198.18.%d.7", s.taken)
	s.mu.Unlock()
	driver := exec.Command("node", filepath.Join("testdata", "firefox.mjs"), folder, browser, address)
	driver.Stderr = os.Stderr
	driver.Env = append(os.Environ(), "HOME="+t.TempDir()) // Firefox writes there
	input, err := driver.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := driver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	f := &firefox{t, s, input, make(chan firefoxAnswer, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewReader(output); ; {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			var answer firefoxAnswer
			if json.Unmarshal(line, &answer) == nil {
				f.answers <- answer
			}
		}
	}()
	t.Cleanup(func() {
		_ = input.Close() // the driver closes Firefox and ends
		<-read
		if err := driver.Wait(); err != nil {
			t.Errorf("the driver of Firefox ended with %v", err)
		}
	})
	waittest.Receive(t, f.answers, "Firefox is there")
	return f
}

// do gives the driver a command, and returns what the command found.
func (f *firefox) do(command ...any) json.RawMessage {
	f.t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.input.Write(append(line, '\n')); err != nil {
		f.t.Fatalf("%s: %v", line, err)
	}
	answer := waittest.Receive(f.t, f.answers, "the answer to "+string(line))
	for _, fault := range answer.Faults {
		f.t.Errorf("a page in Firefox: %s", fault)
	}
	if answer.Problem != "" {
		f.t.Fatalf("Firefox: %s", answer.Problem)
	}
	return answer.Value
}

func (f *firefox) open(address string) {
	f.t.Helper()
	if address[0] == '/' {
		address = f.site.origin + address
	}
	f.do("open", address)
}

// fill replaces the text of the field with that name.
func (f *firefox) fill(name, text string) {
	f.t.Helper()
	f.do("fill", "[name="+name+"]", text)
}

// push presses what the selector names, and waits for the page at the path to.
func (f *firefox) push(selector, to string) {
	f.t.Helper()
	f.do("press", selector)
	f.at(to)
}

// at waits until the page of that path is there.
func (f *firefox) at(path string) {
	f.t.Helper()
	f.do("until", "location.pathname === "+quote(path)+` && document.readyState === "complete"`)
}

// sees waits until the page has the text of that key.
func (f *firefox) sees(key string) {
	f.t.Helper()
	f.do("until", `document.querySelector("main")?.textContent.includes(`+quote(catalogue.Say("en", key, nil))+")")
}

// TestFirefox is the way of a person in Firefox: they sign up, confirm their address, type
// the code of a device and the six digits of a television, go back, and sign out.
func TestFirefox(t *testing.T) {
	t.Parallel()
	s := serve(t)
	f := s.visitWithFirefox(t)
	mira := newPerson("mira")
	f.open("/")
	f.push(`main a[href="/signup"]`, "/signup")
	for name, text := range map[string]string{
		"username": mira.username, "display_name": mira.name, "email": mira.email, "password": mira.password, "password_again": mira.password,
	} {
		f.fill(name, text)
	}
	f.do("until", `document.querySelector("[data-captcha-status][role=status]").textContent === `+quote(catalogue.Say("en", "captcha.done", nil)))
	f.push(`form[action="/signup"] button[type=submit]`, "/signup/sent")
	f.open(s.link(t, "confirm", mira.email))
	f.at("/confirm")
	f.push(`form[action="/confirm"] button`, "/signin")
	f.fill("name_or_email", mira.username)
	f.fill("password", mira.password)
	f.push(`form[action="/signin"] button[type=submit]`, "/servers")

	f.do("ask", `localStorage.setItem("probe", "x"); sessionStorage.setItem("probe", "x")`)
	if got := string(f.do("ask", `localStorage.getItem("probe") + sessionStorage.getItem("probe")`)); got != `"xx"` {
		t.Errorf("Firefox keeps %s for the site, want \"xx\"", got)
	}
	firefoxDigits(t, s, f, mira)
	f.open("/account/sessions")
	f.sees("page.sessions.title")
	f.push(`form[action="/signout"] button`, "/")
}

// TestFirefoxOpens opens the films in Firefox. So a second engine has to accept the forms that lead to
// another origin, the use of the storage, and the policy of the agent's page.
func TestFirefoxOpens(t *testing.T) {
	t.Parallel()
	films := openFilms(t, "12", "/jellyfin")
	f := films.site.visitWithFirefox(t)
	home := `document.body.dataset.state === "home" && document.querySelector("#user").textContent === "Anna" && document.querySelector("#cards").textContent.includes("Films")`
	presses := func(page string) {
		t.Helper()
		f.open(page)
		f.at(page)
		f.do("press", `form[action="/servers/`+films.server+`/open"] button`)
	}
	f.open("/signin")
	f.fill("name_or_email", films.anna.username)
	f.fill("password", films.anna.password)
	f.push(`form[action="/signin"] button[type=submit]`, "/servers")
	for _, page := range []string{"/servers", "/servers/" + films.server + "/open", "/servers/" + films.server + "/start"} {
		presses(page)
		f.do("until", home)
	}
	if n := len(films.tokens(films.annaID)); n != 1 || films.minted() != 1 {
		t.Errorf("%d tokens, %d made; want one that is used again", n, films.minted())
	}
	// The browser's storage is full: the page notices it before it asks anybody for a token.
	f.do("ask", `(() => {
		for (let n = 1 << 22, text; n > 0; n >>= 1) {
			try { for (let i = 0; ; i++) localStorage.setItem("fill-" + n + "-" + i, "x".repeat(n)); } catch {}
		}
	})()`)
	presses("/servers")
	f.do("until", `document.querySelector("#status")?.textContent === `+quote(catalogue.Say("en", "open.say.storage", nil)))
	if n := len(films.tokens(films.annaID)); n != 1 || films.minted() != 1 {
		t.Errorf("%d tokens, %d made; want no new one", n, films.minted())
	}
}

// firefoxDigits types the digits of a television with a Jellyfin app, and goes back to the
// page of the code, which Firefox shows without asking whether to send the form again.
func firefoxDigits(t *testing.T, s *service, f *firefox, viewer person) {
	t.Helper()
	jellyfin := jellyfintest.New(t, "10.11")
	jellyfin.AddUser("Grandma", "a password that nobody is asked for", false)
	owner := s.token(t, s.account(t, "olga"))
	startAgent(t, s, jellyfin, s.claimCode(t, owner))
	server := s.ownServer(t, owner)
	s.invite(t, owner, server, viewer, map[string]any{"local_user_id": s.localUserID(t, owner, server, "Grandma")})
	tv := watchTelevision(t, jellyfin.URL)
	f.open("/link")
	f.fill("user_code", tv.next().Code)
	f.push(`form[action="/link"] button[type=submit]`, "/link/code")
	f.do("back")
	f.at("/link")
	f.do("ask", "history.forward()")
	f.at("/link/code")
	f.do("press", `form[action="/link/quick-connect"] button`)
	f.sees("page.quick_connect_wait.done.title")
	if got := tv.next(); got.Name != "Grandma" {
		t.Errorf("the television is signed in as %+v, want Grandma", got)
	}
	f.do("back")
	f.do("until", `document.readyState === "complete" && document.querySelector("main") !== null`)
}

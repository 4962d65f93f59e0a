package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// startDemo starts the demo and returns the text that it prints.
func startDemo(t *testing.T, environment []string, flags ...string) (*process, string) {
	t.Helper()
	p := launch(t, environment, append([]string{"demo", "--listen=127.0.0.1:0", "--agent-listen=127.0.0.1:0"}, flags...)...)
	within(t, 2*patience, "the demo tells what to try", func() bool {
		if !p.running() {
			t.Fatalf("the demo ended, want it to run:\n%s", p.said)
		}
		return strings.Contains(p.said.String(), "Ctrl-C ends the demo.")
	})
	return p, p.said.String()
}

// first returns the text that the first group of a pattern matches in the demo's output.
func first(t *testing.T, said, pattern string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(said)
	if match == nil {
		t.Fatalf("got no match for %s in\n%s", pattern, said)
	}
	return match[1]
}

// TestDemo tries everything that the demo suggests, and checks that it leaves no files.
func TestDemo(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	p, said := startDemo(t, []string{"TMPDIR=" + temporary})
	service, media := first(t, said, `The service +(http://\S+)`), first(t, said, `The media server +(http://\S+)`)
	password := first(t, said, `at the media server: (\S+)`)
	signedIn := map[string]*client.Client{}
	for _, name := range regexp.MustCompile(`(?m)^  (\w+) .* local user`).FindAllStringSubmatch(said, -1) {
		c, err := client.New(service)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := c.Sessions.SignIn(t.Context(), client.SignIn{NameOrEmail: name[1], Password: password})
		if err != nil {
			t.Fatalf("%s cannot sign in: %v, want no error", name[1], err)
		}
		signedIn[name[1]] = c.As(signed.Token)
	}
	if len(signedIn) != 2 {
		t.Fatalf("%d guardians, want 2:\n%s", len(signedIn), said)
	}
	for name, c := range signedIn {
		if list, err := c.Servers.List(t.Context()); err != nil || len(list.Servers) != 1 {
			t.Errorf("%s may use %d servers, %v; want 1", name, len(list.Servers), err)
		}
	}
	lea := ""
	family, err := signedIn["rosa"].Families.Get(t.Context())
	for _, member := range family.Members {
		if member.Username == "lea" {
			lea = string(member.ID)
		}
	}
	if err != nil || len(family.Guardians) != 2 || len(family.Members) != 2 {
		t.Fatalf("family %+v, %v; want two guardians and two children", family, err)
	}
	if detail, err := signedIn["rosa"].Families.Member(t.Context(), client.ID(lea)); err != nil || len(detail.Invites) != 1 {
		t.Errorf("lea's invites: %v, %v; want one that waits", detail.Invites, err)
	}
	within(t, patience, "the mail about lea's invite is in the mailbox", func() bool { // a worker of the service sends the mail
		status, body := ask(t, http.MethodGet, service+"/dev/mail", nil)
		return status == http.StatusOK && strings.Contains(body, "Lea")
	})
	tellStory(t, said, signedIn["rosa"])
	exchanged := curlLine(t, said, `(?s)\n     (curl -H 'X-Emby-Token: [0-9a-f]+' \\\n.*?ConnectUserId=\d+')`)
	token := first(t, exchanged, `"AccessToken":"([^"]+)"`)
	if status, _ := ask(t, http.MethodGet, media+"/System/Info", nil, "X-Emby-Token", token); status != http.StatusOK {
		t.Errorf("System/Info with the token of the exchange: %d, want %d", status, http.StatusOK)
	}
	if _, found := ask(t, http.MethodGet, media+"/Items?Recursive=true&SearchTerm=kettle", nil, "X-Emby-Token", token); !strings.Contains(found, `"Name":"Captain Kettle"`) {
		t.Errorf("the catalogue answers %s, want Captain Kettle", found)
	}
	if users := curlLine(t, said, `\n     (curl http://\S+/Users/Public)`); strings.Count(users, "PrimaryImageTag") != 2 {
		t.Errorf("got these local users, want two pictures: %s", users)
	}
	code := first(t, curlLine(t, said, `\n     (curl -d deviceId=demo-tv .*)`), `"Pin":"([^"]+)"`)
	if err := signedIn["rosa"].Devices.Approve(t.Context(), code); err != nil {
		t.Error(err)
	}
	line := strings.ReplaceAll(first(t, said, `\n     (curl -d 'deviceId=demo-tv&pin=CODE' .*)`), "CODE", url.QueryEscape(code))
	if signed := curl(t, line); !strings.Contains(signed, `"AccessToken":"`) {
		t.Errorf("the TV got %s, want an access token", signed)
	}
	p.stop()
	left, err := filepath.Glob(filepath.Join(temporary, "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v, want an empty folder", left, err)
	}
}

// tellStory follows the story that the demo prints: cartoons, the PIN, everything, and cartoons again.
func tellStory(t *testing.T, said string, rosa *client.Client) {
	t.Helper()
	if people := curlLine(t, said, `\n     (curl \S+ 'Authorization: Bearer .*/household)`); !strings.Contains(people, "Milo") || !strings.Contains(people, "Rosa") && !strings.Contains(people, "Alex") {
		t.Errorf("the television asks %s, want the people of the family", people)
	}
	sees := func(want ...string) {
		t.Helper()
		within(t, patience, "Milo sees "+strings.Join(want, ", "), func() bool {
			views, names := curlLine(t, said, `\n     (curl .*/UserViews)`), []string(nil)
			for _, name := range regexp.MustCompile(`"Name":"([^"]+)"`).FindAllStringSubmatch(views, -1) {
				names = append(names, name[1])
			}
			return slices.Equal(names, want)
		})
	}
	sees("Cartoons")
	member := client.ID(first(t, said, `/unlock\?member=(\d+)`))
	servers, err := rosa.Unlocks.List(t.Context(), member)
	if err != nil || len(servers) != 1 {
		t.Fatalf("Milo's servers: %+v, %v; want one", servers, err)
	}
	opened, err := rosa.Unlocks.Open(t.Context(), client.Unlock{
		AccountID: member, ServerIDs: []client.ID{servers[0].ServerID}, PIN: first(t, said, `rosa .*PIN (\d+)`), Minutes: 60,
	})
	if err != nil {
		t.Fatal(err)
	}
	sees("Films", "Cartoons", "Documentaries", "Music", "Family Videos")
	if err := rosa.Unlocks.Close(t.Context(), opened[0].ID); err != nil {
		t.Fatal(err)
	}
	sees("Cartoons")
}

// curlLine returns the line with a curl command in the demo's output that matches a pattern.
func curlLine(t *testing.T, said, pattern string) string {
	t.Helper()
	return curl(t, first(t, said, pattern))
}

// curl does what a curl command of the demo does.
func curl(t *testing.T, line string) string {
	t.Helper()
	words := regexp.MustCompile(`'([^']*)'|([^\s'\\]+)`).FindAllStringSubmatch(strings.TrimPrefix(line, "curl "), -1)
	method, address, header, form := http.MethodGet, "", []string(nil), url.Values(nil)
	for i := 0; i < len(words); i++ {
		word := words[i][1] + words[i][2]
		switch word {
		case "-d", "-H":
			i++
			value := words[i][1] + words[i][2]
			if word == "-H" {
				name, text, _ := strings.Cut(value, ": ")
				header = append(header, name, text)
				continue
			}
			var err error
			if method = http.MethodPost; form == nil {
				form, err = url.ParseQuery(value)
			}
			if err != nil {
				t.Fatal(err)
			}
		default:
			address = word
		}
	}
	status, body := ask(t, method, address, form, header...)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s, want %d", line, status, body, http.StatusOK)
	}
	return body
}

// TestDemoKeeps checks that the demo keeps its files with --keep, and that it ends if it cannot
// start.
func TestDemoKeeps(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "kept")
	p, said := startDemo(t, nil, "--keep="+folder)
	service := first(t, said, `The service +http://(\S+)`)
	refused(t, "folder that does not exist yet", "", "demo", "--keep="+folder)
	refused(t, "must listen only on this machine", "", "demo", "--listen=0.0.0.0:0")
	refused(t, "make demo ARGS=--listen=127.0.0.1:0", "", "demo", "--listen="+service)
	refused(t, "make demo ARGS=--agent-listen=127.0.0.1:0", "", "demo", "--listen=127.0.0.1:0", "--agent-listen="+service)
	p.stop()
	for _, file := range []string{"log", "service/latchkey.db", "agent/agent.db", "agent/builtin.db"} {
		if _, err := os.Stat(filepath.Join(folder, file)); err != nil {
			t.Error(err)
		}
	}
	log, err := os.ReadFile(filepath.Join(folder, "log"))
	if err != nil || len(log) > 0 {
		t.Errorf("the log of a demo without trouble: %v, want no log\n%s", err, log)
	}
}

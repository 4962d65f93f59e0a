package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// TestAddresses checks the reported addresses for several settings.
func TestAddresses(t *testing.T) {
	t.Parallel()
	const machine = "of this machine"
	for _, test := range []struct {
		name     string
		settings config.Agent
		port     int
		lan, wan bool
		found    string // the address that the interfaces have; "" when they are not asked
	}{
		{"builtin", config.Agent{MediaServer: "builtin", Listen: ":8096"}, 8096, true, true, machine},
		{"builtin on one address", config.Agent{MediaServer: "builtin", Listen: "192.168.1.2:8096"}, 8096, true, true, machine},
		{"builtin on loopback", config.Agent{MediaServer: "builtin", Listen: "127.0.0.1:8096"}, 8096, false, false, ""},
		{"builtin on localhost", config.Agent{MediaServer: "builtin", Listen: "localhost:8096"}, 8096, false, false, ""},
		{"builtin apart", config.Agent{MediaServer: "builtin", Listen: "127.0.0.1:8471", MediaServerURL: "http://127.0.0.1:9000"}, 9000, true, true, machine},
		{"jellyfin", config.Agent{MediaServer: "jellyfin", MediaServerURL: "http://localhost:8920/base"}, 8920, true, true, machine},
		{"jellyfin by https", config.Agent{MediaServer: "jellyfin", MediaServerURL: "https://[::1]"}, 443, true, true, machine},
		{"jellyfin on another machine", config.Agent{MediaServer: "jellyfin", MediaServerURL: "http://192.168.1.9"}, 80, true, true, "192.168.1.9"},
		{"jellyfin in a container", config.Agent{MediaServer: "jellyfin", MediaServerURL: "http://jellyfin:8096"}, 8096, false, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.settings.ReportLAN, test.settings.ReportWAN = true, true
			got := (&agentProgram{settings: &test.settings}).addresses(8096)
			if got.Port != test.port || got.LAN != test.lan || got.WAN != test.wan {
				t.Errorf("port %d, LAN %v, WAN %v, want port %v, LAN %v, WAN %v", got.Port, got.LAN, got.WAN, test.port, test.lan, test.wan)
			}
			if want := map[string]string{"jellyfin": "/base"}[test.name]; got.Path != want {
				t.Errorf("path %q, want %q", got.Path, want)
			}
			if test.found == "" || test.found == machine {
				return
			}
			found, err := got.Interfaces()
			if err != nil || len(found) != 1 || found[0].Address != netip.MustParseAddr(test.found) {
				t.Errorf("interfaces %v, error %v; want %s", found, err, test.found)
			}
		})
	}
	none := (&agentProgram{settings: &config.Agent{MediaServer: "builtin", Listen: ":8096"}}).addresses(8096)
	if none.LAN || none.WAN {
		t.Error("LAN or WAN addresses are reported, want neither")
	}
}

// TestAddressForCallersAtHome checks the address that callers in the home network get.
func TestAddressForCallersAtHome(t *testing.T) {
	t.Parallel()
	from := netip.MustParseAddrPort("127.0.0.1:40000")
	for settings, want := range map[string]string{
		"": "http://127.0.0.1:8096", "http://127.0.0.1:9000": "http://127.0.0.1:8096", "http://192.168.1.9:8096/base": "http://192.168.1.9:8096/base",
		"http://127.0.0.1:9000/my%20media": "http://127.0.0.1:8096/my%20media", "http://localhost:9000/jellyfin": "http://127.0.0.1:8096/jellyfin",
	} {
		p := &agentProgram{settings: &config.Agent{MediaServerURL: settings}}
		if got := p.toward(t.Context(), from, 8096); got != want {
			t.Errorf("%q: %s, want %s", settings, got, want)
		}
	}
}

func TestAddressOfTheAgent(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{"127.0.0.1:0": "http://127.0.0.1:8096", "[::1]:0": "http://[::1]:8096", "localhost:0": "http://localhost:8096"} {
		p := &agentProgram{settings: &config.Agent{Listen: listen}}
		if got := p.reachedAt(t.Context(), 8096); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
	p := &agentProgram{settings: &config.Agent{Listen: ":0", Addresses: []string{"https://media.example.org"}}}
	if got := p.reachedAt(t.Context(), 8096); got != "https://media.example.org" {
		t.Errorf("%s, want https://media.example.org", got)
	}
}

// TestEndOfADay checks that a last day is read in the zone of the owner, here UTC, whatever the time zone of the machine is.
func TestEndOfADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 23, 0, 0, 0, time.FixedZone("here", 13*60*60)) // 10:00 in UTC
	for text, want := range map[string]string{
		"": "0001-01-01T00:00:00Z", "2026-03-04": "2026-03-04T23:59:59.999Z", "2026-03-05": "2026-03-05T23:59:59.999Z",
		"2026-03-05T18:00:00+13:00": "2026-03-05T05:00:00Z", "2026-03-05T05:00:00Z": "2026-03-05T05:00:00Z",
	} {
		if got, err := endOf("until", text, now, time.UTC); err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, error %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"2026-03-03": "has passed: it is 2026-03-04 10:00 UTC now", "2026-03-04T22:59:59+13:00": "has passed",
		"04.03.2026": "is not a date", "2026-13-01": "is not a date", "2026-03-05T18:00:00": "is not a date",
	} {
		if got, err := endOf("until", text, now, time.UTC); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, error %v; want an error with %q", text, got, err, want)
		}
	}
}

// TestLastDayIsWrittenWithItsZone checks that the end of a link is written in the zone of the owner.
func TestLastDayIsWrittenWithItsZone(t *testing.T) {
	t.Parallel()
	here := time.FixedZone("here", 13*60*60)
	for want, end := range map[string]time.Time{
		"-": {}, "2027-01-31 (UTC)": time.Date(2027, 2, 1, 12, 59, 59, 999e6, here), "2027-01-31 05:00:00 UTC": time.Date(2027, 1, 31, 18, 0, 0, 0, here),
	} {
		if got := lastDay(end, time.UTC); got != want {
			t.Errorf("%v: got %q, want %q", end, got, want)
		}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := lastDay(time.Date(2027, 1, 31, 22, 59, 59, 999e6, time.UTC), berlin), "2027-01-31 (Europe/Berlin)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLinkIsFoundByName checks that the command finds the right link.
func TestLinkIsFoundByName(t *testing.T) {
	t.Parallel()
	links := []agent.Link{
		{ID: "1", LocalUserName: "Grandma", LocalUserID: "0a", Username: "rosa"},
		{ID: "2", LocalUserName: "Milo", LocalUserID: "0b", Username: "grandma"},
		{ID: "3", LocalUserName: "Kids", LocalUserID: "0c", Username: "ben"},
		{ID: "4", LocalUserName: "Kids", LocalUserID: "0c", Username: "lea"},
	}
	users := []mediaserver.LocalUser{{ID: "0a", Name: "Granny"}, {ID: "0d", Name: "Nobody"}}
	for name, want := range map[string]string{
		"granny": "1", "grandma": "1", "MILO": "2", "0B": "2", "lea": "4", "kids": "", "nobody": "", "": "",
	} {
		got, err := agentUnlink{name}.find(links, users)
		if got.ID != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got.ID, err, want)
		}
	}
}

func TestUsersTable(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	err := writeUsers(&table, []mediaserver.LocalUser{{ID: "0", Name: "Gran\x1b[31m\n\tpa\u202e"}}, []agent.Link{
		{ID: "1", Username: "rosa", Type: client.Linked, Status: client.Accepted, Active: true, Allowed: true, LocalUserID: "gone", LocalUserName: "Grand\u009bma"},
		{ID: "2", Username: "ben\x07", Type: client.Guest, Status: client.Accepted},
		{ID: "3", Username: "lea", Type: client.Guest, Status: client.Pending},
		{ID: "4", Username: "kim", Type: client.Linked, Status: client.Accepted, Active: true, LocalUserID: "5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(table.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"LOCAL USER STATE ACCOUNT LINK ENDS", "Gran[31mpa active - - -", "Grandma - rosa linked -", "- - ben shut -", "- - lea waiting for the person -",
		"- - kim waits for your yes -",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// TestExplainAgent checks that the text of each error contains the advice exactly once.
func TestExplainAgent(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		fmt.Errorf("%w: jellyfin: see who it is: it refuses the connection: see that it runs", agent.ErrMediaServerAway),
		fmt.Errorf("jellyfin: list users: %w: make a new one in Jellyfin under Dashboard, API Keys", mediaserver.ErrKeyRefused),
		fmt.Errorf("jellyfin: see who it is: %w: update Jellyfin", mediaserver.ErrTooOld),
		fmt.Errorf("%w: it is an administrator, and allow-admins is off", agent.ErrLocalUserRefused),
	} {
		if got := explainAgent(err); got.Error() != err.Error() {
			t.Errorf("twice: %v, want %v", got, err.Error())
		}
	}
	if got := explainAgent(agent.ErrMediaServerAway); !strings.Contains(got.Error(), "check that it runs") {
		t.Errorf("%v, want it to contain %q", got, "check that it runs")
	}
	if explainAgent(nil) != nil {
		t.Error("got an error for nil, want nil")
	}
}

func TestPrintableLines(t *testing.T) {
	t.Parallel()
	if got := printable.Lines("a\x1b]0;b\x07\r\nc\u202e ü\n"); got != "a]0;b\nc ü\n" {
		t.Errorf("%q, want %q", got, "a]0;b\nc ü\n")
	}
}

// TestRequestsReachTheAgent checks that the agent gets to know the caller's address, and that the
// caller gets an answer while the agent is away.
func TestRequestsReachTheAgent(t *testing.T) {
	t.Parallel()
	var seen http.Header
	away := false
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		if away {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(behind.Close)
	target, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	front := httptest.NewServer(agentProxy(target, slog.New(slog.NewTextHandler(&log, nil))))
	t.Cleanup(front.Close)
	try := func() int {
		status, _ := ask(t, http.MethodGet, front.URL+"/Connect/Exchange", nil, "X-Forwarded-For", "203.0.113.9", "X-Emby-Token", "key")
		return status
	}
	if status := try(); status != http.StatusTeapot {
		t.Fatalf("status %d, want %d", status, http.StatusTeapot)
	}
	if got := strings.Join(seen.Values("X-Forwarded-For"), ", "); got != "203.0.113.9, 127.0.0.1" || seen.Get("X-Emby-Token") != "key" {
		t.Errorf("the agent sees %q", got)
	}
	away = true
	for range 3 {
		if status := try(); status != http.StatusBadGateway {
			t.Errorf("an agent that is away: %d, want %d", status, http.StatusBadGateway)
		}
	}
	away = false
	try()
	if strings.Count(log.String(), "does not answer") != 1 || strings.Count(log.String(), "answers again") != 1 || strings.Contains(log.String(), "Exchange") {
		t.Errorf("want one line about the agent that is away; log:\n%s", log.String())
	}
}

// TestOnlyTheOwnerOfTheFolder runs commands as root. Afterwards, no file in the folder must belong
// to root.
func TestOnlyTheOwnerOfTheFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	folder := t.TempDir()
	const nobody = 65534
	if err := errors.Join(os.Chmod(filepath.Dir(folder), 0o755), os.Chown(folder, nobody, nobody)); err != nil { // other users may pass through the folder above it, as through /var/lib
		t.Fatal(err)
	}
	command(t, "password\n", "agent", "--data-dir="+folder, "--media-server=builtin", "users", "add", "Grandma")
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) == 0 {
		t.Fatalf("got the files %v, error %v; want at least one", entries, err)
	}
	for _, entry := range entries {
		if owner := ownerOf(t, entry); owner != nobody {
			t.Errorf("%s belongs to %d, want %v", entry.Name(), owner, nobody)
		}
	}
}

// TestPackagedUnits checks that the agent's unit is as restricted as the unit of
// the service.
func TestPackagedUnits(t *testing.T) {
	t.Parallel()
	hardening := func(name string) string {
		file, err := os.ReadFile("../../packaging/" + name)
		if err != nil {
			t.Fatal(err)
		}
		_, lines, found := strings.Cut(string(file), "\nNoNewPrivileges=yes\n")
		if !found {
			t.Fatalf("%s does not say NoNewPrivileges", name)
		}
		return lines
	}
	want := strings.Replace(hardening("latchkey.service"), "AF_UNIX\n", "AF_UNIX AF_NETLINK\n", 1)
	if diff := cmp.Diff(want, hardening("latchkey-agent.service")); diff != "" {
		t.Errorf("units (-want +got):\n%s", diff)
	}
}

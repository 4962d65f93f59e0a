package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// An operator manages servers from the command line.
func TestServerCommands(t *testing.T) {
	t.Parallel()
	address := modelstest.SQLite(t)
	store := modelstest.Open(t, address, modelstest.NewClock())
	registered, err := store.Registrations.Register(t.Context(), models.Registration{
		Name: "Den & Co", SystemID: "5ed", Kind: models.ServerEmby, WAN: []string{"https://den.example.org"},
	}, models.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	id := strconv.FormatInt(registered.Server.ID, 10)
	s := newShell(t, "--dev", "--secret-key="+modelstest.Key, "--database="+address)
	says := func(output string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(output, text) {
				t.Errorf("got no %q, want it in:\n%s", text, output)
			}
		}
	}
	says(s.must(t, "server", "list"), id, "Den & Co", "unclaimed")
	says(s.must(t, "server", "show", id), "https://den.example.org:443", "5ed")
	s.must(t, "server", "disable", id)
	says(s.must(t, "server", "list"), "disabled")
	if _, err := store.ServerKeys.Look(t.Context(), registered.Key); err == nil {
		t.Error("the key of a disabled server works, want it refused")
	}
	s.must(t, "server", "enable", id)
	s.input = "no\n"
	s.refused(t, "not erased", "server", "remove", id)
	s.input = id + "\n"
	says(s.must(t, "server", "remove", id), "is erased")
	s.refused(t, "there is no server "+id, "server", "show", id)
	s.refused(t, "there is no server "+id, "server", "remove", "--yes", id)
	if output := s.must(t, "server", "list"); strings.Contains(output, id) {
		t.Errorf("the server is still listed, want it gone:\n%s", output)
	}
}

// Operators read every time in UTC with its zone and to the minute, whatever the time zone of the
// machine is.
func TestOperatorsReadTimesInUTC(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 11, 29, 13, 30, 59, 0, time.FixedZone("NZDT", 13*60*60))
	const want = "2026-11-29 00:30 UTC"
	later := moment.Add(time.Hour)
	var out strings.Builder
	var server models.OperatedServer
	server.ID, server.LastSeenAt, server.CreatedAt = 7, moment, moment
	for name, write := range map[string]func() error{
		"account list": func() error {
			_, err := out.WriteString(newAccountLine(models.Account{Username: "anna", CreatedAt: moment}).text())
			return err
		},
		"server list": func() error {
			_, err := out.WriteString(newServerLine(server).text())
			return err
		},
		"server show": func() error { return show(&out, server) },
		"mail list": func() error {
			_, err := out.WriteString(newMailLine(models.QueuedMail{ID: 7, OwedAt: moment, DueAt: later}, moment).text())
			return err
		},
	} {
		out.Reset()
		times := regexp.MustCompile(`\d+-\d\d-\d\d.\d\d:\d\d(\S*)( UTC)?`)
		if err := write(); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: got %q with error %v, want %s in it", name, out.String(), err, want)
		}
		for _, found := range times.FindAllString(out.String(), -1) {
			if found != want && found != "2026-11-29 01:30 UTC" {
				t.Errorf("%s: got the time %q, want %s or an hour later", name, found, want)
			}
		}
	}
	if got := inUTC(time.Time{}); got != "-" {
		t.Errorf("no time is %q, want a dash", got)
	}
}

// The settings for servers and apps reach the service and have their effect.
func TestConnectSettingsReachTheService(t *testing.T) {
	t.Parallel()
	post := func(p *process, path string, form url.Values) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.address+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := oneShot().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode
	}
	server := url.Values{"name": {"Den"}, "systemId": {"5ed"}, "url": {"http://198.51.100.1:8096"}}
	person := url.Values{"userName": {"ann"}, "email": {"ann@example.org"}, "rawpw": {"quiet-lantern-overpass-47"}}
	open := serve(t)
	closed := serve(t, "--connect-servers=off", "--connect-register=off")
	for _, tt := range []struct {
		name string
		got  int
		want int
	}{
		{"a server registers", post(open, "/service/Servers", server), http.StatusOK},
		{"a person registers without any captcha", post(open, "/Service/register", person), http.StatusOK},
		{"servers are off", post(closed, "/service/Servers", server), http.StatusForbidden},
		{"registration is off", post(closed, "/service/register", person), http.StatusBadRequest},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}

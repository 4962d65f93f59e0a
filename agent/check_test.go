package agent_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent"
	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

var checkTime = time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)

// checksOf returns the checks of an agent that does not run, each as "state name reason".
func checksOf(t *testing.T, media mediaserver.Server, adjust ...change) map[string]agent.Check {
	t.Helper()
	o := agent.Options{MediaServer: media, Now: func() time.Time { return checkTime }, Random: rand.Reader, ServiceURL: "http://127.0.0.1:1"}
	for _, one := range adjust {
		one(&o)
	}
	o.Store = must(agent.OpenStore(t.Context(), filepath.Join(t.TempDir(), "agent.db"), testKeys(t), o.Now, rand.Reader))(t)
	t.Cleanup(func() { _ = o.Store.Close() })
	list := must(agent.New(o).Checks.All(t.Context()))(t)
	found := map[string]agent.Check{}
	for _, one := range list {
		if !strings.HasSuffix(one.Text, ".") || one.State == client.CheckWrong && one.Advice == "" || strings.Contains(one.Text, "could not be checked (") {
			t.Errorf("%s %s: text %q with advice %q, want sentences, and advice for what is wrong", one.Name, one.Reason, one.Text, one.Advice)
		}
		key := one.Name
		if one.Subject != "" {
			key += " " + one.Subject
		}
		found[key] = one
	}
	return found
}

func states(found map[string]agent.Check) map[string]string {
	texts := map[string]string{}
	for key, one := range found {
		if !strings.HasPrefix(key, "clock") && !strings.HasPrefix(key, "disk") {
			texts[key] = one.State + " " + one.Reason
		}
	}
	return texts
}

// Each fault of a Jellyfin server has its name, and what depends on it counts as not checked.
func TestChecksOfJellyfin(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version string
		spoil   func(fake *jellyfintest.Server)
		want    string // the checks that are not ok
	}{
		"fine":       {"10.11", func(*jellyfintest.Server) {}, ""},
		"fine, 12":   {"12", func(*jellyfintest.Server) {}, "older_apps: warning legacy_off"},
		"legacy, 12": {"12", func(fake *jellyfintest.Server) { fake.SetLegacy(true) }, "older_apps: warning prefixes"},
		"old":        {"10.8", func(*jellyfintest.Server) {}, "key: unchecked not_reached, quick_connect: unchecked not_reached, version: wrong too_old"},
		"newer":      {"10.11", func(fake *jellyfintest.Server) { fake.SetTold("Jellyfin Server", "13.0.1", true) }, "older_apps: warning prefixes, version: warning newer"},
		"off":        {"10.9", func(fake *jellyfintest.Server) { fake.SetQuickConnect(false) }, "quick_connect: wrong off"},
		"key":        {"10.9", func(fake *jellyfintest.Server) { fake.RevokeKey() }, "key: wrong refused, quick_connect: unchecked not_reached"},
		"Emby": {
			"10.9", func(fake *jellyfintest.Server) { fake.SetTold("Emby Server", "4.8.11", true) },
			"key: unchecked not_reached, media_server: wrong other_program, quick_connect: unchecked not_reached, version: unchecked not_reached",
		},
		"wizard": {
			"10.9", func(fake *jellyfintest.Server) { fake.SetTold("Jellyfin Server", "10.9.11", false) },
			"key: unchecked not_reached, media_server: wrong unfinished, quick_connect: unchecked not_reached, version: unchecked not_reached",
		},
		"away": {
			"10.9", func(fake *jellyfintest.Server) { fake.Break("", 100, jellyfintest.Status(500)) },
			"key: unchecked not_reached, media_server: wrong away, quick_connect: unchecked not_reached, version: unchecked not_reached",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := jellyfintest.New(t, test.version)
			media, err := jellyfin.New(jellyfin.Options{URL: fake.URL, APIKey: fake.APIKey, Now: func() time.Time { return checkTime }, Random: rand.Reader, HTTP: http.DefaultClient})
			if err != nil {
				t.Fatal(err)
			}
			test.spoil(fake)
			var bad []string
			found := states(checksOf(t, media))
			for _, name := range []string{"key", "media_server", "older_apps", "quick_connect", "version"} {
				if found[name] != "ok ok" && found[name] != "" {
					bad = append(bad, name+": "+found[name])
				}
			}
			if got := strings.Join(bad, ", "); got != test.want {
				t.Errorf("not as it should be: %s; want %s", got, test.want)
			}
		})
	}
}

// proxy answers as a proxy in front of the media server of the fake and its agent.
func proxy(id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/System/Info/Public", "/emby/System/Info/Public":
			_, _ = fmt.Fprintf(w, `{"Id":%q}`, id)
		case "/Connect/Pending":
			http.Error(w, agent.ConnectSignIn, http.StatusUnauthorized)
		case "/latchkey/check":
			_, _ = io.WriteString(w, `{"latchkey_server_id":"7"}`)
		default:
			http.NotFound(w, r)
		}
	}
}

func at(addresses ...string) change {
	return func(o *agent.Options) { o.Addresses.Configured = addresses }
}

// The agent tells for each address whether it works, and which paths below it the proxy hands to the agent.
func TestChecksOfAddresses(t *testing.T) {
	t.Parallel()
	media := newFake()
	identity := must(media.Identity(t.Context()))(t)
	good := httptest.NewServer(proxy(identity.ID))
	t.Cleanup(good.Close)
	stranger := httptest.NewServer(proxy(strings.Repeat("0", 32)))
	t.Cleanup(stranger.Close)
	away := httptest.NewServer(answers(http.StatusBadGateway))
	t.Cleanup(away.Close)
	found := states(checksOf(t, media, at(good.URL, good.URL+"/jellyfin", stranger.URL, away.URL, "http://127.0.0.1:1")))
	want := map[string]string{"media_server": "ok ok", "version": "ok ok"}
	for url, is := range map[string][3]string{ // the address, Open, and the Connect paths; this agent is not registered
		good.URL:               {"ok ok", "warning not_handed", "ok ok"},
		good.URL + "/jellyfin": {"wrong base_path", "warning not_handed", "warning not_handed"},
		stranger.URL:           {"warning other_server", "warning not_handed", "ok ok"},
		away.URL:               {"wrong server_away", "unchecked no_answer", "unchecked no_answer"},
		"http://127.0.0.1:1":   {"unchecked no_answer", "unchecked no_answer", "unchecked no_answer"},
	} {
		want["address "+url], want["open_path "+url], want["connect_path "+url] = is[0], is[1], is[2]
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
}

// The agent warns of the end of a certificate from 14 days before it. Apps that use addresses as Emby's apps do work if the proxy
// removes their prefix.
func TestChecksOfCertificates(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "12")
	fake.SetLegacy(true)
	media, err := jellyfin.New(jellyfin.Options{URL: fake.URL, APIKey: fake.APIKey, Now: func() time.Time { return checkTime }, Random: rand.Reader, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(proxy(must(media.Identity(t.Context()))(t).ID))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	end := server.Certificate().NotAfter
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	for name, test := range map[string]struct {
		now    time.Time
		roots  *x509.CertPool
		want   string
		expect string
	}{
		"good":      {end.AddDate(0, 0, -15), pool, "ok ok", end.Format(time.DateOnly)},
		"soon":      {end.AddDate(0, 0, -13), pool, "warning certificate_soon", end.Format(time.DateOnly)},
		"expired":   {end.AddDate(0, 0, 1), pool, "wrong certificate_expired", "It was valid until " + end.Format(time.DateOnly)},
		"untrusted": {end.AddDate(0, 0, -15), x509.NewCertPool(), "wrong certificate_untrusted", "an authority"},
	} {
		found := checksOf(t, media, at(server.URL), func(o *agent.Options) {
			o.Now, o.Roots = func() time.Time { return test.now }, test.roots
			o.OpenClient = server.Client()
		})
		address := found["address "+server.URL]
		if got := states(found); got["address "+server.URL] != test.want || !strings.Contains(address.Text, test.expect) || !address.Until.Equal(end) {
			t.Errorf("%s: %s with %q until %v, want %s with %q until %v", name, got["address "+server.URL], address.Text, address.Until, test.want, test.expect, end)
		}
		if got := states(found)["older_apps"]; got != "ok ok" {
			t.Errorf("%s: older apps are %q although the proxy takes the prefix off, want ok", name, got)
		}
	}
}

func TestChecksOfTheMachine(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int]string{0: "ok ok", 30: "ok ok", 90: "warning behind", -90: "warning ahead", 600: "wrong behind", -600: "wrong ahead"} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", checkTime.Add(time.Duration(seconds)*time.Second).Format(http.TimeFormat))
		}))
		found := checksOf(t, newFake(), func(o *agent.Options) { o.ServiceURL = service.URL })["clock"]
		service.Close()
		if got := found.State + " " + found.Reason; got != want {
			t.Errorf("a service %d s ahead: the clock is %q, want %q", seconds, got, want)
		}
	}
	if got := checksOf(t, newFake())["clock"]; got.State != client.CheckUnchecked {
		t.Errorf("without the service the clock is %q, want it not checked", got.State)
	}
	for free, want := range map[uint64]string{10 << 20: "wrong full", 100 << 20: "warning low", 10 << 30: "ok ok"} {
		found := checksOf(t, newFake(), func(o *agent.Options) { o.FreeDisk = func() (uint64, error) { return free, nil } })["disk"]
		if got := found.State + " " + found.Reason; got != want || found.Megabytes != int64(free>>20) {
			t.Errorf("%d bytes free: the disk is %q with %d MB, want %q", free, got, found.Megabytes, want)
		}
	}
	found := checksOf(t, newFake(), func(o *agent.Options) { o.FreeDisk = func() (uint64, error) { return 0, errors.New("no such disk") } })["disk"]
	if found.State != client.CheckUnchecked {
		t.Errorf("the unknown disk is %q, want it not checked", found.State)
	}
}

// The owner asks on the page; the running agent makes the checks and tells the service.
func TestOwnerAsksForChecks(t *testing.T) {
	t.Parallel()
	_, d := newRunning(t, func(o *agent.Options) { o.Addresses = agent.Addresses{Configured: []string{"http://127.0.0.1:1"}} })
	id := client.ID(d.status().ServerID)
	before := must(d.ann.Servers.Checks(t.Context(), id))(t)
	if !before.CheckedAt.IsZero() {
		t.Errorf("checks were told at %v, want none so early", before.CheckedAt)
	}
	noError(t, d.ann.Servers.AskForChecks(t.Context(), id))
	eventually(t, "the results", func() bool {
		got := must(d.ann.Servers.Checks(t.Context(), id))(t)
		return !got.CheckedAt.IsZero() && got.AskedAt.IsZero() && len(got.Checks) >= 5
	})
	got := must(d.ann.Servers.Checks(t.Context(), id))(t)
	for _, one := range got.Checks {
		if one.Name == client.CheckAddress && (one.Subject != "http://127.0.0.1:1" || one.Reason != "no_answer") {
			t.Errorf("the address is told as %+v, want no answer of http://127.0.0.1:1", one)
		}
	}
}

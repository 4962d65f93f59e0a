package jellyfin_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
)

// steps returns the names of steps, each with a sign: + for success, ? for a warning, ! for a
// failure.
func steps(list []jellyfin.CheckedStep) string {
	var text []string
	for _, step := range list {
		mark := "!"
		if step.OK {
			mark = "+"
		}
		if step.Warning {
			mark = "?"
		}
		text = append(text, mark+step.Name)
	}
	return strings.Join(text, " ")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		version string
		spoil   func(fake *jellyfintest.Server)
		want    string
		advice  string
	}{
		"fine":          {"10.11", func(*jellyfintest.Server) {}, "+reachable +Jellyfin +version +key +Quick Connect", ""},
		"fine, 12":      {"12", func(*jellyfintest.Server) {}, "+reachable +Jellyfin +version +key ?older apps +Quick Connect", "EnableLegacyAuthorization"},
		"legacy, 12":    {"12", func(fake *jellyfintest.Server) { fake.SetLegacy(true) }, "+reachable +Jellyfin +version +key ?older apps +Quick Connect", "take /emby"},
		"old":           {"10.8", func(*jellyfintest.Server) {}, "+reachable +Jellyfin !version", "Update Jellyfin"},
		"newer":         {"12", func(fake *jellyfintest.Server) { fake.SetTold("Jellyfin Server", "13.0.1", true) }, "+reachable +Jellyfin ?version +key ?older apps +Quick Connect", "newer"},
		"off":           {"10.9", func(fake *jellyfintest.Server) { fake.SetQuickConnect(false) }, "+reachable +Jellyfin +version +key !Quick Connect", "Dashboard, General"},
		"key":           {"10.9", func(fake *jellyfintest.Server) { fake.RevokeKey() }, "+reachable +Jellyfin +version !key", "API Keys"},
		"Emby":          {"10.9", func(fake *jellyfintest.Server) { fake.SetTold("Emby Server", "4.8.11", true) }, "+reachable !Jellyfin", "address of Jellyfin itself"},
		"wizard":        {"10.9", func(fake *jellyfintest.Server) { fake.SetTold("Jellyfin Server", "10.9.11", false) }, "+reachable +Jellyfin !version", "own setup"},
		"sign-in page":  {"10.9", func(fake *jellyfintest.Server) { fake.Break("", 1, jellyfintest.Page) }, "!reachable", "address"},
		"Quick Connect": {"10.9", func(fake *jellyfintest.Server) { fake.Break("GetQuickConnectEnabled", 1, jellyfintest.Status(500)) }, "+reachable +Jellyfin +version +key !Quick Connect", "log"},
		"two servers": {"10.9", func(fake *jellyfintest.Server) {
			fake.Before("GetSystemInfo", func() { fake.SetID(strings.Repeat("c", 32)) })
		}, "+reachable +Jellyfin +version !key", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := jellyfintest.New(t, test.version, jellyfintest.Base("/jellyfin"))
			test.spoil(fake)
			list, err := drive(t, fake.URL, fake.APIKey).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := steps(list); got != test.want {
				t.Errorf("steps %s, want %s", got, test.want)
			}
			last := list[len(list)-1]
			advice := last.Advice
			for _, step := range list {
				if step.Warning {
					advice += step.Advice
				}
				if strings.Contains(step.Text, fake.APIKey) || !strings.HasSuffix(step.Text, ".") || !step.OK && step.Advice == "" {
					t.Errorf("step %+v, want a sentence without the key, and advice for a failure", step)
				}
			}
			if !strings.Contains(advice, test.advice) {
				t.Errorf("advice %q, want %q in it", advice, test.advice)
			}
		})
	}
}

func TestCheckGivesUp(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "12")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := drive(t, fake.URL, fake.APIKey).Check(ctx); err == nil || len(list) > 0 {
		t.Errorf("steps %v (error %v), want an error alone", list, err)
	}
}

func TestNewerVersionIsLoggedOnce(t *testing.T) {
	t.Parallel()
	fake := jellyfintest.New(t, "12")
	fake.SetTold("Jellyfin Server", "14.2.0", true)
	var out bytes.Buffer
	s, err := jellyfin.New(jellyfin.Options{
		URL: fake.URL, APIKey: fake.APIKey, Now: clock, Random: rand.Reader, HTTP: http.DefaultClient, Log: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(1, strings.Count(out.String(), "14.2.0")); diff != "" {
		t.Errorf("warnings (-want +got): %s\n%s", diff, out.String())
	}
}

package jellyfin_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/waittest"
)

// able returns the versions that an agent can drive.
func able() []string { return []string{"10.9", "10.10", "10.11", "12"} }

// each runs f with a fake of each version that an agent can drive.
func each(t *testing.T, f func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server)) {
	t.Helper()
	for _, version := range able() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			fake := jellyfintest.New(t, version)
			f(t, fake, drive(t, fake.URL, fake.APIKey))
		})
	}
}

// drive returns a driver of the server at an address.
func drive(t *testing.T, address, key string) *jellyfin.Server {
	t.Helper()
	s, err := jellyfin.New(jellyfin.Options{
		URL: address, APIKey: key, Now: clock, Random: rand.Reader, Version: "1.2.3", HTTP: &http.Client{Timeout: waittest.Patience},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func clock() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func tv() mediaserver.Device {
	return mediaserver.Device{Client: "Jellyfin Android TV", Name: "Wohnzimmer, \"groß\" +1", ID: "tv=1+2, \"3\"", Version: "0.18.4"}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		got, err := s.Identity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != fake.ID() || got.Name != "Living room" || got.Product != "Jellyfin Server" || !got.QuickConnect ||
			!strings.HasPrefix(got.Version, strings.TrimPrefix(t.Name(), "TestIdentity/")+".") {
			t.Errorf("identity %+v, want that of the fake, with Quick Connect", got)
		}
		fake.SetQuickConnect(false)
		fake.SetID("0123456789abcdef0123456789abcdef")
		if got, err = s.Identity(t.Context()); err != nil || got.QuickConnect || got.ID != "0123456789abcdef0123456789abcdef" {
			t.Errorf("identity %+v (error %v), want the new id and no Quick Connect", got, err)
		}
		fake.RevokeKey()
		if _, err = s.Identity(t.Context()); !errors.Is(err, mediaserver.ErrKeyRefused) {
			t.Errorf("after the key was revoked: error %v, want %v", err, mediaserver.ErrKeyRefused)
		}
	})
}

func TestIdentityRefuses(t *testing.T) {
	t.Parallel()
	old := jellyfintest.New(t, "10.8")
	if _, err := drive(t, old.URL, old.APIKey).Identity(t.Context()); !errors.Is(err, mediaserver.ErrTooOld) || !strings.Contains(err.Error(), "10.9") {
		t.Errorf("10.8: error %v, want %v, with the oldest version", err, mediaserver.ErrTooOld)
	}
	tests := []struct {
		product, version string
		ready            bool
		want             string
	}{
		{"Emby Server", "4.8.11.0", true, "not Jellyfin"},
		{"Jellyfin Server", "10.7.7", true, "10.9"},
		{"Jellyfin Server", "9.99.0", true, "10.9"},
		{"Jellyfin Server", "ten", true, "no valid version"},
		{"Jellyfin Server", "", true, "no valid version"},
		{"Jellyfin Server", "10.11.0", false, "first setup"},
	}
	for _, test := range tests {
		fake := jellyfintest.New(t, "10.11")
		fake.SetTold(test.product, test.version, test.ready)
		_, err := drive(t, fake.URL, fake.APIKey).Identity(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: error %v, want %q in it", test.product, test.version, err, test.want)
		}
	}
	for _, version := range []string{"12.0.0-rc5", "12.7", "13.1.0", "10.12.0"} {
		fake := jellyfintest.New(t, "12")
		fake.SetTold("Jellyfin Server", version, true)
		if _, err := drive(t, fake.URL, fake.APIKey).Identity(t.Context()); err != nil {
			t.Errorf("version %s: error %v, want none", version, err)
		}
	}
}

// While a server is starting, the agent reports that it is starting. It must not report
// that the first setup of the server is unfinished.
func TestStarting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		for _, state := range []jellyfintest.Start{jellyfintest.StartSetup, jellyfintest.StartNamed, jellyfintest.StartLoading} {
			fake.SetStarting(state)
			if _, err := s.Identity(t.Context()); err == nil || !strings.Contains(err.Error(), "starting") {
				t.Errorf("state %d: error %v, want one that says that it is starting", state, err)
			}
			steps, err := s.Check(t.Context())
			if last := steps[len(steps)-1]; err != nil || last.OK || !strings.Contains(last.Text, "starting") || strings.Contains(last.Advice, "own setup") {
				t.Errorf("state %d: the check ends with %+v (error %v), want one that says that it is starting", state, last, err)
			}
		}
		fake.SetStarting(jellyfintest.Started)
		if _, err := s.Identity(t.Context()); err != nil {
			t.Errorf("error %v after the start, want none", err)
		}
	})
}

func TestLocalUsers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "IsHidden", "true")
		fake.SetPolicy(anna, "IsDisabled", "true")
		fake.SetPolicy(anna, "EnableRemoteAccess", "false")
		users, err := s.LocalUsers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		root, _ := fake.User("root")
		want := []mediaserver.LocalUser{
			{ID: anna, Name: "Anna", Hidden: true, Disabled: true},
			{ID: root.ID, Name: "root", Administrator: true, Hidden: true, RemoteAccess: true},
		}
		for i := range users {
			if sees := users[i].Sees; sees == nil || !sees.AllLibraries {
				t.Errorf("%s sees %+v, want all libraries", users[i].Name, sees)
			}
			if door := users[i].Door; door == nil || !door.AnyDevice || door.Full || door.Hours != nil {
				t.Errorf("%s is let in by %+v, want at any time, on any device", users[i].Name, door)
			}
			users[i].Sees, users[i].Door = nil, nil
		}
		if diff := cmp.Diff(want, users); diff != "" {
			t.Errorf("local users (-want +got): %s", diff)
		}
		dashed := strings.ToUpper(anna[:8] + "-" + anna[8:12] + "-" + anna[12:16] + "-" + anna[16:20] + "-" + anna[20:])
		if user, err := s.LocalUser(t.Context(), dashed); err != nil || user != want[0] {
			t.Errorf("local user %+v (error %v), want %+v", user, err, want[0])
		}
		for _, id := range []string{"", "x", "../System/Info", strings.Repeat("0", 32), strings.Repeat("a", 32)} {
			if _, err := s.LocalUser(t.Context(), id); !errors.Is(err, mediaserver.ErrNotFound) {
				t.Errorf("id %q: error %v, want %v", id, err, mediaserver.ErrNotFound)
			}
		}
	})
}

func TestLibraries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		got, err := s.Libraries(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := fake.Libraries()
		if len(got) != len(want) {
			t.Fatalf("%d libraries, want %d", len(got), len(want))
		}
		for _, library := range got {
			if want[library.Name] != library.ID || library.Kind != "movies" {
				t.Errorf("library %+v, want the id %s and the kind movies", library, want[library.Name])
			}
		}
	})
}

package jellyfin_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// watching signs Anna in on two devices and Ben on one, and lets Anna play on the first one.
func watching(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) (anna, ben string) {
	t.Helper()
	anna, ben = fake.AddUser("Anna", "a", false), fake.AddUser("Ben", "b", false)
	for _, in := range []struct{ user, device string }{{anna, "tv"}, {anna, "phone"}, {ben, "tablet"}} {
		token, err := s.Mint(t.Context(), in.user, mediaserver.Device{Client: "App", Name: in.device, ID: in.device, Version: "1"})
		if err != nil {
			t.Fatal(err)
		}
		if in.device != "phone" {
			fake.Play(token.Value, "A film")
		}
	}
	return anna, ben
}

// playing returns the devices on which local users play something.
func playing(fake *jellyfintest.Server, users ...string) string {
	var devices []string
	for _, user := range users {
		for _, token := range fake.Tokens(user) {
			if token.Playing != "" {
				devices = append(devices, token.DeviceID)
			}
		}
	}
	return strings.Join(devices, " ")
}

func TestSay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna, ben := watching(t, fake, s)
		if err := s.Say(t.Context(), anna, "Latchkey", "It ends in \"five\" minutes & a bit."); err != nil {
			t.Fatal(err)
		}
		got := map[string]jellyfintest.Message{}
		for _, message := range fake.Messages() {
			got[message.DeviceID] = message
		}
		want := map[string]jellyfintest.Message{}
		for _, device := range []string{"tv", "phone"} {
			want[device] = jellyfintest.Message{UserID: anna, DeviceID: device, Header: "Latchkey", Text: "It ends in \"five\" minutes & a bit.", TimeoutMs: 15000}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(fake.Messages()) != 2 {
			t.Errorf("%d messages (-want +got):\n%s", len(fake.Messages()), diff)
		}
		if got := playing(fake, anna, ben); got != "tv tablet" {
			t.Errorf("playing on %q, want tv and tablet", got)
		}
	})
}

func TestStopPlaying(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna, ben := watching(t, fake, s)
		for range 2 {
			if err := s.StopPlaying(t.Context(), anna); err != nil {
				t.Fatal(err)
			}
		}
		if got := playing(fake, anna, ben); got != "tablet" {
			t.Errorf("playing on %q, want the tablet of Ben only", got)
		}
		stops := 0
		for _, r := range fake.Requests() {
			if r.Operation == "SendPlaystateCommand" {
				stops++
			}
		}
		if stops != 1 || len(fake.Messages()) > 0 {
			t.Errorf("%d commands and messages %v, want one command, to the device that played", stops, fake.Messages())
		}
	})
}

// A session that ends meanwhile does not count. Another failure is an error, and the other sessions get
// their command nevertheless.
func TestCommandsThatFail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna, _ := watching(t, fake, s)
		fake.Break("SendMessageCommand", 1, jellyfintest.Status(http.StatusInternalServerError))
		if err := s.Say(t.Context(), anna, "h", "t"); err == nil || len(fake.Messages()) != 1 {
			t.Errorf("error %v and %d messages, want an error and the other message", err, len(fake.Messages()))
		}
		fake.Before("SendMessageCommand", fake.EndSessions)
		if err := s.Say(t.Context(), anna, "h", "t"); err != nil {
			t.Errorf("ended meanwhile: error %v, want none", err)
		}
		for id, want := range map[string]error{"x": mediaserver.ErrNotFound, strings.Repeat("1", 32): nil} {
			if err := s.StopPlaying(t.Context(), id); !errors.Is(err, want) {
				t.Errorf("%s: error %v, want %v", id, err, want)
			}
		}
		for _, odd := range []any{map[string]any{}, []any{map[string]any{"Id": "../Users", "UserId": anna}}, []any{map[string]any{"UserId": anna}}, []any{"x"}, nil} {
			fake.Break("GetSessions", 1, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(odd)
			})
			if err := s.Say(t.Context(), anna, "h", "t"); err == nil {
				t.Errorf("sessions %v: no error, want one", odd)
			}
		}
	})
}

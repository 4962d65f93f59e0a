package jellyfin_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/jellyfin"
	"github.com/latchkey-media/latchkey/agent/jellyfin/jellyfintest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

func TestMint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		first, err := s.Mint(t.Context(), anna, tv())
		if err != nil {
			t.Fatal(err)
		}
		tokens := fake.Tokens(anna)
		want := jellyfintest.Token{
			Value: first.Value, UserID: anna, Client: "Jellyfin Android TV", Device: tv().Name, DeviceID: tv().ID, Version: "0.18.4",
		}
		if len(tokens) != 1 || tokens[0] != want || first.LocalUserID != anna {
			t.Fatalf("tokens %+v, want %+v", tokens, want)
		}
		second, err := s.Mint(t.Context(), anna, tv())
		if err != nil {
			t.Fatal(err)
		}
		other := tv()
		other.ID = "another"
		if _, err := s.Mint(t.Context(), anna, other); err != nil {
			t.Fatal(err)
		}
		if tokens = fake.Tokens(anna); len(tokens) != 2 || first.Value == second.Value {
			t.Errorf("tokens %+v, want one for each of two devices", tokens)
		}
		if err := s.Revoke(t.Context(), second.Value); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a token that has ended may be revoked again
			if err := s.Revoke(t.Context(), second.Value); err != nil {
				t.Fatal(err)
			}
		}
		if tokens = fake.Tokens(anna); len(tokens) != 1 || tokens[0].DeviceID != "another" {
			t.Errorf("tokens after revoking %+v, want that of the other device", tokens)
		}
	})
}

func TestMintOfSmallDevices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		if _, err := s.Mint(t.Context(), anna, mediaserver.Device{ID: "d", Name: strings.Repeat("ü", 500) + "\xff"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mint(t.Context(), anna, mediaserver.Device{Name: "no id"}); err == nil {
			t.Error("a device without an id got a token")
		}
		token := fake.Tokens(anna)[0]
		if token.Client != "Unknown" || token.Version != "0" || token.Device != strings.Repeat("ü", 64) {
			t.Errorf("token %+v, want defaults and a name of 64 characters", token)
		}
	})
}

func TestMintInParallel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		users := []string{fake.AddUser("Anna", "a", false), fake.AddUser("Ben", "b", false)}
		var all sync.WaitGroup
		for i := range 24 {
			all.Go(func() {
				device := tv()
				device.ID = string(rune('a' + i%3))
				token, err := s.Mint(t.Context(), users[i%2], device)
				if err != nil || token.LocalUserID != users[i%2] {
					t.Errorf("token %+v (error %v), want one for %s", token, err, users[i%2])
				}
			})
		}
		all.Wait()
		for _, user := range users {
			if n := len(fake.Tokens(user)); n != 3 {
				t.Errorf("%d tokens, want one for each of 3 devices", n)
			}
		}
	})
}

// Outside of the hours of a local user Mint makes no token that stays, and leaves the earlier token of
// the device alone. Within the hours the new token is the only one.
func TestMintOutsideHours(t *testing.T) {
	t.Parallel()
	const never, always = `[{"DayOfWeek":"Everyday","StartHour":0,"EndHour":0}]`, `[{"DayOfWeek":"Everyday","StartHour":0,"EndHour":24}]`
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		first, err := s.Mint(t.Context(), anna, tv())
		if err != nil {
			t.Fatal(err)
		}
		fake.SetPolicy(anna, "AccessSchedules", never)
		if token, err := s.Mint(t.Context(), anna, tv()); !errors.Is(err, mediaserver.ErrOutsideHours) || token.Value != "" {
			t.Errorf("token %+v and error %v, want %v and no token", token, err, mediaserver.ErrOutsideHours)
		}
		if tokens := fake.Tokens(anna); len(tokens) != 1 || tokens[0].Value != first.Value {
			t.Errorf("tokens %+v, want the earlier one alone", tokens)
		}
		fake.SetPolicy(anna, "AccessSchedules", always)
		token, err := s.Mint(t.Context(), anna, tv())
		if tokens := fake.Tokens(anna); err != nil || len(tokens) != 1 || tokens[0].Value != token.Value {
			t.Errorf("tokens %+v and error %v, want the new token alone", tokens, err)
		}
		fake.SetPolicy(anna, "MaxActiveSessions", "1")
		if _, err := s.Mint(t.Context(), anna, tv()); !errors.Is(err, mediaserver.ErrTooManySessions) {
			t.Errorf("error %v, want %v", err, mediaserver.ErrTooManySessions)
		}

		// If a local user may use only this device, the agent cannot try their hours on another
		// device.
		fake.SetPolicy(anna, "MaxActiveSessions", "0")
		fake.SetPolicy(anna, "EnableAllDevices", "false")
		fake.SetPolicy(anna, "EnabledDevices", "["+strconv.Quote(tv().ID)+"]")
		if _, err := s.Mint(t.Context(), anna, tv()); err != nil {
			t.Errorf("error %v, want none within the hours", err)
		}
		fake.SetPolicy(anna, "AccessSchedules", never)
		if token, err := s.Mint(t.Context(), anna, tv()); !errors.Is(err, mediaserver.ErrOutsideHours) || token.Value != "" {
			t.Errorf("token %+v and error %v, want %v and no token", token, err, mediaserver.ErrOutsideHours)
		}
	})
}

// If a call of Mint is cut off while it tries the hours of a local user, EndTrial ends the token
// that was left behind, also outside of these hours.
func TestEndTrial(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		anna := fake.AddUser("Anna", "a", false)
		fake.SetPolicy(anna, "AccessSchedules", `[{"DayOfWeek":"Everyday","StartHour":0,"EndHour":0}]`)
		fake.BreakAfter("AuthenticateWithQuickConnect", 1, jellyfintest.HangUp)
		if _, err := s.Mint(t.Context(), anna, tv()); err == nil || errors.Is(err, mediaserver.ErrOutsideHours) {
			t.Errorf("error %v, want one that says nothing of the hours", err)
		}
		if n := len(fake.Tokens(anna)); n != 1 {
			t.Fatalf("%d tokens, want the lost one", n)
		}
		for range 2 { // what has ended may be ended again
			if err := s.EndTrial(t.Context(), anna); err != nil {
				t.Fatal(err)
			}
		}
		if tokens := fake.Tokens(anna); len(tokens) != 0 {
			t.Errorf("tokens %+v, want none", tokens)
		}
	})
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(fake *jellyfintest.Server, anna string)
		want  error
	}{
		{"disabled", func(fake *jellyfintest.Server, anna string) { fake.SetPolicy(anna, "IsDisabled", "true") }, mediaserver.ErrNotAllowed},
		{"too many sessions", func(fake *jellyfintest.Server, anna string) {
			fake.SetPolicy(anna, "MaxActiveSessions", "1")
			code, _ := fake.ShowCode("Other", "other")
			fake.Approve(code, anna)
		}, mediaserver.ErrNotAllowed},
		{"device not allowed", func(fake *jellyfintest.Server, anna string) { fake.SetPolicy(anna, "EnableAllDevices", "false") }, mediaserver.ErrNotAllowed},
		{"Quick Connect off", func(fake *jellyfintest.Server, _ string) { fake.SetQuickConnect(false) }, mediaserver.ErrQuickConnectOff},
		{"Quick Connect off in between", func(fake *jellyfintest.Server, _ string) {
			fake.Before("AuthorizeQuickConnect", func() { fake.SetQuickConnect(false) })
		}, mediaserver.ErrQuickConnectOff},
		{"gone", func(fake *jellyfintest.Server, anna string) { fake.RemoveUser(anna) }, mediaserver.ErrNotFound},
		{"gone in between", func(fake *jellyfintest.Server, anna string) {
			fake.Before("AuthorizeQuickConnect", func() { fake.RemoveUser(anna) })
		}, mediaserver.ErrNotFound},
		{"key revoked", func(fake *jellyfintest.Server, _ string) { fake.RevokeKey() }, mediaserver.ErrKeyRefused},
		{"key revoked in between", func(fake *jellyfintest.Server, _ string) {
			fake.Before("AuthorizeQuickConnect", fake.RevokeKey)
		}, mediaserver.ErrKeyRefused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				anna := fake.AddUser("Anna", "a", false)
				test.spoil(fake, anna)
				before := len(fake.Tokens(anna))
				if token, err := s.Mint(t.Context(), anna, tv()); !errors.Is(err, test.want) || token.Value != "" {
					t.Errorf("error %v, want %v and no token", err, test.want)
				}
				if after := len(fake.Tokens(anna)); after != before {
					t.Errorf("%d tokens, want %d as before", after, before)
				}
			})
		})
	}
}

func TestMintAfterRestart(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"AuthorizeQuickConnect", "AuthenticateWithQuickConnect"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
				anna := fake.AddUser("Anna", "a", false)
				fake.Before(operation, fake.Restart)
				token, err := s.Mint(t.Context(), anna, tv())
				if tokens := fake.Tokens(anna); err != nil || len(tokens) != 1 || tokens[0].Value != token.Value {
					t.Errorf("tokens %v (error %v), want one", tokens, err)
				}
				// It is tried once more, but not for ever.
				forever := 0
				var again func()
				again = func() { forever++; fake.Restart(); fake.Before(operation, again) }
				fake.Before(operation, again)
				if _, err := s.Mint(t.Context(), anna, tv()); err == nil || forever != 2 {
					t.Errorf("%d tries (error %v), want 2 and an error", forever, err)
				}
			})
		})
	}
}

func TestOnlyOneHeader(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		_, _ = s.Identity(ctx)
		_, _ = s.LocalUsers(ctx)
		token, err := s.Mint(ctx, anna, tv())
		_ = s.Revoke(ctx, token.Value)
		_, _ = s.CreateGuest(ctx, "Guest", guestSecret, mediaserver.Restriction{})
		if err != nil {
			t.Fatal(err)
		}
		key := `MediaBrowser Token="` + fake.APIKey + `"`
		public := []string{"GetPublicSystemInfo", "GetQuickConnectEnabled", "AuthenticateWithQuickConnect"}
		for _, request := range fake.Requests() {
			header := request.Header.Get("Authorization")
			switch {
			case slices.Contains(public, request.Operation):
				if header != "" {
					t.Errorf("%s: header %q, want none", request.Operation, header)
				}
			case request.Operation == "InitiateQuickConnect":
				if strings.Contains(header, "Token") || strings.Contains(header, fake.APIKey) {
					t.Errorf("%s: header %q, want one without a token", request.Operation, header)
				}
			case request.Operation == "ReportSessionEnded":
				if header != `MediaBrowser Token="`+token.Value+`"` {
					t.Errorf("%s: header %q, want only the token", request.Operation, header)
				}
			case header != key:
				t.Errorf("%s: header %q, want %q", request.Operation, header, key)
			}
		}
	})
}

func TestApproveCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		ctx := t.Context()
		anna := fake.AddUser("Anna", "a", false)
		code, _ := fake.ShowCode("TV", "tv")
		if err := s.ApproveCode(ctx, code, anna); err != nil {
			t.Fatal(err)
		}
		if tokens := fake.Tokens(anna); len(tokens) != 1 || tokens[0].DeviceID != "tv" {
			t.Errorf("tokens %+v, want one of the device tv", tokens)
		}
		next, _ := fake.ShowCode("TV", "tv")
		wrong := []string{code, "000000", "", "12345", "1234567", "12 345", "abcdef", next + "&userId=x"}
		for _, text := range wrong {
			if err := s.ApproveCode(ctx, text, anna); !errors.Is(err, mediaserver.ErrCodeWrong) {
				t.Errorf("code %q: error %v, want %v", text, err, mediaserver.ErrCodeWrong)
			}
		}
		if err := s.ApproveCode(ctx, next, strings.Repeat("a", 32)); !errors.Is(err, mediaserver.ErrNotFound) {
			t.Errorf("unknown local user: error %v, want %v", err, mediaserver.ErrNotFound)
		}
		fake.SetPolicy(anna, "EnableAllDevices", "false")
		if err := s.ApproveCode(ctx, next, anna); !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("device not allowed: error %v, want %v", err, mediaserver.ErrNotAllowed)
		}
		fake.SetPolicy(anna, "IsDisabled", "true")
		if err := s.ApproveCode(ctx, next, anna); !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("disabled local user: error %v, want %v", err, mediaserver.ErrNotAllowed)
		}
		fake.SetPolicy(anna, "IsDisabled", "false")
		fake.SetClock(func() time.Time { return time.Now().Add(12 * time.Minute) })
		if err := s.ApproveCode(ctx, next, anna); !errors.Is(err, mediaserver.ErrCodeWrong) {
			t.Errorf("after twelve minutes: error %v, want %v", err, mediaserver.ErrCodeWrong)
		}
		fake.SetQuickConnect(false)
		if err := s.ApproveCode(ctx, next, anna); !errors.Is(err, mediaserver.ErrUnsupported) {
			t.Errorf("Quick Connect off: error %v, want %v", err, mediaserver.ErrUnsupported)
		}
	})
}

func TestAdministrator(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, fake *jellyfintest.Server, s *jellyfin.Server) {
		token := func(user string) string {
			code, _ := fake.ShowCode("TV", "of "+user)
			fake.Approve(code, user)
			return fake.Tokens(user)[0].Value
		}
		root, _ := fake.User("root")
		tests := []struct {
			token string
			want  bool
			err   error
		}{
			{token(root.ID), true, nil},
			{fake.APIKey, true, nil},
			{token(fake.AddUser("Anna", "a", false)), false, nil},
			{"", false, mediaserver.ErrTokenEnded},
			{"none", false, mediaserver.ErrTokenEnded},
			{`x", Token="` + fake.APIKey, false, mediaserver.ErrTokenEnded},
			{strings.Repeat("x", 5000), false, mediaserver.ErrTokenEnded},
		}
		for _, test := range tests {
			if got, err := s.Administrator(t.Context(), test.token); !errors.Is(err, test.err) || got != test.want {
				t.Errorf("administrator %v (error %v), want %v (error %v)", got, err, test.want, test.err)
			}
		}
		for _, spoil := range []http.HandlerFunc{jellyfintest.Page, jellyfintest.Garbage, jellyfintest.Null, jellyfintest.Status(500)} {
			fake.Break("GetMediaFolders", 1, spoil)
			if got, err := s.Administrator(t.Context(), token(root.ID)); err == nil || got {
				t.Errorf("bad answer: administrator %v (error %v), want false and an error", got, err)
			}
		}
	})
}

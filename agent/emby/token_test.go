package emby_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/agent/emby/embytest"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

// A device gets a token of a guest, without a password of its own; another local user's device does not.
func TestMint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *kit) {
		guest := k.guest(t, "lena")
		token, err := k.Mint(t.Context(), guest.ID, device("tv-1"))
		noError(t, err)
		if token.LocalUserID != guest.ID || !slices.Equal(k.fake.Tokens(guest.ID), []string{token.Value}) {
			t.Errorf("token %+v, tokens %v, want the one token of the guest", token, k.fake.Tokens(guest.ID))
		}
		again, err := k.Mint(t.Context(), guest.ID, device("tv-1"))
		noError(t, err)
		if !slices.Equal(k.fake.Tokens(guest.ID), []string{again.Value}) {
			t.Errorf("tokens %v, want the newer one alone", k.fake.Tokens(guest.ID))
		}
		if is, err := k.Administrator(t.Context(), again.Value); is || err != nil {
			t.Errorf("administrator: %v, %v, want false", is, err)
		}
		if is, err := k.Administrator(t.Context(), k.fake.APIKey); !is || err != nil {
			t.Errorf("the key: %v, %v, want true", is, err)
		}
		all, err := k.SignedIn(t.Context())
		noError(t, err)
		if len(all) != 1 || all[0].LocalUserID != guest.ID || all[0].DeviceID != "tv-1" || all[0].Client != "Emby for Kodi Next" {
			t.Errorf("signed in %+v, want the guest's device", all)
		}
		noError(t, k.Revoke(t.Context(), again.Value))
		noError(t, k.Revoke(t.Context(), again.Value))
		if _, err := k.Administrator(t.Context(), again.Value); !errors.Is(err, mediaserver.ErrTokenEnded) {
			t.Errorf("an ended token: %v, want ErrTokenEnded", err)
		}
		kid := k.fake.AddUser("Kid", "their own", false)
		if _, err := k.Mint(t.Context(), kid, device("tv-2")); !errors.Is(err, mediaserver.ErrUnsupported) {
			t.Errorf("a local user with their own password: %v, want ErrUnsupported", err)
		}
		if err := k.EndDevice(t.Context(), kid, "tv-2"); !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("their device: %v, want ErrNotAllowed", err)
		}
	})
}

// Why a device is refused is told.
func TestMintRefused(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	k := newKit(t, embytest.Clock(func() time.Time { return noon }))
	guest := k.guest(t, "lena")
	refused := func(what string, device mediaserver.Device, want error) {
		t.Helper()
		if _, err := k.Mint(t.Context(), guest.ID, device); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	refused("a device id that no header can have", device(`a","Token="x`), mediaserver.ErrDeviceNotAllowed)
	k.fake.SetPolicy(guest.ID, map[string]any{"EnableAllDevices": false})
	refused("another device", device("tv-1"), mediaserver.ErrDeviceNotAllowed)
	k.fake.SetPolicy(guest.ID, map[string]any{"EnableAllDevices": true, "AccessSchedules": []map[string]any{{"DayOfWeek": "Everyday", "StartHour": 18, "EndHour": 20}}})
	refused("outside of their hours", device("tv-1"), mediaserver.ErrOutsideHours)
	k.fake.SetPolicy(guest.ID, map[string]any{"AccessSchedules": []map[string]any{}})
	k.fake.SetPassword(guest.ID, "chosen in the app")
	refused("a password that was changed", device("tv-1"), mediaserver.ErrNotAllowed)
	k.manage(guest.ID, "tried", "chosen in the app")
	if _, err := k.Mint(t.Context(), guest.ID, device("tv-1")); err != nil {
		t.Errorf("with the second of two passwords: %v", err)
	}
	k.fake.SetPolicy(guest.ID, map[string]any{"IsDisabled": true})
	refused("disabled", device("tv-1"), mediaserver.ErrNotAllowed)
	k.fake.RemoveUser(guest.ID)
	refused("deleted", device("tv-1"), mediaserver.ErrNotFound)
}

// One device of a guest ends, and nothing else on it.
func TestEndDevice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *kit) {
		guest, other := k.guest(t, "lena"), k.fake.AddUser("Kid", "x", false)
		for _, id := range []string{"tv", "phone"} {
			_, err := k.Mint(t.Context(), guest.ID, device(id))
			noError(t, err)
		}
		k.fake.SignIn("Kid", "x", "tv")
		noError(t, k.EndDevice(t.Context(), guest.ID, "tv"))
		if mine, theirs := len(k.fake.Tokens(guest.ID)), len(k.fake.Tokens(other)); mine != 1 || theirs != 1 {
			t.Errorf("%d tokens of the guest and %d of the other, want one each", mine, theirs)
		}
	})
}

// A new password and disabling end every token, also if Emby itself ends none.
func TestTokensEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *kit) {
		guest, kid := k.guest(t, "lena"), k.fake.AddUser("Kid", "x", false)
		k.fake.SignIn("Kid", "x", "tablet")
		for what, act := range map[string]func() error{
			"password": func() error { return k.GivePassword(t.Context(), guest.ID, "another password") },
			"disabled": func() error { return k.SetDisabled(t.Context(), guest.ID, true) },
		} {
			noError(t, k.SetDisabled(t.Context(), guest.ID, false))
			if k.fake.SignIn("lena", k.fake.Password(guest.ID), "tv") == "" || k.fake.SignIn("lena", k.fake.Password(guest.ID), "phone") == "" {
				t.Fatalf("%s: the guest cannot sign in", what)
			}
			noError(t, act())
			if got := k.fake.Tokens(guest.ID); len(got) != 0 {
				t.Errorf("%s: tokens %v are left", what, got)
			}
		}
		if len(k.fake.Tokens(kid)) != 1 || k.fake.Password(guest.ID) != "another password" {
			t.Errorf("somebody else was signed out, or the password is %q", k.fake.Password(guest.ID))
		}
		if err := k.GivePassword(t.Context(), guest.ID, ""); !errors.Is(err, mediaserver.ErrNotAllowed) {
			t.Errorf("an empty password: %v, want ErrNotAllowed", err)
		}
	})
}

package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// a code has eight letters, in any case and with any separators.
func TestParseShortCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDFGHJK", "bcdfghjk": "BCDFGHJK", " bcdf ghjk ": "BCDFGHJK", "B-C-D-F-G-H-J-K": "BCDFGHJK", "bcdf\u2013ghjk": "BCDFGHJK",
		"ｂｃｄｆ－ＧＨＪＫ": "BCDFGHJK", "\u200eBCDF-GHJK\u200b": "BCDFGHJK", "\ufeffBCDF\u2060\u00adGHJK": "BCDFGHJK", "“BCDF-GHJK”.": "BCDFGHJK",
		"": "", "BCDF-GHJ": "", "BCDF-GHJKL": "", "BCDF-GHJA": "", "BCDF-GHJ1": "", "BCDF-GHJ\x00": "", "ßCDF-GHJK": "",
		strings.Repeat(" ", 125) + "BCDFGHJK": "", "ВСDFGHJK": "", "\xff\xfeBCDFGH": "",
	} {
		if got, ok := models.ParseShortCode(typed); got != want || ok != (want != "") {
			t.Errorf("%q became %q (%v), want %q", typed, got, ok, want)
		}
	}
}

func TestEmbyDeviceSignsInByCode(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.account()
		phone := k.signIn(person).Session
		code := k.begin("Dev-1 é")
		if typed, ok := models.ParseShortCode(code); !ok || len(code) != 9 || code[4] != '-' || code != typed[:4]+"-"+typed[4:] {
			k.t.Errorf("got the code %q, want two groups of four letters with a hyphen", code)
		}
		poll := func(deviceID, code string, want bool, wantErr error) {
			k.t.Helper()
			approved, err := k.Devices.EmbyPoll(ctx, deviceID, code)
			if wantErr != nil {
				k.is(err, wantErr)
			} else {
				k.must(err)
			}
			if approved != want {
				k.t.Errorf("approved is %v, want %v", approved, want)
			}
		}
		for range 20 { // one real client asks every second
			poll("Dev-1 é", code, false, nil)
		}
		poll("Dev-1 é", strings.ToLower(code), false, nil)
		poll("dev-1 é", code, false, models.ErrDeviceCodeExpired) // the id keeps its case
		_, err := k.Devices.EmbyExchange(ctx, "Dev-1 é", code, tv)
		k.is(err, models.ErrDeviceCodeExpired)
		asking, err := k.Devices.LookCode(ctx, phone, strings.ToLower(code), home)
		k.must(err)
		if asking.UserCode != code || asking.Client != "TV app 1.2" || asking.Address != tv.Address || !asking.AskedAt.Equal(k.Now()) {
			k.t.Errorf("got the waiting device %+v, want its code, app, address and time", asking)
		}
		k.must(k.Devices.Approve(ctx, phone, code, home))
		k.is(k.Devices.Approve(ctx, phone, code, home), models.ErrCodeWrong)
		k.is(k.Devices.Deny(ctx, phone, code, home), models.ErrCodeWrong)
		poll("Dev-1 é", code, true, nil)
		_, err = k.Devices.EmbyExchange(ctx, "other", code, tv)
		k.is(err, models.ErrDeviceCodeExpired)
		k.letters()
		in, err := k.Devices.EmbyExchange(ctx, "Dev-1 é", code, tv)
		k.must(err)
		found, err := k.Sessions.Look(ctx, in.Token)
		k.must(err)
		if found.AccountID != person.ID || found.Kind != models.SessionDevice || in.Session.Device != "TV app 1.2" || in.Session.AccountID != person.ID {
			k.t.Errorf("got the session %+v, want one of the device and the account", found)
		}
		k.letter(models.MailNewDevice, person.Email)
		_, err = k.Devices.EmbyExchange(ctx, "Dev-1 é", code, tv)
		k.is(err, models.ErrDeviceCodeExpired)
		poll("Dev-1 é", code, false, models.ErrDeviceCodeExpired)
		if k.events(person)[models.EventDeviceApproved] != 1 {
			k.t.Error("the approval is not in the history once, want one event")
		}
	})
}

// A device that still shows an old code does not count as a guesser, no matter how often it
// asks.
func TestOldCodeDoesNotCountAsAGuess(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		old := k.begin("Dev-1")
		k.clock.Advance(11 * time.Minute)
		code := k.begin("Dev-1")
		for range 20 {
			_, err := k.Devices.EmbyPoll(ctx, "Dev-1", old)
			k.is(err, models.ErrDeviceCodeExpired)
		}
		_, err := k.Devices.EmbyPoll(ctx, "Dev-1", code)
		k.must(err)
	})
}

func TestDeviceIDHasALimit(t *testing.T) {
	eachServer(t, func(k *kit) {
		for _, id := range []string{"", strings.Repeat("x", 256)} {
			_, err := k.Devices.Begin(k.t.Context(), models.DeviceAsk{DeviceID: id, Door: models.DoorEmby}, tv)
			k.isKind(err, models.KindInvalid)
		}
		id := strings.Repeat("x", 255)
		approved, err := k.Devices.EmbyPoll(k.t.Context(), id, k.begin(id))
		k.must(err)
		if approved {
			k.t.Error("the device is approved, want it still waiting")
		}
	})
}

// the pace is stored with the code, and a code opens one session only.
func TestAPIDeviceSignsInByCode(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.account()
		phone := k.signIn(person).Session
		code := k.beginAPI("dev")
		if code.Interval != 5*time.Second || code.Life != 10*time.Minute || !code.ExpiresAt.Equal(k.Now().Add(code.Life)) {
			k.t.Errorf("got the code %+v, want an interval of 5 s and a life of 10 min", code)
		}
		exchange := func(want error) {
			k.t.Helper()
			_, err := k.Devices.Exchange(ctx, code.DeviceCode, tv)
			k.is(err, want)
		}
		exchange(models.ErrAuthorizationPending)
		exchange(models.ErrSlowDown) // the interval is now ten seconds
		k.clock.Advance(9 * time.Second)
		exchange(models.ErrSlowDown) // the interval is now 15 seconds
		k.clock.Advance(15*time.Second - time.Millisecond)
		exchange(models.ErrSlowDown) // the interval is now 20 seconds
		k.clock.Advance(20 * time.Second)
		exchange(models.ErrAuthorizationPending)
		if row := k.texts("SELECT poll_every, next_poll FROM device_codes")[0]; row[0] != "20000" || row[1] != fmt.Sprint(k.Now().Add(20*time.Second).UnixMilli()) {
			k.t.Errorf("got the pace %v at %d, want an interval of 20000 ms and the next poll after it", row, k.Now().UnixMilli())
		}
		k.must(k.Devices.Approve(ctx, phone, code.UserCode, home))
		exchange(models.ErrSlowDown) // the pace holds for an approved code too
		k.clock.Advance(25 * time.Second)
		in, err := k.Devices.Exchange(ctx, code.DeviceCode, tv)
		k.must(err)
		if found, err := k.Sessions.Look(ctx, in.Token); err != nil || found.AccountID != person.ID || in.Session.Device != "Living room · TV app" {
			k.t.Errorf("got the session %+v with error %v, want one of the account and the named device", found, err)
		}
		k.clock.Advance(time.Minute)
		exchange(models.ErrDeviceCodeExpired)
		for _, text := range []string{"", "bogus", code.DeviceCode + "x", "lks" + code.DeviceCode[3:], code.UserCode} {
			_, err := k.Devices.Exchange(ctx, text, tv)
			k.is(err, models.ErrDeviceCodeExpired)
		}
		// The two protocols are separate: the code of this device is not valid in the Emby
		// protocol.
		other := k.beginAPI("dev")
		_, err = k.Devices.EmbyPoll(ctx, "dev", other.UserCode)
		k.is(err, models.ErrDeviceCodeExpired)
	})
}

func TestSlowDownEnds(t *testing.T) {
	eachServer(t, func(k *kit) {
		code := k.beginAPI("dev")
		for range 30 {
			_, _ = k.Devices.Exchange(k.t.Context(), code.DeviceCode, tv)
		}
		if every := k.texts("SELECT poll_every FROM device_codes")[0][0]; every != "60000" {
			k.t.Errorf("the interval is %s ms, want 60000 ms", every)
		}
		k.clock.Advance(time.Minute)
		_, err := k.Devices.Exchange(k.t.Context(), code.DeviceCode, tv)
		k.is(err, models.ErrAuthorizationPending)
	})
}

func TestDenyDevice(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, person := k.t.Context(), k.account()
		phone := k.signIn(person).Session
		api, emby := k.beginAPI("dev"), k.begin("dev")
		k.must(k.Devices.Deny(ctx, phone, api.UserCode, home))
		k.must(k.Devices.Deny(ctx, phone, emby, home))
		k.is(k.Devices.Approve(ctx, phone, api.UserCode, home), models.ErrCodeWrong)
		_, err := k.Devices.Exchange(ctx, api.DeviceCode, tv)
		k.is(err, models.ErrAccessDenied)
		_, err = k.Devices.EmbyPoll(ctx, "dev", emby)
		k.is(err, models.ErrDeviceCodeExpired)
		_, err = k.Devices.EmbyExchange(ctx, "dev", emby, tv)
		k.is(err, models.ErrDeviceCodeExpired)
		if k.events(person)[models.EventDeviceDenied] != 2 {
			k.t.Error("the denials are not in the history, want two events")
		}
	})
}

// a code expires after ten minutes.
func TestDeviceCodeExpires(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, phone := k.t.Context(), k.signIn(k.account()).Session
		api, emby, late := k.beginAPI("dev"), k.begin("dev"), k.begin("late")
		k.clock.Advance(10*time.Minute - time.Millisecond)
		k.must(k.Devices.Approve(ctx, phone, api.UserCode, home))
		k.must(k.Devices.Approve(ctx, phone, emby, home))
		k.clock.Advance(time.Millisecond)
		k.is(k.Devices.Approve(ctx, phone, late, home), models.ErrCodeWrong)
		_, err := k.Devices.Exchange(ctx, api.DeviceCode, tv)
		k.is(err, models.ErrDeviceCodeExpired)
		_, err = k.Devices.EmbyExchange(ctx, "dev", emby, tv)
		k.is(err, models.ErrDeviceCodeExpired)
		k.must(k.Sweep(ctx))
		if n := k.texts("SELECT COUNT(*) FROM device_codes")[0][0]; n != "0" {
			k.t.Errorf("%s codes are left, want 0", n)
		}
	})
}

// an approval is void if the account is disabled or changes its password before the
// device uses it.
func TestApprovalDiesWithTheAccount(t *testing.T) {
	for name, do := range map[string]func(k *kit, a models.Account, phone models.Session){
		"disabled": func(k *kit, a models.Account, _ models.Session) {
			k.must(k.Operators.Disable(k.t.Context(), a.Username))
		},
		"password changed": func(k *kit, _ models.Account, phone models.Session) {
			_, err := k.Accounts.ChangePassword(k.t.Context(), phone, models.ChangePassword{Current: goodPassword, Password: otherPassword}, home)
			k.must(err)
		},
		"password reset": func(k *kit, a models.Account, _ models.Session) {
			k.must(k.Recovery.ResetPassword(k.t.Context(), k.resetSecret(a), otherPassword, home))
		},
		"signed out everywhere": func(k *kit, a models.Account, _ models.Session) { k.must(k.Sessions.EndAll(k.t.Context(), a.ID, home)) },
		"other sessions ended": func(k *kit, _ models.Account, phone models.Session) {
			k.must(k.Sessions.EndOthers(k.t.Context(), phone, home))
		},
		"deleted": func(k *kit, a models.Account, _ models.Session) {
			k.must(k.Accounts.Delete(k.t.Context(), a.ID, goodPassword, home))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachServer(t, func(k *kit) {
				ctx, person := k.t.Context(), k.account()
				phone := k.signIn(person).Session
				api, emby := k.beginAPI("dev"), k.begin("dev")
				k.must(k.Devices.Approve(ctx, phone, api.UserCode, home))
				k.must(k.Devices.Approve(ctx, phone, emby, home))
				do(k, person, phone)
				for range 2 {
					_, err := k.Devices.Exchange(ctx, api.DeviceCode, tv)
					k.is(err, models.ErrDeviceCodeExpired)
					_, err = k.Devices.EmbyExchange(ctx, "dev", emby, tv)
					k.is(err, models.ErrDeviceCodeExpired)
					k.clock.Advance(time.Minute)
				}
				if name == "disabled" { // the code is spent, so enabling the account does not help
					k.must(k.Operators.Enable(ctx, person.Username))
					_, err := k.Devices.EmbyExchange(ctx, "dev", emby, tv)
					k.is(err, models.ErrDeviceCodeExpired)
				}
			})
		})
	}
}

// An id that is too long for its column is refused at sign-in too.
func TestSignInDeviceID(t *testing.T) {
	eachServer(t, func(k *kit) {
		person := k.account()
		for length, want := range map[int]error{0: nil, 255: nil, 256: models.ErrDeviceIDInvalid} {
			_, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{
				NameOrEmail: person.Username, Password: goodPassword, Kind: models.SessionDevice, DeviceID: strings.Repeat("x", length),
			}, tv)
			k.is(err, want)
		}
	})
}

// another program at the same network address is another device, whether it sends a
// device id, the name of an app or only a user agent.
func TestNewDevicePerProgram(t *testing.T) {
	eachServer(t, func(k *kit) {
		person := k.account()
		signIn := func(client, id, device string, mailed bool) {
			k.t.Helper()
			k.letters()
			_, err := k.Sessions.SignIn(k.t.Context(), models.SignIn{
				NameOrEmail: person.Username, Password: goodPassword, Kind: models.SessionDevice, Client: client, DeviceID: id,
			}, models.Caller{Address: "198.51.100.7", Device: device})
			k.must(err)
			if got := slices.Contains(kinds(k.letters(), person.Email), models.MailNewDevice); got != mailed {
				k.t.Errorf("client %q, id %q, device %q: a mail is %v, want %v", client, id, device, got, mailed)
			}
		}
		signIn("", "", "Phone", true)
		signIn("", "", "Phone", false)
		signIn("", "", "Tablet", true)
		signIn("App 1", "", "Phone", true)
		signIn("App 1", "", "Phone", false)
		signIn("App 1", "x", "Phone", true)
		signIn("App 1", "x", "Renamed", false)
		signIn("App 2", "x", "Renamed", true)
	})
}

// TestHeldExchangesAdmitOneDevice holds three exchanges of one code after the look-up,
// when all of them have read that the code is approved, and lets them go on one after
// another.
func TestHeldExchangesAdmitOneDevice(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		phone := k.signIn(k.account()).Session
		api := k.beginAPI("Dev-1")
		for _, c := range []struct{ door, deviceID, userCode, code string }{
			{models.DoorAPI, "", api.UserCode, api.DeviceCode}, {models.DoorEmby, "Dev-2", k.begin("Dev-2"), ""},
		} {
			if c.code == "" {
				c.code = c.userCode
			}
			k.must(k.Devices.Approve(ctx, phone, c.userCode, home))
			var held []func(models.Caller) (models.SignedIn, error)
			for range 3 {
				exchange, err := models.HeldExchange(ctx, k.Store, c.deviceID, c.code)
				k.must(err)
				held = append(held, exchange)
			}
			in, err := held[0](tv)
			k.must(err)
			for i, exchange := range held[1:] {
				if _, err := exchange(tv); !errors.Is(err, models.ErrDeviceCodeExpired) {
					k.t.Errorf("%s: exchange %d of one code gave error %v, want %v", c.door, i+2, err, models.ErrDeviceCodeExpired)
				}
			}
			if _, err := k.Sessions.Look(ctx, in.Token); err != nil {
				k.t.Errorf("%s: the session of the first exchange is refused with error %v, want it to live on", c.door, err)
			}
		}
	})
}

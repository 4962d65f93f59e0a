package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

const codeBody = `{"device_code":"lkd_x","user_code":"BCDF-GHJK","verification_uri":"https://id.example.org/link",` +
	`"verification_uri_complete":"https://id.example.org/link?user_code=BCDF-GHJK","expires_in":600,"interval":5}`

func TestDeviceCodeWait(t *testing.T) {
	t.Parallel()
	begun := reply{status: 201, body: codeBody}
	in := reply{status: 200, body: `{"token":"lks_y","account":` + accountBody + `}`}
	pending, slower := problem(400, "authorization_pending"), problem(400, "slow_down")
	for _, tt := range []struct {
		name    string
		replies []reply
		slept   []int // seconds
		want    error
	}{
		{"approved", []reply{pending, pending, in}, []int{5, 5, 5}, nil},
		{"slower", []reply{slower, pending, slower, in}, []int{5, 10, 10, 15}, nil},
		{"away", []reply{{}, {status: 502}, problem(503, "unavailable", "Retry-After", "45"), pending, in}, []int{5, 10, 20, 45, 5}, nil},
		{"denied", []reply{pending, problem(400, "access_denied")}, []int{5, 5}, client.ErrAccessDenied},
		{"over", []reply{problem(400, "expired_token")}, []int{5}, client.ErrDeviceCodeExpired},
		{"none of ours", []reply{{status: 200, kind: "text/html"}}, []int{5}, client.ErrBadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, append([]reply{begun}, tt.replies...)...)
			code, err := f.client(t).Devices.Begin(t.Context(), client.DeviceAsk{DeviceID: "tv"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := code.Wait(t.Context())
			if !errors.Is(err, tt.want) || tt.want == nil && got.Token != "lks_y" {
				t.Errorf("got the token %q and the error %v, want the error %v, or lks_y without one", got.Token, err, tt.want)
			}
			var slept []int
			for _, d := range f.slept() {
				slept = append(slept, int(d/time.Second))
			}
			if len(slept) != len(tt.slept) {
				t.Fatalf("waits %v, want %v", slept, tt.slept)
			}
			for i := range slept {
				if slept[i] != tt.slept[i] {
					t.Fatalf("waits %v, want %v", slept, tt.slept)
				}
			}
		})
	}
	// A service that always says "pending" does not make Wait go on for ever.
	f := newFake(t, begun, pending)
	code, err := f.client(t).Devices.Begin(t.Context(), client.DeviceAsk{DeviceID: "tv"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := code.Wait(t.Context()); !errors.Is(err, client.ErrDeviceCodeExpired) || len(f.got()) != 121 {
		t.Errorf("%v after %d requests, want the error %v, 121 requests", err, len(f.got()), client.ErrDeviceCodeExpired)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := code.Wait(ctx); !errors.Is(err, context.Canceled) || len(f.got()) != 121 {
		t.Errorf("%v after %d requests, want the error %v, 121 requests", err, len(f.got()), context.Canceled)
	}
	if _, err := new(client.DeviceCode).Wait(t.Context()); err == nil {
		t.Error("a code without a client waits without an error, want one")
	}
}

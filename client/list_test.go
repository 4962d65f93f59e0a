package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

func TestPages(t *testing.T) {
	t.Parallel()
	first := reply{status: 200, body: `{"items":[{"id":"3"},{"id":"2"}],"next":"c+1"}`}
	last := reply{status: 200, body: `{"items":[{"id":"1"}],"next":null}`}
	f := newFake(t, first, last)
	var ids []string
	for event, err := range f.client(t).Accounts.History(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(event.ID))
	}
	if got := strings.Join(ids, " "); got != "3 2 1" {
		t.Errorf("ids %s", got)
	}
	if f.got()[0].URL.RawQuery != "limit=100" || f.got()[1].URL.RawQuery != "cursor=c%2B1&limit=100" {
		t.Errorf("queries %s, %s", f.got()[0].URL.RawQuery, f.got()[1].URL.RawQuery)
	}
	// Who stops asks for no more.
	f = newFake(t, first, last)
	for range f.client(t).Invites.Sent(t.Context()) {
		break
	}
	if len(f.got()) != 1 {
		t.Errorf("%d requests", len(f.got()))
	}
	// An error ends the list, and is told.
	f = newFake(t, first, problem(401, "session_ended"))
	var found []error
	for _, err := range f.client(t).People.List(t.Context(), someID) {
		found = append(found, err)
	}
	if len(found) != 3 || found[1] != nil || !errors.Is(found[2], client.ErrSessionEnded) {
		t.Errorf("%v", found)
	}
	// A page that leads to itself does not go on for ever.
	f, found = newFake(t, first), nil
	for _, err := range f.client(t).Operators.Servers(t.Context()) {
		found = append(found, err)
	}
	if len(found) != 3 || !errors.Is(found[2], client.ErrBadAnswer) {
		t.Errorf("%v", found)
	}
	f = newFake(t, last)
	for range f.client(t).Operators.Accounts(t.Context(), "an&n") {
		continue
	}
	if f.got()[0].URL.RawQuery != "limit=100&prefix=an%26n" {
		t.Errorf("query %s", f.got()[0].URL.RawQuery)
	}
}

func TestServersIfChanged(t *testing.T) {
	t.Parallel()
	f := newFake(t, reply{status: 200, body: `{"servers":[{"id":"1"}]}`, headers: []string{"ETag", `"a"`}}, reply{status: 304})
	c := f.client(t)
	list, err := c.Servers.List(t.Context())
	if err != nil || len(list.Servers) != 1 || list.Tag != `"a"` || f.got()[0].Header["If-None-Match"] != nil {
		t.Fatalf("%+v, %v", list, err)
	}
	list, changed, err := c.Servers.ListIfChanged(t.Context(), list.Tag)
	if err != nil || changed || list.Servers != nil || f.got()[1].Header.Get("If-None-Match") != `"a"` {
		t.Errorf("%+v, %v, %v", list, changed, err)
	}
}

// A poll asks for as long as the service waits, and no longer.
func TestChanges(t *testing.T) {
	t.Parallel()
	body := `{"changes":[{"seq":8,"kind":"link_removed","at":"2026-03-04T05:06:07Z","link_id":"5","account_id":null,"device_id":null,"link":null}],"last":8}`
	f := newFake(t, reply{status: 200, body: body})
	c := f.client(t)
	for wait, want := range map[time.Duration]string{-time.Second: "0", 1999 * time.Millisecond: "1", time.Hour: "25"} {
		got, err := c.Agent.Changes(t.Context(), 7, wait)
		if err != nil || got.Last != 8 || len(got.Changes) != 1 || got.Changes[0].LinkID != "5" || got.Changes[0].Link != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		if query := f.got()[len(f.got())-1].URL.RawQuery; query != "after=7&wait="+want {
			t.Errorf("%s: %s", wait, query)
		}
	}
}

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
				t.Errorf("%+v, %v", got, err)
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
	// Nobody answers for ever.
	f := newFake(t, begun, pending)
	code, err := f.client(t).Devices.Begin(t.Context(), client.DeviceAsk{DeviceID: "tv"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := code.Wait(t.Context()); !errors.Is(err, client.ErrDeviceCodeExpired) || len(f.got()) != 121 {
		t.Errorf("%v after %d requests", err, len(f.got()))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := code.Wait(ctx); !errors.Is(err, context.Canceled) || len(f.got()) != 121 {
		t.Errorf("%v after %d requests", err, len(f.got()))
	}
	if _, err := new(client.DeviceCode).Wait(t.Context()); err == nil {
		t.Error("a code of nowhere")
	}
}

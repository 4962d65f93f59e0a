package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

func TestSiteSessions(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.Join(t, "ann")
	_, err := ann.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: "ann", Password: "not this one"})
	isError(t, err, client.ErrSignInWrong)
	tv := s.NewClient(t)
	code := must(tv.Devices.Begin(ctx, client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-1"}))(t)
	if look := must(ann.Devices.Look(ctx, code.UserCode))(t); look.DeviceName != "Living room" || look.Client != "Den TV" {
		t.Errorf("device %+v, want Living room with Den TV", look)
	}
	_, err = tv.Devices.Token(ctx, code.DeviceCode)
	isError(t, err, client.ErrAuthorizationPending)
	_, err = tv.Devices.Token(ctx, code.DeviceCode)
	isError(t, err, client.ErrSlowDown)
	isError(t, ann.Devices.Approve(ctx, "BCDF-GHJK"), client.ErrUserCodeWrong)
	noError(t, ann.Devices.Approve(ctx, code.UserCode))
	in := must(code.Wait(ctx))(t)
	tv = tv.As(in.Token)
	list := must(tv.Sessions.ListPage(ctx, client.PageAsk{}))(t).Sessions
	if len(list) != 2 || !list[0].Current || list[0].Device != "Living room · Den TV" {
		t.Errorf("sessions %+v, want two, the first of them the current one of the television", list)
	}
	code = must(tv.Devices.Begin(ctx, client.DeviceAsk{DeviceID: "tv-2"}))(t)
	noError(t, ann.Devices.Deny(ctx, code.UserCode))
	_, err = code.Wait(ctx)
	isError(t, err, client.ErrAccessDenied)
	code = must(tv.Devices.Begin(ctx, client.DeviceAsk{DeviceID: "tv-3"}))(t)
	_, err = code.Wait(ctx)
	isError(t, err, client.ErrDeviceCodeExpired)

	noError(t, ann.Sessions.End(ctx, list[0].ID))
	isError(t, ann.Sessions.End(ctx, list[0].ID), client.ErrNotFound)
	_, err = tv.Sessions.ListPage(ctx, client.PageAsk{})
	isError(t, err, client.ErrSessionEnded)
	noError(t, ann.Sessions.EndOthers(ctx))
	noError(t, ann.Sessions.SignOut(ctx))
	isError(t, ann.Sessions.SignOut(ctx), client.ErrSessionEnded)
}

// A session that moves in the list while the list is read is returned only once.
func TestSessionsAreListedOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t,
		reply{status: 200, body: `{"sessions":[{"id":"3"},{"id":"2"}],"next":"c1"}`},
		reply{status: 200, body: `{"sessions":[{"id":"1"},{"id":"3"}],"next":null}`},
	)
	var ids []string
	for session, err := range f.client(t).Sessions.List(t.Context()) {
		noError(t, err)
		ids = append(ids, string(session.ID))
	}
	if got := strings.Join(ids, " "); got != "3 2 1" {
		t.Errorf("ids %s, want 3 2 1", got)
	}
	f = newFake(t, reply{status: 200, body: `{"sessions":[{"id":"3"}],"next":"c1"}`}, problem(401, "session_ended"))
	var found []error
	for _, err := range f.client(t).Sessions.List(t.Context()) {
		found = append(found, err)
	}
	if len(found) != 2 || found[0] != nil || !errors.Is(found[1], client.ErrSessionEnded) {
		t.Errorf("got %v, want one session and then the error %v", found, client.ErrSessionEnded)
	}
}

package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

func TestSiteSessions(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.join(t, "ann")
	_, err := ann.Sessions.SignIn(ctx, client.SignIn{NameOrEmail: "ann", Password: "not this one"})
	is(t, err, client.ErrSignInWrong)
	tv := s.client(t)
	code := must(tv.Devices.Begin(ctx, client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-1"}))(t)
	if look := must(ann.Devices.Look(ctx, code.UserCode))(t); look.DeviceName != "Living room" || look.Client != "Den TV" {
		t.Errorf("%+v", look)
	}
	_, err = tv.Devices.Token(ctx, code.DeviceCode)
	is(t, err, client.ErrAuthorizationPending)
	_, err = tv.Devices.Token(ctx, code.DeviceCode)
	is(t, err, client.ErrSlowDown)
	is(t, ann.Devices.Approve(ctx, "BCDF-GHJK"), client.ErrUserCodeWrong)
	well(t, ann.Devices.Approve(ctx, code.UserCode))
	in := must(code.Wait(ctx))(t)
	tv = tv.As(in.Token)
	list := must(tv.Sessions.List(ctx))(t)
	if len(list) != 2 || !list[0].Current || list[0].Device != "Living room · Den TV" {
		t.Errorf("%+v", list)
	}
	code = must(tv.Devices.Begin(ctx, client.DeviceAsk{DeviceID: "tv-2"}))(t)
	well(t, ann.Devices.Deny(ctx, code.UserCode))
	_, err = code.Wait(ctx)
	is(t, err, client.ErrAccessDenied)
	code = must(tv.Devices.Begin(ctx, client.DeviceAsk{DeviceID: "tv-3"}))(t)
	_, err = code.Wait(ctx)
	is(t, err, client.ErrDeviceCodeExpired)

	well(t, ann.Sessions.End(ctx, list[0].ID))
	is(t, ann.Sessions.End(ctx, list[0].ID), client.ErrNotFound)
	_, err = tv.Sessions.List(ctx)
	is(t, err, client.ErrSessionEnded)
	well(t, ann.Sessions.EndOthers(ctx))
	well(t, ann.Sessions.SignOut(ctx))
	is(t, ann.Sessions.SignOut(ctx), client.ErrSessionEnded)
}

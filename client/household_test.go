package client_test

import (
	"errors"
	"testing"

	"github.com/latchkey-media/latchkey/client"
)

// wantField fails the test unless an error is about a field, with this code.
func wantField(t *testing.T, err error, field, code string) {
	t.Helper()
	wrong, _ := errors.AsType[*client.Error](err)
	if wrong == nil {
		t.Fatalf("got error %v, want one about %s", err, field)
	}
	if got, _ := wrong.Field(field); got.Code != code {
		t.Errorf("got error %v, want %s about %s", err, code, field)
	}
}

// A program on a shared device lists its people, switches to a child and back, and a grown person joins.
func TestSiteHousehold(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	kim := must(ann.Families.AddMember(ctx, client.NewMember{Username: "kim", DisplayName: "Kim"}))(t)
	noError(t, ann.PINs.Set(ctx, "8305", ""))
	home := must(ann.Households.Get(ctx))(t)
	if len(home.People) != 2 || home.Switched || !home.Own.Current || home.People[1].ID != kim.ID || !home.People[1].Member || home.People[1].HasPIN {
		t.Fatalf("got the household %+v, want ann and kim", home)
	}
	_, err := ann.Households.Switch(ctx, must(bob.Households.Get(ctx))(t).Own.ID, "")
	isError(t, err, client.ErrNotFound)
	child := s.NewClient(t, client.WithToken(must(ann.Households.Switch(ctx, kim.ID, ""))(t)))
	if got := must(child.Households.Get(ctx))(t); !got.Switched || got.Own.ID != kim.ID {
		t.Errorf("got the household %+v, want kim as a switched person", got)
	}
	_, err = child.Accounts.Get(ctx)
	isError(t, err, client.ErrSwitched)
	_, err = child.Households.Switch(ctx, home.Own.ID, "9999")
	wantField(t, err, "pin", "current_pin_wrong")
	back := s.NewClient(t, client.WithToken(must(child.Households.Switch(ctx, home.Own.ID, "8305"))(t)))
	isError(t, back.Households.LeaveOut(ctx, true), client.ErrSwitched)
	noError(t, ann.Households.LeaveOut(ctx, true))
	if got := must(ann.Households.Get(ctx))(t); !got.LeftOut || len(got.People) != 1 {
		t.Errorf("got the household %+v, want kim alone", got)
	}
	wantField(t, bob.Households.Join(ctx, "nonsense"), "session_token", "session_token_wrong")
}

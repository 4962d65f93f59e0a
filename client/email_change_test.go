package client_test

import (
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// A program that came by the link of an invite keeps its session when it confirms its address. A
// program without that session gets a token for a new password, and the session ends.
func TestConfirmKeepsTheOwnSession(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.Join(t, "ann")
	den := s.Register(t, ann, servicetest.Den())
	for _, tt := range []struct {
		name string
		own  bool
	}{{"erna", true}, {"otto", false}} {
		made := must(ann.Invites.Create(ctx, client.NewInvite{Link: true, Type: client.Guest, Servers: []client.NewInviteServer{{ServerID: den.ID}}}))(t)
		email := tt.name + "@example.net"
		in := must(s.NewClient(t).Invites.SignUp(ctx, client.InvitedSignUp{Invite: made.Link.Secret, Username: tt.name, Email: email, Password: onePassword}))(t)
		own, confirms := s.NewClient(t, client.WithToken(in.Token)), s.NewClient(t)
		if tt.own {
			confirms = own
		}
		reset := must(confirms.Emails.Confirm(ctx, s.Mailbox.Letter(t, models.MailEmailConfirm, email).Secret))(t)
		account, err := own.Accounts.Get(ctx)
		if (reset == "") != tt.own || (err == nil) != tt.own || tt.own && account.Email != email {
			t.Errorf("%s: reset token %t, account %+v, error %v; want the session to go on: %t", tt.name, reset != "", account, err, tt.own)
		}
	}
}

// A person stops invitations by mail, allows them again, and sets the time zone of mails.
func TestSiteInviteMails(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann := s.Join(t, "ann")
	for _, on := range []bool{false, true} {
		if got := must(ann.Accounts.SetInviteMails(ctx, on))(t); got.On != on {
			t.Errorf("set to %t: got %t", on, got.On)
		}
		if got := must(ann.Accounts.InviteMails(ctx))(t); got.On != on {
			t.Errorf("read: got %t, want %t", got.On, on)
		}
	}
	zone := "Europe/Berlin"
	if got := must(ann.Accounts.Change(ctx, client.Profile{TimeZone: &zone}))(t); got.TimeZone != zone {
		t.Errorf("got the zone %q, want %q", got.TimeZone, zone)
	}
	bad := "Europe/Nowhere"
	_, err := ann.Accounts.Change(ctx, client.Profile{TimeZone: &bad})
	isError(t, err, client.ErrInvalid)
}

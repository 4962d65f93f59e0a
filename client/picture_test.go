package client_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/servicetest"
)

// A program gives an account and a server pictures, finds their addresses, and removes them.
func TestSitePictures(t *testing.T) {
	t.Parallel()
	s, ctx := newSite(t), t.Context()
	ann, bob := s.Join(t, "ann"), s.Join(t, "bob")
	den := s.Register(t, ann, servicetest.Den())
	asked := must(den.Agent.AskForLink(ctx, client.AskLink{To: "bob", LocalUser: "u1", Type: client.Linked}))(t)
	file := picturetest.PNG(t, 40, 40)
	noError(t, bob.Accounts.SetPicture(ctx, file))
	noError(t, ann.Servers.SetPicture(ctx, den.ID, file))
	own := must(bob.Accounts.Get(ctx))(t).Picture
	for person := range ann.People.List(ctx, den.ID) {
		if person.Picture != "" {
			t.Errorf("the owner sees the picture %s before the person accepts, want none", person.Picture)
		}
	}
	noError(t, bob.Links.Accept(ctx, asked.ID))
	for person, err := range ann.People.List(ctx, den.ID) {
		if noError(t, err); person.Picture != own {
			t.Errorf("the owner sees the picture %q of %s, want %q", person.Picture, person.Username, own)
		}
	}
	server := must(ann.Servers.Get(ctx, den.ID))(t).Picture
	if got := must(bob.Servers.List(ctx))(t).Servers[0].Picture; got != server {
		t.Errorf("people see the picture %q of the server, want %q", got, server)
	}
	for _, address := range []string{own, server} {
		answer := must(s.Client().Get(s.URL + address))(t)
		if _ = answer.Body.Close(); answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: status %d and type %s, want a JPEG", address, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
	}
	for _, wrong := range [][]byte{nil, []byte("no picture")} {
		e, ok := errors.AsType[*client.Error](bob.Accounts.SetPicture(ctx, wrong))
		if !ok || len(e.Fields) != 1 || e.Fields[0].Field != "picture" || e.Fields[0].Code != "picture_invalid" {
			t.Errorf("%q is answered with %v, want picture_invalid", wrong, e)
		}
	}
	isError(t, bob.Servers.SetPicture(ctx, den.ID, file), client.ErrNotFound)
	isError(t, bob.Servers.RemovePicture(ctx, den.ID), client.ErrNotFound)
	noError(t, bob.Accounts.RemovePicture(ctx))
	noError(t, ann.Servers.RemovePicture(ctx, den.ID))
	if got := must(bob.Accounts.Get(ctx))(t).Picture + must(ann.Servers.Get(ctx, den.ID))(t).Picture; got != "" {
		t.Errorf("got the pictures %s, want none", got)
	}
}

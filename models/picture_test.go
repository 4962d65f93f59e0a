package models_test

import (
	"bytes"
	"image"
	_ "image/jpeg"
	"sync"
	"testing"

	"github.com/latchkey-media/latchkey/internal/picture/picturetest"
	"github.com/latchkey-media/latchkey/models"
)

// pictureSize returns the size of the picture with a token in pixels, and fails without one.
func (k *kit) pictureSize(token string) image.Point {
	k.t.Helper()
	found, err := k.Pictures.Read(k.t.Context(), token)
	k.must(err)
	shape, format, err := image.DecodeConfig(bytes.NewReader(found.Body))
	if err != nil || found.ContentType != "image/"+format {
		k.t.Errorf("got a picture of type %s that is a %q (%v), want one that is what it says", found.ContentType, format, err)
	}
	return image.Pt(shape.Width, shape.Height)
}

// An account gets a picture, then another picture, and then has no picture any more. Each has an
// address of its own, and only the last one is kept.
func TestPictureOfAccount(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a, b := k.account(), k.account()
		if got := k.get(a).Picture; got != "" {
			k.t.Errorf("a new account has the picture %q, want none", got)
		}
		k.must(k.Pictures.Set(ctx, b.ID, picturetest.PNG(k.t, 30, 10), models.Caller{}))
		k.must(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 1024, 512), models.Caller{}))
		first := k.get(a).Picture
		if got := k.pictureSize(first); got != image.Pt(512, 256) {
			k.t.Errorf("the picture has %v pixels, want 512 by 256", got)
		}
		k.must(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), models.Caller{}))
		second := k.get(a).Picture
		if got := k.pictureSize(second); second == first || got != image.Pt(2, 2) {
			k.t.Errorf("the second picture %s has %v pixels, want another address than %s and 2 by 2", second, got, first)
		}
		_, err := k.Pictures.Read(ctx, first)
		k.is(err, models.ErrNotFound)
		if n := k.events(a)[models.EventProfileChanged]; n != 2 {
			k.t.Errorf("got %d events of the profile, want 2", n)
		}
		for range 2 { // without a picture nothing changes
			k.must(k.Pictures.Remove(ctx, a.ID, models.Caller{}))
		}
		_, err = k.Pictures.Read(ctx, second)
		k.is(err, models.ErrNotFound)
		_, err = k.Pictures.Read(ctx, "")
		k.is(err, models.ErrNotFound)
		if got := k.pictureSize(k.get(b).Picture); got != image.Pt(30, 10) {
			k.t.Errorf("the picture of another account has %v pixels, want 30 by 10", got)
		}
		k.is(k.Pictures.Set(ctx, 1, picturetest.PNG(k.t, 2, 2), models.Caller{}), models.ErrNotFound)
	})
}

// A file that is not a picture changes nothing.
func TestPictureRefused(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		k.must(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), models.Caller{}))
		before := k.get(a).Picture
		for _, file := range [][]byte{nil, []byte("<svg/>"), picturetest.Bomb(), picturetest.PNG(k.t, 3, 3)[:60]} {
			k.hasField(k.Pictures.Set(ctx, a.ID, file, models.Caller{}), "picture", "picture_invalid")
		}
		if got := k.get(a).Picture; got != before {
			k.t.Errorf("got the picture %s, want %s as before", got, before)
		}
	})
}

// One account can make the service draw only a limited number of pictures in an hour.
func TestPictureLimit(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		for range 2 {
			k.must(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), models.Caller{}))
		}
		k.is(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), models.Caller{}), models.ErrThrottled)
		k.must(k.Pictures.Remove(ctx, a.ID, models.Caller{}))
	}, func(o *models.Options) { o.Limits.PictureHour.Hits = 2 })
}

// The owner gives a server a picture. Its people see it, and their lists of servers have new versions.
// People see pictures of people only where they are linked.
func TestPictureOfServer(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		owner, other, person := k.account(), k.account(), k.account()
		m := k.server(owner)
		k.ask(m, person)
		k.must(k.Pictures.Set(ctx, person.ID, picturetest.PNG(k.t, 4, 4), models.Caller{}))
		if got := k.authorizations(m)[0].Picture; got != "" {
			k.t.Errorf("the server sees the picture %s before the person accepts, want none", got)
		}
		k.link(m, other)
		token := k.signIn(other).Token
		_, before, err := k.Sessions.LookTag(ctx, token)
		k.must(err)
		file := picturetest.PNG(k.t, 20, 20)
		k.is(k.Pictures.SetOfServer(ctx, other.ID, m.ID, file), models.ErrNotFound)
		k.is(k.Pictures.RemoveOfServer(ctx, other.ID, m.ID), models.ErrNotFound)
		k.must(k.Pictures.SetOfServer(ctx, owner.ID, m.ID, file))
		picture := k.detail(owner, m).Picture
		if got := k.located(other, models.LinkAccepted)[0].Server.Picture; got != picture || k.pictureSize(got) != image.Pt(20, 20) {
			k.t.Errorf("people see the picture %q, want %q of 20 by 20 pixels", got, picture)
		}
		_, after, err := k.Sessions.LookTag(ctx, token)
		k.must(err)
		if before == after {
			k.t.Error("the list of servers has the same version, want another one")
		}
		k.must(k.Pictures.RemoveOfServer(ctx, owner.ID, m.ID))
		if got := k.detail(owner, m).Picture; got != "" {
			k.t.Errorf("the server has the picture %s, want none", got)
		}
		_, err = k.Pictures.Read(ctx, picture)
		k.is(err, models.ErrNotFound)
	})
}

// The picture of an account or a server is deleted together with the account or the server.
func TestPicturesEnd(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx := k.t.Context()
		owner := k.account()
		m := k.server(owner)
		k.must(k.Pictures.Set(ctx, owner.ID, picturetest.PNG(k.t, 3, 3), models.Caller{}))
		k.must(k.Pictures.SetOfServer(ctx, owner.ID, m.ID, picturetest.PNG(k.t, 5, 5)))
		own, server := k.get(owner).Picture, k.detail(owner, m).Picture
		exported, err := k.Accounts.Export(ctx, owner.ID, models.Caller{})
		k.must(err)
		if got := exported.Pictures; len(got) != 2 || got[0].ServerID != 0 || got[1].ServerID != m.ID || len(got[0].Body) == 0 || len(got[1].Body) == 0 {
			k.t.Errorf("the export has %d pictures, want those of the account and of the server", len(got))
		}
		k.must(k.Servers.Remove(ctx, owner.ID, m.ID, models.Caller{}))
		_, err = k.Pictures.Read(ctx, server)
		k.is(err, models.ErrNotFound)
		k.must(k.Accounts.Delete(ctx, owner.ID, goodPassword, models.Caller{}))
		_, err = k.Pictures.Read(ctx, own)
		k.is(err, models.ErrNotFound)
	})
}

// If several pictures are set at the same time, only the picture that the account names is kept.
func TestPicturesAtOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		var setting sync.WaitGroup
		failed := make(chan error, 6)
		for side := range 6 {
			setting.Go(func() { failed <- k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, side+1, side+1), models.Caller{}) })
		}
		setting.Wait()
		close(failed)
		for err := range failed {
			k.must(err)
		}
		k.pictureSize(k.get(a).Picture)
		exported, err := k.Accounts.Export(ctx, a.ID, models.Caller{})
		k.must(err)
		if got := len(exported.Pictures); got != 1 {
			k.t.Errorf("%d pictures are kept, want one", got)
		}
	})
}

// Files that are uploaded while many others are drawn are refused, and nothing is lost.
func TestPicturesWhileTheServiceIsBusy(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		a := k.account()
		release := models.DrawPictures(k.Store)
		k.is(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), models.Caller{}), models.ErrBusy)
		release()
		k.must(k.Pictures.Set(ctx, a.ID, picturetest.PNG(k.t, 2, 2), models.Caller{}))
	})
}

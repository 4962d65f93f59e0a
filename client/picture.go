package client

import (
	"context"
	"net/http"
	"time"
)

// uploadTime is the time that a file may take, in addition to the time of other requests.
const uploadTime = 30 * time.Second

// orEmpty returns the file, or a body without content for nil: the service says what is missing.
func orEmpty(file []byte) []byte {
	if file == nil {
		return []byte{}
	}
	return file
}

// SetPicture gives the account a picture: a JPEG, PNG, GIF or WebP file of at most 5 MiB and 5,000 pixels
// on each side. The service makes a smaller picture from it, and keeps nothing else of the file. It may return an
// error about the field picture, or [ErrThrottled]. [Account].Picture has its address.
func (a *Accounts) SetPicture(ctx context.Context, file []byte) error {
	return a.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/account/picture", file: orEmpty(file), want: http.StatusNoContent, longer: uploadTime,
	})
}

// RemovePicture removes the picture of the account. Without a picture nothing changes.
func (a *Accounts) RemovePicture(ctx context.Context) error {
	return a.core.done(ctx, call{method: http.MethodDelete, path: "/api/v1/account/picture", want: http.StatusNoContent, again: untilGone})
}

// SetPicture does for a server of the owner what [Accounts.SetPicture] does for the account. It may also
// return [ErrNotFound].
func (s *Servers) SetPicture(ctx context.Context, id ID, file []byte) error {
	return s.core.done(ctx, call{
		method: http.MethodPut, path: "/api/v1/servers/{id}/picture", values: []string{string(id)}, file: orEmpty(file),
		want: http.StatusNoContent, longer: uploadTime,
	})
}

// RemovePicture removes the picture of a server of the owner. Without a picture nothing changes. It may
// return [ErrNotFound].
func (s *Servers) RemovePicture(ctx context.Context, id ID) error {
	return s.core.done(ctx, call{
		method: http.MethodDelete, path: "/api/v1/servers/{id}/picture", values: []string{string(id)}, want: http.StatusNoContent, again: untilGone,
	})
}

package jellyfin

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

const (
	product = "Jellyfin"
	prefix  = "jellyfin: " // begins the text of every error of this package
)

type (
	call    = mediacall.Call
	failure = mediacall.CallError
)

// byHeader returns the headers of a call with an Authorization header.
func byHeader(authorization string) http.Header { return http.Header{"Authorization": {authorization}} }

// admin makes a call with the key.
func (s *Server) admin(ctx context.Context, c call) error {
	c.Header = byHeader(s.key)
	err := s.calls.Do(ctx, c)
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	switch f.Status {
	case http.StatusUnauthorized:
		f.Err, f.Why = mediaserver.ErrKeyRefused, mediaserver.ErrKeyRefused.Error()+
			": make a new one in Jellyfin under Dashboard, API Keys, and run the setup of the agent again"
	case http.StatusForbidden:
		f.Err, f.Why = mediaserver.ErrNotAllowed, mediaserver.ErrNotAllowed.Error()
	}
	return err
}

// implausible returns the error of an answer that has the right form but cannot be true.
func implausible(doing, why string) error {
	return &failure{Product: product, Doing: doing, Why: why, Err: mediacall.ErrAnswer}
}

package emby

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-media/latchkey/agent/mediacall"
	"github.com/latchkey-media/latchkey/agent/mediaserver"
)

const (
	product = "Emby"
	prefix  = "emby: " // begins the text of every error of this package
)

type (
	call    = mediacall.Call
	failure = mediacall.CallError
)

// refused returns a failure whose text is the text of its cause, and a reason if there is one.
func refused(doing string, cause error, reason string) error {
	why := cause.Error()
	if reason != "" {
		why += ": " + reason
	}
	return &failure{Product: product, Doing: doing, Err: cause, Why: why}
}

// byToken returns the headers of a call with a token, or with the key.
func byToken(token string) http.Header { return http.Header{"X-Emby-Token": {token}} }

// admin makes a call with the key.
func (s *Server) admin(ctx context.Context, c call) error {
	c.Header = byToken(s.key)
	err := s.calls.Do(ctx, c)
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	switch f.Status {
	case http.StatusUnauthorized:
		f.Err, f.Why = mediaserver.ErrKeyRefused, mediaserver.ErrKeyRefused.Error()+
			": make a new one in Emby's dashboard under Advanced, API Keys, and run the setup of the agent again"
	case http.StatusForbidden:
		f.Err, f.Why = mediaserver.ErrNotAllowed, mediaserver.ErrNotAllowed.Error()
	}
	return err
}

// implausible returns the error of an answer that has the right form but cannot be true.
func implausible(doing, why string) error {
	return &failure{Product: product, Doing: doing, Why: why, Err: mediacall.ErrAnswer}
}

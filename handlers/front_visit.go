package handlers

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/models"
)

// visit holds what is known about one request.
type visit struct {
	id      string     // shown in the log and on the error page
	nonce   string     // of the content security policy
	address netip.Addr // of the caller; the zero Addr when it is unknown
	side    side       // the side of the service that was asked
	pattern string     // of a route that Gin does not know; see route
	// session returns the session of the request's cookie. It looks the session
	// up once.
	session func() (models.Session, error)
}

const visitKey = "latchkey/visit"

func visitOf(c *gin.Context) *visit {
	v, ok := c.MustGet(visitKey).(*visit)
	if !ok {
		panic("handlers: begin did not run") // a mistake in engine
	}
	return v
}

// begin prepares the visit of a request. It runs before everything else.
func (s *site) begin(c *gin.Context) {
	address, _ := peer.Address(c.Request.RemoteAddr, c.Request.Header, s.TrustedProxies)
	ctx, cancel := context.WithTimeout(c.Request.Context(), timeFor(c))
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Set(visitKey, &visit{
		id:      s.random(),
		nonce:   s.random(),
		address: address,
		side:    sideOf(c.Request.URL.Path),
		session: sync.OnceValues(func() (models.Session, error) { return s.lookSession(c) }),
	})
	s.setHeaders(c)
	c.Next()
}

// An agent may wait on changesPath until something changes.
const (
	changesPath = apiPrefix + "/v1/server/changes"
	waitMost    = 25 * time.Second
)

// timeFor returns how long the request may take.
func timeFor(c *gin.Context) time.Duration {
	if c.FullPath() == changesPath {
		return waitMost + requestTime
	}
	return requestTime
}

// random returns 128 random bits as text.
func (s *site) random() string {
	var b [16]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		panic(fmt.Errorf("handlers: no randomness: %w", err)) // the program must not go on without randomness
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// lookSession returns the session of the request's cookie. It returns
// models.ErrNoSession when there is none, and then removes a cookie that is not
// valid. The token of a device opens no page, because apps do not keep it as
// safely as browsers keep a cookie.
func (s *site) lookSession(c *gin.Context) (models.Session, error) {
	token := s.cookie(c, cookieSession)
	if token == "" {
		return models.Session{}, models.ErrNoSession
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), lookTime)
	defer cancel()
	session, err := s.Store.Sessions.Look(ctx, token)
	if err == nil && session.Kind == models.SessionDevice {
		session, err = models.Session{}, models.ErrNoSession
	}
	if errors.Is(err, models.ErrNoSession) {
		s.clearCookie(c, cookieSession)
	}
	return session, err
}

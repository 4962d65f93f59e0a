package handlers

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/peer"
	"github.com/latchkey-media/latchkey/models"
)

// visit keeps the facts about one request, such as its caller and its id. The visit is the context of the request, so
// that finding it costs nothing.
type visit struct {
	context.Context //nolint:containedctx // it is this context, with one more value: itself

	id      string     // shown in the log, on the error page and in the header of errors
	named   [1]string  // the id, as a header holds it; filled only for errors
	nonce   string     // of the content security policy; "" where the side has no pages
	address netip.Addr // of the caller; the zero Addr when it is unknown
	side    side       // the side of the service that was asked
	pattern string     // of a route that Gin does not know; see route
	method  string     // of the request
	route   string     // the pattern of the route; "" for none
	found   *lookedSession
	look    func() (models.Visitor, error)
}

// lookedSession is the result of looking up the session of a request.
type lookedSession struct {
	visitor models.Visitor
	err     error
}

// visitor returns the session of the request's cookie, and the facts that pages show about
// its account. It looks both up only once. Only the goroutine of the request may call it.
func (v *visit) visitor() (*models.Visitor, error) {
	if v.found == nil {
		visitor, err := v.look()
		v.found = &lookedSession{visitor, err}
	}
	return &v.found.visitor, v.found.err
}

// session returns the session of the visitor.
func (v *visit) session() (models.Session, error) {
	visitor, err := v.visitor()
	return visitor.Session, err
}

// visitKey finds the visit in the context of a request.
type visitKey struct{}

// Value returns the visit for the key of the visit. For the key [models.OpenToSwitched] it returns whether a switched session may
// make the request. For any other key it returns the value of the context around the visit.
func (v *visit) Value(key any) any {
	if key == (visitKey{}) {
		return v
	}
	if value, known := v.switchedValue(key); known {
		return value
	}
	return v.Context.Value(key)
}

func visitOf(c *gin.Context) *visit { return visitIn(c.Request) }

func visitIn(r *http.Request) *visit {
	v, ok := r.Context().Value(visitKey{}).(*visit)
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
	v := &visit{
		Context: ctx,
		id:      s.ids.next(),
		address: address,
		method:  c.Request.Method,
		route:   c.FullPath(),
		side:    sideOf(c.Request.URL.Path),
		look:    func() (models.Visitor, error) { return s.lookVisitor(c) },
	}
	if v.side == sidePages {
		v.nonce = s.random()
	}
	c.Request = c.Request.WithContext(v)
	s.setHeaders(c.Writer.Header(), v)
	c.Next()
}

// An agent may wait on changesPath until something changes.
const (
	changesPath = apiPrefix + "/v1/server/changes"
	waitMost    = 25 * time.Second
)

// uploadTime is the time to send a picture from a slow phone.
const uploadTime = time.Minute

// setupPath is the path of the first run.
const setupPath = "/welcome"

// mailTryTime is how long a mail server may take to answer when the first run tries it.
const mailTryTime = 45 * time.Second

// timeFor returns how long the request may take.
func timeFor(c *gin.Context) time.Duration {
	switch c.FullPath() {
	case changesPath:
		return waitMost + requestTime
	case ownPicturePath, serverPicturePath, memberPicturePath,
		importPath + "/file",
		apiPrefix + "/v1" + ownPicturePath, apiPrefix + "/v1" + serverPicturePath, apiPrefix + "/v1" + memberPicturePath:
		return uploadTime
	case setupPath + "/:step":
		return mailTryTime
	default:
		return requestTime
	}
}

// lastLonger gives the connection the deadlines of the request, for a request that may take longer than
// others: see timeFor. After the request has been read, a client that leaves must still be noticed.
func (s *site) lastLonger(c *gin.Context) {
	deadline, ok := c.Request.Context().Deadline()
	if !ok {
		return
	}
	connection := http.NewResponseController(c.Writer)
	// An error does not matter: only connections in tests cannot have deadlines.
	_ = connection.SetReadDeadline(deadline)
	_ = connection.SetWriteDeadline(deadline.Add(writeTime - requestTime))
}

// random returns 128 random bits as text.
func (s *site) random() string {
	var b [16]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		panic(fmt.Errorf("handlers: no randomness: %w", err)) // the program must not go on without randomness
	}
	return bitsText(b)
}

// bitsText writes 128 bits as text of 22 characters.
func bitsText(bits [16]byte) string {
	var text [22]byte
	base64.RawURLEncoding.Encode(text[:], bits[:])
	return string(text[:])
}

// requestIDs makes the ids of requests. It reads a seed from the source of randomness once,
// because a read for each request would cost more than the id itself. It is safe for many
// goroutines.
type requestIDs struct {
	mu     sync.Mutex
	random *rand.ChaCha8 // strong, so that an id says nothing about the ids of others
}

// newRequestIDs returns ids with a seed from random.
func newRequestIDs(random io.Reader) (*requestIDs, error) {
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return nil, fmt.Errorf("no randomness: %w", err)
	}
	return &requestIDs{random: rand.NewChaCha8(seed)}, nil
}

// next returns a new id: 128 random bits as text.
func (r *requestIDs) next() string {
	var b [16]byte
	r.mu.Lock()
	binary.LittleEndian.PutUint64(b[:8], r.random.Uint64())
	binary.LittleEndian.PutUint64(b[8:], r.random.Uint64())
	r.mu.Unlock()
	return bitsText(b)
}

// lookVisitor returns the visitor of the request's cookie. If there is no session, it
// returns models.ErrNoSession, and removes a cookie that is not valid. The token of a
// device opens no page, because apps do not keep it as safely as browsers keep a cookie.
func (s *site) lookVisitor(c *gin.Context) (models.Visitor, error) {
	token := s.cookie(c, cookieSession)
	if token == "" {
		return models.Visitor{}, models.ErrNoSession
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), lookTime)
	defer cancel()
	visitor, err := s.Store.Sessions.LookVisitor(ctx, token)
	if err == nil && visitor.Kind == models.SessionDevice {
		visitor, err = models.Visitor{}, models.ErrNoSession
	}
	if errors.Is(err, models.ErrNoSession) {
		s.clearCookie(c, cookieSession)
	}
	return visitor, err
}

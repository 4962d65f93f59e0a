package servicetest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Intercept answers a request in place of the service. next is the service: call it to let the
// request through, or to get an answer and change it.
type Intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Intercept lets f answer the requests that [Options.FaultsFor] names, until Up is called. Requests
// of this kind that have already arrived are cut off, also the requests that wait for changes.
// Connections without a request stay open: if they were closed, a client could send its next
// request on one before it notices that.
func (s *Service) Intercept(f Intercept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = f
	for one := range s.flights {
		one.cut = true
		one.leave()
	}
}

// flight is a request that has arrived and has not been answered.
type flight struct {
	leave context.CancelFunc // ends its context, as if the client had left
	cut   bool               // whether it gets no answer; the lock of the service guards the field
}

// Down makes every request fail without an answer, until Up is called.
func (s *Service) Down() {
	s.Intercept(func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
}

// Idle reports whether no request is under way. After Down, wait for it before you close the Store: a request that was cut
// off may still use the database, and would keep its file open.
func (s *Service) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flights) == 0
}

// Hold makes every answer wait until release is called.
func (s *Service) Hold() (release func()) {
	held := make(chan struct{})
	release = sync.OnceFunc(func() { close(held) })
	s.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case <-held:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	})
	return release
}

// Up ends the fault that Intercept, Down or Hold began. Requests that have already arrived go on.
func (s *Service) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = nil
}

// serve passes a request to the service, or to the fault in front of it.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	ctx, leave := context.WithCancel(r.Context())
	defer leave()
	one := &flight{leave: leave}
	hit := strings.HasPrefix(r.UserAgent(), s.options.FaultsFor)
	s.mu.Lock()
	intercept, next := s.intercept, s.handler
	if hit {
		s.flights[one] = true
	}
	s.mu.Unlock()
	defer s.land(one)
	if r = r.WithContext(ctx); intercept == nil || !hit {
		next.ServeHTTP(w, r)
		return
	}
	intercept(w, r, next)
}

// land ends a flight. If the request was cut off, its connection ends without an answer.
func (s *Service) land(one *flight) {
	s.mu.Lock()
	delete(s.flights, one)
	cut := one.cut
	s.mu.Unlock()
	if cut {
		panic(http.ErrAbortHandler)
	}
}

// Hang sends no answer for as long as the client waits, and never returns. It is for an
// [Intercept].
func Hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // without this, the server does not notice that the client has left
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

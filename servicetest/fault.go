package servicetest

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// Intercept answers a request in place of the service. next is the service: call
// it to let the request through, or to get an answer to change.
type Intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Intercept puts f in front of the service, for the requests that
// [Options.FaultsFor] names, until Up is called. Requests on their way are cut off,
// among them those that wait for changes.
func (s *Service) Intercept(f Intercept) {
	s.setIntercept(f)
	s.CloseClientConnections()
	s.Client().CloseIdleConnections() // so that no request of a test takes a connection that has just ended
	if shared, ok := http.DefaultTransport.(*http.Transport); ok {
		shared.CloseIdleConnections()
	}
}

// Down makes every request fail without an answer, until Up is called.
func (s *Service) Down() {
	s.Intercept(func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
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

// Up ends the fault that Intercept, Down or Hold began. Requests on their way go on.
func (s *Service) Up() { s.setIntercept(nil) }

func (s *Service) setIntercept(f Intercept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = f
}

// serve passes a request to the service, or to the fault in front of it.
func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	intercept, next := s.intercept, s.handler
	s.mu.Unlock()
	if intercept == nil || !strings.HasPrefix(r.UserAgent(), s.options.FaultsFor) {
		next.ServeHTTP(w, r)
		return
	}
	intercept(w, r, next)
}

// Hang is for an [Intercept]: it sends no answer for as long as the client waits, and
// never returns.
func Hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // without this, nobody notices that the client has left
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

package jellyfintest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// badDay spoils the answers of an operation.
type badDay struct {
	operation string // "" for all
	times     int    // that are left; below 0 without end
	done      bool   // what was asked is done all the same
	spoil     http.HandlerFunc
}

// Forever is how often something goes wrong that does so until [Server.Mend].
const Forever = -1

// Break spoils the next answers of an operation, or of all when it is "": nothing is
// done of what they ask.
func (s *Server) Break(operation string, times int, spoil http.HandlerFunc) {
	s.locked(func() {
		s.days = append(s.days, &badDay{operation: operation, times: times, spoil: spoil})
	})
}

// BreakAfter is [Server.Break], but what is asked is done: only the answer is lost.
func (s *Server) BreakAfter(operation string, times int, spoil http.HandlerFunc) {
	s.locked(func() {
		s.days = append(s.days, &badDay{operation: operation, times: times, done: true, spoil: spoil})
	})
}

// Mend ends all bad days.
func (s *Server) Mend() {
	s.locked(func() { s.days = nil })
}

// spoiled spoils an answer, when that is due.
func (s *Server) spoiled(w http.ResponseWriter, r *http.Request, operation, path string, serve func(http.ResponseWriter)) bool {
	var day *badDay
	s.locked(func() {
		for _, d := range s.days {
			if d.times != 0 && (d.operation == "" || d.operation == operation || d.operation == path) {
				d.times--
				day = d
				return
			}
		}
	})
	if day == nil {
		return false
	}
	if day.done {
		serve(httptest.NewRecorder())
	}
	day.spoil(w, r)
	return true
}

// Garbage answers bytes that mean nothing, as JSON.
func Garbage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, "\x00\xff{]secret-body")
}

// Half answers JSON that breaks off.
func Half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `{"Id":"secret-body","Items":[{"Id":`)
}

// Null answers the JSON null.
func Null(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `null`)
}

// Other answers JSON of another shape.
func Other(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `[["secret-body"],{"Id":7}]`)
}

// Page answers a page of the web, as a sign-in page before the server would.
func Page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<!doctype html><title>secret-body</title>")
}

// Huge answers more than anybody should read.
func Huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `"`)
	for range 1 << 10 {
		if _, err := io.WriteString(w, strings.Repeat("x", 64<<10)); err != nil {
			return
		}
	}
}

// Slow answers only when the caller has gone.
func Slow(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// HangUp closes the connection without an answer.
func HangUp(w http.ResponseWriter, _ *http.Request) {
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			_ = connection.Close()
		}
	}
}

// Redirect answers with a redirect.
func Redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// Status answers with a status and a text.
func Status(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "secret-body")
	}
}

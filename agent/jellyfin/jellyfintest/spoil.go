package jellyfintest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// spoil replaces answers of an operation by bad answers.
type spoil struct {
	operation string // "" for all operations
	times     int    // answers that are left to spoil; below 0 for all
	done      bool   // the request is carried out before its answer is spoiled
	answer    http.HandlerFunc
}

// Forever is the number of times for answers that are spoiled until [Server.Mend].
const Forever = -1

// Break spoils the next answers of an operation, or of all operations if the operation is
// "". The requests are not carried out.
func (s *Server) Break(operation string, times int, answer http.HandlerFunc) {
	s.locked(func() {
		s.spoils = append(s.spoils, &spoil{operation: operation, times: times, answer: answer})
	})
}

// BreakAfter does the same as [Server.Break], but the requests are carried out: only their
// answers are replaced.
func (s *Server) BreakAfter(operation string, times int, answer http.HandlerFunc) {
	s.locked(func() {
		s.spoils = append(s.spoils, &spoil{operation: operation, times: times, done: true, answer: answer})
	})
}

// Mend ends the effects of [Server.Break] and [Server.BreakAfter].
func (s *Server) Mend() {
	s.locked(func() { s.spoils = nil })
}

// spoiled answers a request with a bad answer, if one is due. It reports whether it has
// answered.
func (s *Server) spoiled(w http.ResponseWriter, r *http.Request, operation, path string, serve func(http.ResponseWriter)) bool {
	var due *spoil
	s.locked(func() {
		for _, one := range s.spoils {
			if one.times != 0 && (one.operation == "" || one.operation == operation || one.operation == path) {
				one.times--
				due = one
				return
			}
		}
	})
	if due == nil {
		return false
	}
	if due.done {
		serve(httptest.NewRecorder())
	}
	due.answer(w, r)
	return true
}

// Garbage answers with random bytes, as if they were JSON.
func Garbage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, "\x00\xff{]secret-body")
}

// Half answers with JSON that ends in the middle.
func Half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `{"Id":"secret-body","Items":[{"Id":`)
}

// Null answers with the JSON null.
func Null(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `null`)
}

// Other answers with JSON of another shape.
func Other(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `[["secret-body"],{"Id":7}]`)
}

// Page answers with a web page, such as the sign-in page of a proxy in front of the
// server.
func Page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<!doctype html><title>secret-body</title>")
}

// Huge answers with 64 MiB.
func Huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonKind)
	_, _ = io.WriteString(w, `"`)
	for range 1 << 10 {
		if _, err := io.WriteString(w, strings.Repeat("x", 64<<10)); err != nil {
			return
		}
	}
}

// Slow answers only after the caller has gone away.
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

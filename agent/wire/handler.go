package wire

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// Handler serves routes. Every answer can be read by web clients of any origin, every
// OPTIONS request is answered with 200, and no answer is a redirect (docs/emby-connect.md
// §4.5).
func (k *Kit) Handler(routes *embywire.Routes) http.Handler {
	return http.HandlerFunc(func(original http.ResponseWriter, r *http.Request) {
		w := &watched{ResponseWriter: original}
		embywire.AllowAll(w.Header(), embywire.LocalHeaders)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		handler, r, allowed, found := routes.Find(r)
		defer k.logAccess(w, r)
		defer k.recoverPanic(w, r)
		switch {
		case r.Method == http.MethodOptions:
			w.WriteHeader(http.StatusOK)
		case found:
			handler.ServeHTTP(w, r)
		case len(allowed) > 0:
			w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
			k.answerError(w, r, Refuse(http.StatusMethodNotAllowed, "This cannot be done here."))
		default:
			k.answerError(w, r, Refuse(http.StatusNotFound, "There is nothing here."))
		}
	})
}

// answerError answers with plain text and never with JSON, because some clients fail on
// JSON (docs/emby-connect.md §1.3).
func (k *Kit) answerError(w http.ResponseWriter, r *http.Request, err error) {
	refused, ok := errors.AsType[*httperr.RefusalError](err)
	switch status := httperr.Status(err); {
	case ok:
	case status == http.StatusRequestEntityTooLarge:
		refused = &httperr.RefusalError{Status: status, Text: "The request is too large."}
	default:
		// Log counts equal errors instead of writing a line for each, because one fault,
		// such as a media server that is away, makes the requests of all clients fail.
		k.troubles.Log(r, err.Error(), err, slog.String("method", method(r.Method)), slog.String("route", embywire.Pattern(r)))
		refused = &httperr.RefusalError{Status: status, Text: "Error processing request."}
		if r.Context().Err() != nil { // the client is gone, and what was begun for it came to nothing
			refused.Status = http.StatusServiceUnavailable
		}
	}
	if written(w) {
		return
	}
	httperr.SetRetryAfter(w.Header(), refused.After, time.Second)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(refused.Status)
	if _, err := io.WriteString(w, refused.Text); err != nil {
		return // the client is gone
	}
}

// recoverPanic answers a request whose handler panicked. It logs only the type of the
// thrown value, because the value itself may contain text that somebody sent.
func (k *Kit) recoverPanic(w http.ResponseWriter, r *http.Request) {
	thrown := recover()
	if thrown == nil {
		return
	}
	if err, ok := thrown.(error); ok && err == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
		panic(thrown)
	}
	k.Log.ErrorContext(r.Context(), "panic", slog.String("method", method(r.Method)), slog.String("route", embywire.Pattern(r)),
		slog.String("type", fmt.Sprintf("%T", thrown)), slog.String("stack", string(debug.Stack())))
	k.answerError(w, r, Refuse(http.StatusInternalServerError, "Error processing request."))
}

// logAccess logs a request. It names the route, never the path, the query or a header,
// because these may contain a secret.
func (k *Kit) logAccess(w *watched, r *http.Request) {
	address, _ := peer.Address(r.RemoteAddr, r.Header, k.TrustedProxies)
	k.Log.DebugContext(r.Context(), "request", slog.String("method", method(r.Method)), slog.String("route", embywire.Pattern(r)),
		slog.Int("status", w.status), slog.Int64("bytes", w.bytes), slog.String("address", address.String()))
}

// method returns the method for the log. It returns "other" for a word that is not a method of
// HTTP, because a stranger may have chosen it.
func method(m string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}, m) {
		return m
	}
	return "other"
}

// watched is an [http.ResponseWriter] that notes the status and the size of the answer.
type watched struct {
	http.ResponseWriter

	status int
	bytes  int64
}

// Unwrap gives [http.ResponseController] the writer below this one.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status.
func (w *watched) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the answer.
func (w *watched) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(body)
	w.bytes += int64(n)
	return n, err //nolint:wrapcheck // the error is the wrapped writer's own
}

func written(w http.ResponseWriter) bool {
	watching, ok := w.(*watched)
	return ok && watching.status != 0
}

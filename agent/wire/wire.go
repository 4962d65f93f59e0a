// Package wire is the HTTP of the agent's local side. It reads the requests that clients of
// Emby's kind send to a media server, passes them to handlers that return errors, and
// answers as such clients expect (docs/emby-connect.md §4). It makes no decisions.
package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/httperr"
	"github.com/latchkey-media/latchkey/internal/peer"
)

// Request is a request with its decoded parameters and its caller.
type Request struct {
	*http.Request
	Params   embywire.Params
	Identity embywire.Identity
	Address  netip.Addr // of the caller, also behind trusted proxies; the zero Addr when it is unknown
	Local    bool       // the caller is certainly at home: Address is private, link-local or loopback
}

// PathValue returns the part of the path that stands for a name in braces, in the
// letter case of the request.
func (r *Request) PathValue(name string) string { return embywire.PathValue(r.Request, name) }

// ErrorCode is the header that says why a request was refused, and ParentalControl its value when a person
// or an hour has shut the way in (docs/emby-connect.md §4.1). Apps keep their access key then.
const (
	ErrorCode       = "X-Application-Error-Code"
	ParentalControl = "ParentalControl"
)

// HandlerFunc answers a request, or returns an error before it has written anything. An
// error of [Refuse] is answered with its text. Any other error is an internal error: it is
// logged and not shown.
type HandlerFunc func(w http.ResponseWriter, r *Request) error

// Options hold the settings of a [Kit].
type Options struct {
	TrustedProxies []netip.Prefix // proxies whose X-Forwarded-For is believed
	Log            *slog.Logger
	MaxBody        int64 // greatest size of parameters, in bytes; 0 means 1 MiB
}

// maxRawBody is the greatest body, in bytes, that a handler of [Kit.HandleRaw]
// can read. It leaves room for a picture in base64.
const maxRawBody = 16 << 20

// Kit makes handlers for clients of Emby's kind.
type Kit struct {
	Options
	troubles *httperr.Troubles
}

// NewKit returns a Kit with the settings o.
func NewKit(o Options) *Kit {
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	return &Kit{Options: o, troubles: httperr.NewTroubles(o.Log)}
}

// Handle returns a handler for requests with parameters in the query or the body.
func (k *Kit) Handle(f HandlerFunc) http.Handler {
	return k.handle(f, func(r *http.Request) (embywire.Params, error) {
		return embywire.Read(r, embywire.Options{MaxBody: k.MaxBody, Lists: true})
	})
}

// HandleRaw returns a handler for requests with parameters in the query alone. The handler
// f may read the body itself, at most 16 MiB of it.
func (k *Kit) HandleRaw(f HandlerFunc) http.Handler {
	return k.handle(f, func(r *http.Request) (embywire.Params, error) {
		return embywire.ReadQuery(r), nil
	})
}

func (k *Kit) handle(f HandlerFunc, read func(*http.Request) (embywire.Params, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		params, err := read(r)
		switch {
		case errors.Is(err, embywire.ErrTooLarge):
			k.answerError(w, r, Refuse(http.StatusRequestEntityTooLarge, "The request is too large."))
			return
		case err != nil:
			k.answerError(w, r, Refuse(http.StatusBadRequest, "The request could not be read."))
			return
		}
		address, local := peer.Address(r.RemoteAddr, r.Header, k.TrustedProxies)
		identity := embywire.ReadIdentity(r.Header, params)
		if len(identity.DeviceID) > embywire.DeviceIDMax {
			k.answerError(w, r, Refuse(http.StatusBadRequest, fmt.Sprintf("The device id is too long: at most %d bytes.", embywire.DeviceIDMax)))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRawBody)
		if err := f(w, &Request{Request: r, Params: params, Identity: identity, Address: address, Local: local}); err != nil {
			k.answerError(w, r, err)
		}
	})
}

// Refuse returns an error that is answered with a status and a text for people.
// It is not logged.
func Refuse(status int, text string) error { return &httperr.RefusalError{Status: status, Text: text} }

// RefuseFor returns the same error as [Refuse], but the answer also tells the client when
// to try again.
func RefuseFor(after time.Duration, status int, text string) error {
	return &httperr.RefusalError{Status: status, Text: text, After: after}
}

// AnswerJSON answers with value as JSON.
func AnswerJSON(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("wire: write the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		return nil //nolint:nilerr // the client is gone
	}
	return nil
}

// Package http3 stands in for HTTP/3, which Latchkey does not serve: a reverse proxy does. See docs/adr/0047.
package http3

import (
	"errors"
	"net/http"
)

// ListenAndServeQUIC returns an error.
func ListenAndServeQUIC(_, _, _ string, _ http.Handler) error {
	return errors.New("http3: this program has no HTTP/3")
}

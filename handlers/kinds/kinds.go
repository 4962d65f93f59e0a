// Package kinds says which HTTP status a kind of error has. It has one table for pages and the API,
// and the differences of the Emby Connect wire.
package kinds

import (
	"net/http"

	"github.com/latchkey-media/latchkey/models"
)

// Status returns the HTTP status of a kind of error on pages and in the API.
func Status(k models.Kind) int {
	switch k {
	case models.KindInvalid:
		return http.StatusUnprocessableEntity
	case models.KindNotFound:
		return http.StatusNotFound
	case models.KindConflict:
		return http.StatusConflict
	case models.KindUnauthenticated:
		return http.StatusUnauthorized
	case models.KindForbidden:
		return http.StatusForbidden
	case models.KindExpired:
		return http.StatusGone
	case models.KindThrottled:
		return http.StatusTooManyRequests
	case models.KindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// WireStatus returns the HTTP status of a kind of error on the Emby Connect wire. It is the
// status that [Status] returns, except for two statuses that the clients of the wire do not
// know.
func WireStatus(k models.Kind) int {
	switch k {
	case models.KindInvalid:
		return http.StatusBadRequest
	case models.KindExpired:
		return http.StatusNotFound
	default:
		return Status(k)
	}
}

// Package httperr has what every way from an error to an HTTP answer needs: the error that is an
// answer itself, the status of errors of HTTP, the line in the log and the header Retry-After.
package httperr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// RefusalError is an error that is sent to the client as it is. It is not logged, because nothing went
// wrong in the service.
type RefusalError struct {
	Status int
	Code   string        // stable, for programs and for the catalogue of texts; may be ""
	Text   string        // for people; may be ""
	After  time.Duration // to wait before the next try; 0 for no advice
}

func (r *RefusalError) Error() string {
	return fmt.Sprintf("refused: %d %s%s", r.Status, r.Code, r.Text)
}

// Status returns the status for a [*RefusalError] and for errors of HTTP itself: 413 for a body that is
// too large, 503 for a request that took too long or that the client gave up. It returns 500 for all
// other errors.
func Status(err error) int {
	if r, ok := errors.AsType[*RefusalError](err); ok {
		return r.Status
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// SetRetryAfter tells the client how long to wait, rounded up to a multiple of step: a large step does
// not show how a limit was reached. It returns the rounded wait. If wait is 0, it sets nothing and
// returns 0.
func SetRetryAfter(header http.Header, wait, step time.Duration) time.Duration {
	if wait <= 0 {
		return 0
	}
	rounded := wait - 1 - (wait-1)%step + step
	header.Set("Retry-After", strconv.FormatInt(int64(rounded/time.Second), 10))
	return rounded
}

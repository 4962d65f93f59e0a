package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-media/latchkey/internal/backoff"
)

// again says whether a request may be sent once more when nobody knows whether the service has
// carried it out.
type again uint8

const (
	never     again = iota // sending it twice could do harm
	always                 // sending it twice is the same as sending it once
	untilGone              // like always; if a repetition answers 404, the first try has succeeded
)

const (
	firstWait   = 250 * time.Millisecond
	longestWait = 8 * time.Second
)

// waitAfter returns how long to wait after a try that failed, and whether to try again at all.
func (c *core) waitAfter(ctx context.Context, k call, try int, failed error) (time.Duration, bool) {
	if k.again == never || try >= c.tries || ctx.Err() != nil || errors.Is(failed, ErrBadAnswer) {
		return 0, false
	}
	wait := backoff.Wait(c.random, firstWait, longestWait, try)
	if e, ok := errors.AsType[*Error](failed); ok {
		if !passes(e.Status) || e.RetryAfter > c.patience {
			return 0, false
		}
		wait = max(wait, e.RetryAfter)
	}
	return wait, true
}

// passes reports whether a later try may succeed after an answer with this status.
func passes(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// mayHaveArrived reports whether the service may have carried out a request whose try failed with
// this error.
func mayHaveArrived(failed error) bool {
	e, ok := errors.AsType[*Error](failed)
	return !ok || e.Status >= http.StatusInternalServerError
}
